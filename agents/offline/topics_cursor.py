"""What pages with a cursor promise."""

from agents.offline.topics import Check, Topic, Words
from agents.offline.topics_fields import route


def cursor_pages(w: Words) -> Topic:
    """Every item once, in order, whatever is added meanwhile; a cursor of nobody's is refused."""
    t = w.thing
    login = w.login("list")
    walk = [
        *w.start(),
        f"made = [{w.below()} for _ in range(3)]",
        f'answer = client.get({w.collection}, params={{"limit": 2}}{login})',
        "assert answer.status_code == 200, answer.text",
        "body = answer.json()",
        'assert len(body["items"]) == 2',
        'assert body["next_cursor"]',
        f'every = [row["id"] for row in {w.listed("limit=2")}]',
        'assert all(one["id"] in every for one in made)',
        "assert len(every) == len(set(every))",
        f"assert every == sorted(every, reverse={t.listing.descending})",
    ]
    grown = [
        *w.start(),
        f"made = [{w.below()} for _ in range(2)]",
        f'body = client.get({w.collection}, params={{"limit": 1}}{login}).json()',
        f"later = {w.below()}",
        'query = {"limit": 100, "cursor": body["next_cursor"]}',
        f"answer = client.get({w.collection}, params=query{login})",
        "assert answer.status_code == 200, answer.text",
        'ids = [row["id"] for row in answer.json()["items"]]',
        'assert body["items"][0]["id"] not in ids',
        f'assert (later["id"] in ids) is {not t.listing.descending} or answer.json()["next_cursor"]',
        "assert made",
    ]
    wrong = [
        *w.start(),
        'for cursor in ("nonsense", "MA==", "OTk5OTk5OTk5OTk5"):',
        f'    answer = client.get({w.collection}, params={{"cursor": cursor}}{login})',
        "    assert answer.status_code == 422, answer.text",
    ]
    first = "newest" if t.listing.descending else "oldest"
    return Topic(
        t.plural,
        f"GET {route(w)} comes in pages of `limit`, {first} first; `cursor` takes the `next_cursor` of the page "
        "before, which is null on the last page.",
        (
            Check(
                f"test_pages_of_{t.plural}_have_every_one_once", "following the cursor finds each once.", tuple(walk)
            ),
            Check(f"test_a_page_of_{t.plural}_goes_on_where_the_last_ended", "also when more come.", tuple(grown)),
            Check(f"test_{t.plural}_refuse_a_cursor_of_nobody", "any other cursor answers 422.", tuple(wrong)),
        ),
    )
