"""What an index says of a name, asked over real HTTP of one that answers in every way an index can."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import index
from sandbox.build_network import BuildNetwork, Index
from sandbox.index import Answer, Asker
from tests.support.index_server import HTML, JSON, IndexServer, Reply

UPLOADED = "2020-05-01T12:00:00.5Z"


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as server:
        server.add("acme-tools", uploaded=UPLOADED)
        yield server


def ask(server: IndexServer, cache: Path, *names: str, within: float = 30, **how: object) -> list[Answer]:
    one = Index(server.url, own=False)
    answers = Asker(BuildNetwork(**how), cache).ask([(one, name) for name in names], within)
    return [answers[one, name] for name in names]


def test_both_forms_of_the_api(server: IndexServer, tmp_path: Path) -> None:
    host = (f"127.0.0.1:{server.port}",)
    [json_answer, gone] = ask(server, tmp_path / "1", "Acme.Tools", "never-heard-of")
    assert json_answer == Answer(True, "", pytest.approx(1588334400.5), host)
    assert gone == Answer(False)
    server.form = HTML
    [html_answer, gone] = ask(server, tmp_path / "2", "acme_tools", "never-heard-of")
    assert html_answer == Answer(True, "", None, host)
    assert gone == Answer(False)
    assert "GET /simple/acme-tools/" in server.asked


def test_where_the_files_are_and_where_the_index_sends_a_client_on_to(server: IndexServer, tmp_path: Path) -> None:
    with IndexServer() as files, IndexServer() as further:
        server.add("acme-tools", files_at=files.origin)
        name = next(iter(server.projects["acme-tools"].files))
        files.replies[f"/files/acme-tools/{name}"] = Reply(302, headers={"Location": f"{further.origin}/blob"})
        [answer] = ask(server, tmp_path, "acme-tools")
    assert set(answer.hosts) == {f"127.0.0.1:{files.port}", f"127.0.0.1:{further.port}"}


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        (Reply(500), "500"),
        (Reply(403), "403"),
        (Reply(body=b"{", headers={"Content-Type": JSON}), "cannot be read"),
        (Reply(body=b'{"meta": {"api-version": "9.0"}}', headers={"Content-Type": JSON}), "cannot be read"),
        (Reply(body=b"GIF89a", headers={"Content-Type": "image/gif"}), "image/gif"),
        (Reply(body=b"hello"), "no type"),
        (Reply(body=b"<html>" * 100, headers={"Content-Type": HTML}, act="cut"), "cannot be reached"),
        (Reply(302, headers={"Location": "/simple/odd/"}), "circles"),
        (Reply(302, headers={"Location": "http://127.0.0.1:9/"}), "cannot be reached"),
    ],
    ids=["500", "403", "half-json", "other-version", "picture", "untyped", "cut", "circle", "leads-nowhere"],
)
def test_what_is_no_answer(server: IndexServer, tmp_path: Path, reply: Reply, trouble: str) -> None:
    server.replies["/simple/odd/"] = reply
    [answer] = ask(server, tmp_path, "odd")
    assert answer.found is None and trouble in answer.trouble
    assert list(tmp_path.glob("*")) == [], "only certain answers are kept"


@pytest.mark.parametrize("act", ["hang", "drip"])
def test_an_index_that_never_finishes_costs_no_more_than_the_time_given(
    server: IndexServer, tmp_path: Path, act: str
) -> None:
    server.replies["/simple/slow/"] = Reply(headers={"Content-Type": JSON}, act=act)
    begun = time.monotonic()
    [slow, quick] = ask(server, tmp_path, "slow", "acme-tools", within=1.2)
    assert time.monotonic() - begun < 4
    assert slow == Answer(None, "no answer within 1.2 s")
    assert quick.found


def test_a_page_without_end_is_not_read_to_it(
    server: IndexServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "LARGEST", 3 << 20)
    server.replies["/simple/huge/"] = Reply(headers={"Content-Type": JSON}, act="flood")
    [answer] = ask(server, tmp_path, "huge")
    assert answer == Answer(None, "its page is larger than 3 MiB")


def test_nobody_there(tmp_path: Path) -> None:
    with IndexServer() as gone:
        pass
    assert ask(gone, tmp_path, "pytest") == [Answer(None, "it cannot be reached")]


def test_a_redirect_is_followed(server: IndexServer, tmp_path: Path) -> None:
    server.replies["/simple/old-name/"] = Reply(301, headers={"Location": "/simple/acme-tools/"})
    [answer] = ask(server, tmp_path, "old-name")
    assert answer.found


def test_certain_answers_are_kept_for_a_while(server: IndexServer, tmp_path: Path) -> None:
    moment = [1000.0]
    one = Index(server.url, own=False)
    asker = Asker(BuildNetwork(), tmp_path, now=lambda: moment[0])
    questions = [(one, "acme-tools"), (one, "nothing")]
    first = asker.ask(questions)
    asked = len(server.asked)
    assert asker.ask(questions) == first and len(server.asked) == asked
    moment[0] += index.FRESH_S[False] + 1
    server.add("nothing")
    assert [answer.found for answer in asker.ask(questions).values()] == [True, True]
    assert server.asked[asked:][0] == "GET /simple/nothing/" and "GET /simple/acme-tools/" not in server.asked[asked:]
    moment[0] -= 5000
    asked = len(server.asked)
    asker.ask(questions)
    assert len(server.asked) > asked, "a clock that was set back keeps nothing for ever"
    for path in tmp_path.glob("*.json"):
        path.write_text("[]")
    assert all(answer.found for answer in asker.ask(questions).values())


def test_credentials_are_used_and_neither_said_nor_kept(server: IndexServer, tmp_path: Path) -> None:
    secret = Index(server.url.replace("//", "//me:s3cr%40t@"), own=True)
    answers = Asker(BuildNetwork(), tmp_path).ask([(secret, "acme-tools")])
    assert answers[secret, "acme-tools"].found
    assert [headers["Authorization"] for headers in server.headers] == ["Basic bWU6czNjckB0"] * 2
    assert secret.name == server.url
    kept = "".join(f"{path} {path.read_text()}" for path in tmp_path.glob("*"))
    assert "s3cr" not in kept and "s3cr" not in str([answer.trouble for answer in answers.values()])


def test_the_users_proxy_is_used_and_the_environments_is_not(
    server: IndexServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    there = Index("http://index.invalid/simple/", own=False)
    server.replies["http://index.invalid/simple/acme-tools/"] = server._reply("/simple/acme-tools/")
    asker = Asker(BuildNetwork(proxies={"http": server.origin}), tmp_path)
    assert asker.ask([(there, "acme-tools")])[there, "acme-tools"].found
    assert server.asked[0] == "GET http://index.invalid/simple/acme-tools/"
    assert ask(server, tmp_path, "acme-tools", proxies={"http": "http://127.0.0.1:9"})[0].found, (
        "this machine is exempt"
    )
    exempted = Asker(BuildNetwork(proxies={"http": server.origin, "no": ".invalid"}), tmp_path / "none")
    assert exempted.ask([(there, "acme-tools")])[there, "acme-tools"].found is None
