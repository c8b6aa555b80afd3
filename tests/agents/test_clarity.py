"""Open points in free words, and requests that tests of the repository deny."""

import pytest

from agents.clarity import against_tests, open_points
from agents.contracts import Request
from agents.errors import Contradiction
from agents.offline.grammar import read
from agents.offline.planner import OfflinePlanner
from agents.open_requests import open_requests
from agents.planner import ModelPlanner
from agents.profile_reader import read_profile
from agents.roles import Brief
from tests.e2e import notes
from tests.support import model_server as served
from tests.support.desk import desk_with, desks
from tests.support.model_server import ModelServer
from tests.support.sources import Tree

APP = notes.APP
OPEN_TEST = """from fastapi.testclient import TestClient

from main import app

client = TestClient(app)


def test_a_note_is_made():
    assert client.post("/notes", json={"text": "x"}).status_code == 201
"""
CLOSED_TEST = OPEN_TEST.replace("status_code == 201", "status_code == 401")
WITH_TOKEN = OPEN_TEST.replace('json={"text": "x"}', 'json={"text": "x"}, headers={"X": "y"}')


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Add books", 'No fields of "books"'),
        ("Add notes with a text that only their author can read", "whose it is"),
        ("Users can log in and write notes with a text", "what each may read and change"),
        ("Users can upload a picture for their profile", "how large"),
        ("Let people search products with name and price", "how many items"),
        ("Anybody can read notes with text. Reading notes requires login", "same operations"),
    ],
)
def test_open_points(text: str, says: str) -> None:
    assert any(says in point for point in open_points(text)), open_points(text)


@pytest.mark.parametrize(
    "text",
    [
        "Add books with title and author",
        "Add books: title, author. List books 20 per page",
        "Add notes with a text. Require login to create notes; users see only their own notes",
        "Users can upload a picture of at most 2 MB for their own profile",
    ],
)
def test_a_clear_request_has_none(text: str) -> None:
    assert open_points(text) == ()


def brief_on(test: str, text: str) -> Brief:
    return Brief(
        request=Request(text=text), desk=desk_with({"main.py": APP, "app/main.py": "", "tests/test_notes.py": test})
    )


@pytest.mark.parametrize(
    ("test", "denied"), [(OPEN_TEST, True), (CLOSED_TEST, False), (WITH_TOKEN, False), ("", False)]
)
def test_what_is_closed_although_a_test_uses_it(test: str, denied: bool) -> None:
    source = Tree({"main.py": APP, "tests/test_notes.py": test})
    profile = read_profile(source)
    spec = read("Require login to create notes", profile).spec
    found = against_tests(spec, profile, source)
    assert bool(found) is denied
    if denied:
        assert "POST /notes" in found and "tests/test_notes.py:9 (test_a_note_is_made)" in found
    assert against_tests(read("Require login to list notes", profile).spec, profile, source) == ""


MERGED = """
import httpx


def rows(client: httpx.Client, path: str, headers: dict | None = None, /, **query: object) -> list[dict]:
    return client.get(path, params=query, headers=headers).json()


def make_note(client: httpx.Client, **changes: object) -> dict:
    return client.post("/notes", json={"text": "x"} | changes).json()


def login(client: httpx.Client) -> dict[str, str]:
    return {"Authorization": "Bearer " + client.post("/auth/token").json()["access_token"]}


def test_notes_are_listed(client: httpx.Client) -> None:
    assert make_note(client) in rows(client, "/notes")


def test_notes_are_listed_for_a_user(client: httpx.Client) -> None:
    assert rows(client, "/notes", login(client), page=1)


def test_listing_needs_a_login(client: httpx.Client) -> None:
    assert client.get("/notes").status_code == 401


def test_a_note_is_made(client: httpx.Client) -> None:
    assert make_note(client)["text"] == "x"
"""
CONFTEST = """
import pytest


@pytest.fixture
def client(connection):
    \"\"\"Without login.\"\"\"
    connection.cookies.clear()
    return connection
"""


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (("", ""), {"test_notes_are_listed"}),
        (("connection.cookies.clear()", "connection.headers.update(login(connection))"), set()),
        (("fixture\ndef client(connection)", "fixture(autouse=True)\ndef client(token)"), set()),
        (("import pytest", "from main import app\n\napp.dependency_overrides[user] = dict"), set()),
    ],
)
def test_tests_of_an_earlier_run_are_read_through_their_helpers(changes: tuple[str, str], found: set[str]) -> None:
    source = Tree({"tests/acceptance/conftest.py": CONFTEST.replace(*changes), "tests/acceptance/test_n.py": MERGED})
    assert {one.test for one in open_requests(source) if one.what == "GET /notes"} == found


def test_a_contradiction_names_the_tests_the_sentence_and_the_way_out() -> None:
    files = {"main.py": APP, "tests/acceptance/conftest.py": CONFTEST, "tests/acceptance/test_n.py": MERGED}
    source = Tree(files)
    profile = read_profile(source)
    text = "Notes are for staff. Require login to create notes."
    spec = read("Require login to create notes", profile).spec
    told = against_tests(spec, profile, source, Request(text=text))
    assert '"Require login to create notes" closes POST /notes' in told
    assert "tests/acceptance/test_n.py:18 (test_notes_are_listed) and 1 more test of the repository" in told
    assert "work: test_a_note_is_made." in told and "change or remove those tests" in told
    allowed = against_tests(spec, profile, source, Request(text=text, allow_breaking=True))
    assert allowed.startswith(told) and "--allow-breaking" in allowed


async def test_the_rules_end_with_the_contradiction() -> None:
    planner = OfflinePlanner(read_profile)
    with pytest.raises(Contradiction, match=r"closes POST /notes .*test_a_note_is_made"):
        await planner.plan(brief_on(OPEN_TEST, "Require login to create notes"))
    plan = await planner.plan(brief_on(CLOSED_TEST, "Require login to create notes"))
    assert plan.criteria


async def test_a_model_is_told_what_is_open() -> None:
    with ModelServer([served.as_json(notes.PLAN)]) as server:
        await ModelPlanner(desks(server)).plan(brief_on("", "Add books"))
        assert 'No fields of "books" are named.' in server.requests[0].everything
        await ModelPlanner(desks(server)).plan(brief_on("", "Add books with title"))
        assert "Open in the request" not in server.requests[1].everything
