from datetime import timedelta

import pytest

from tickets import clock

LEGAL = {("open", "doing"), ("open", "closed"), ("doing", "open"), ("doing", "done"), ("done", "open"), ("done", "closed")}
WAY = {"open": [], "doing": ["doing"], "done": ["doing", "done"], "closed": ["closed"]}


@pytest.fixture
def zoe(login):
    return login("zoe")


@pytest.fixture
def yan(login):
    return login("yan")


def project(client, headers, name="p"):
    return f"/projects/{client.post('/projects', json={'name': name}, headers=headers).json()['id']}"


def add(client, headers, url, title="t", **more):
    return client.post(f"{url}/tickets", json={"title": title, **more}, headers=headers)


def titles(client, headers, url, **params):
    return [one["title"] for one in client.get(f"{url}/tickets", params=params, headers=headers).json()["items"]]


def test_strangers(client, zoe, yan):
    mine, theirs = project(client, zoe, "a"), project(client, yan, "b")
    one = add(client, zoe, mine).json()["id"]
    for method, path, body in [
        ("GET", "/tickets", None), ("POST", "/tickets", {"title": "x"}), ("GET", "/summary", None), ("POST", "/members", {"name": "yan"}),
        ("GET", f"/tickets/{one}", None), ("PATCH", f"/tickets/{one}", {"title": "y"}), ("POST", f"/tickets/{one}/status", {"status": "doing"}),
        ("POST", f"/tickets/{one}/comments", {"text": "y"}), ("DELETE", f"/tickets/{one}", None),
    ]:
        assert client.request(method, mine + path, json=body, headers=yan).status_code == 404, path
        assert client.request(method, mine + path, json=body).status_code == 401, path
        if str(one) in path.split("/"):
            assert client.request(method, theirs + path, json=body, headers=yan).status_code == 404, path
    assert client.get(f"{mine}/tickets/{one}", headers=zoe).json()["title"] == "t"
    assert [one["name"] for one in client.get("/projects", headers=yan).json()] == ["b"]
    assert client.get("/projects/77/tickets", headers=zoe).status_code == 404


@pytest.mark.parametrize(("form", "code"), [("BEARER {}", 200), ("bEarer {}", 200), ("Bearer  {}", 200), ("{}", 401), ("Bearer", 401), ("Token {}", 401), ("Bearer x{}", 401)])
def test_schemes(client, zoe, form, code):
    token = zoe["Authorization"].split()[1]
    assert client.get("/projects", headers={"Authorization": form.format(token)}).status_code == code


@pytest.mark.parametrize("old", WAY)
@pytest.mark.parametrize("new", WAY)
def test_every_change_of_status(client, zoe, old, new):
    url = project(client, zoe)
    own = f"{url}/tickets/{add(client, zoe, url).json()['id']}"
    for status in WAY[old]:
        client.post(f"{own}/status", json={"status": status}, headers=zoe)
    response = client.post(f"{own}/status", json={"status": new}, headers=zoe)
    assert response.status_code == (200 if (old, new) in LEGAL else 409)
    found = client.get(own, headers=zoe).json()
    assert found["status"] == (new if (old, new) in LEGAL else old)
    was_done = old == "done" and (new != "open")
    assert (found["done_at"] is not None) == (was_done or (old, new) == ("doing", "done"))


def test_patch_touches_only_what_was_sent(client, zoe, yan):
    url = project(client, zoe)
    client.post(f"{url}/members", json={"name": "yan"}, headers=zoe)
    before = add(client, zoe, url, "t", text="x", due="2027-01-05T00:00:00+01:00").json()
    own = f"{url}/tickets/{before['id']}"
    assert before["due"] == "2027-01-04T23:00:00Z"
    for change in ({"assignee": "yan"}, {"text": ""}, {"due": None}, {"title": "u"}, {}):
        after = client.patch(own, json=change, headers=yan).json()
        assert after == {**before, **change}
        before = after
    assert client.patch(own, json={"title": ""}, headers=zoe).status_code == 422
    assert client.patch(own, json={"assignee": "who"}, headers=zoe).status_code == 422
    assert {k: v for k, v in client.get(own, headers=zoe).json().items() if k != "comments"} == before


def test_due_without_a_zone(client, zoe):
    url = project(client, zoe)
    assert add(client, zoe, url, due="2026-12-31T23:30:00").status_code == 422
    assert add(client, zoe, url, due="2026-12-31T23:31:00").json()["due"] == "2026-12-31T23:31:00Z"
    assert add(client, zoe, url, due="2027-01-01T00:00:00+01:00").status_code == 422
    assert add(client, zoe, url, due="2026-12-31T23:00:00-01:00").status_code == 201


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 20])
def test_pages(client, zoe, limit):
    url, other = project(client, zoe), project(client, zoe, "other")
    for number in range(6):
        add(client, zoe, url, f"t{number}")
        add(client, zoe, other, f"o{number}")
    seen, after, pages = [], 0, 0
    while after is not None and pages < 9:
        page = client.get(f"{url}/tickets", params={"limit": limit, "after": after}, headers=zoe).json()
        seen += [one["title"] for one in page["items"]]
        after, pages = page["next"], pages + 1
    assert seen == [f"t{n}" for n in range(6)]
    assert pages == -(-6 // limit)


def test_late_and_filters(client, zoe, monkeypatch):
    url = project(client, zoe)
    for days, way in enumerate(WAY.values(), start=1):
        due = (clock.now() + timedelta(days=days)).isoformat()
        one = add(client, zoe, url, f"d{days}", due=due).json()["id"]
        for status in way:
            client.post(f"{url}/tickets/{one}/status", json={"status": status}, headers=zoe)
    add(client, zoe, url, "none")
    client.patch(f"{url}/tickets/{one}", json={"assignee": "zoe"}, headers=zoe)
    assert titles(client, zoe, url, status="open") == ["d1", "none"]
    assert titles(client, zoe, url, assignee="zoe") == ["d4"]
    assert titles(client, zoe, url, assignee="zoe", status="open") == []
    assert client.get(f"{url}/summary", headers=zoe).json() == {"open": 2, "doing": 1, "done": 1, "closed": 1}
    start = clock.now()
    for days, late in ((1, []), (1.5, ["d1"]), (2, ["d1"]), (9, ["d1", "d2"])):
        monkeypatch.setattr(clock, "now", lambda days=days: start + timedelta(days=days))
        assert titles(client, zoe, url, late=True) == late
    assert client.get(f"{project(client, zoe)}/summary", headers=zoe).json() == dict.fromkeys(WAY, 0)


def test_comments_of_everybody(client, zoe, yan):
    url = project(client, zoe)
    client.post(f"{url}/members", json={"name": "yan"}, headers=zoe)
    one, two = (f"{url}/tickets/{add(client, zoe, url).json()['id']}" for _ in range(2))
    assert client.get(one, headers=yan).json()["comments"] == []
    for headers, own, text in ((zoe, one, "a"), (yan, two, "b"), (yan, one, "c")):
        assert client.post(f"{own}/comments", json={"text": text}, headers=headers).status_code == 201
    assert client.get(one, headers=zoe).json()["comments"] == [{"author": "zoe", "text": "a"}, {"author": "yan", "text": "c"}]
    assert client.delete(one, headers=yan).status_code == 403
    assert client.delete(one, headers=zoe).status_code == 204
    assert client.get(two, headers=yan).json()["comments"] == [{"author": "yan", "text": "b"}]
    assert client.delete(one, headers=zoe).status_code == 404
