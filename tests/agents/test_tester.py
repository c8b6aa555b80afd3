"""The tester on a scripted model: tests that can be trusted to fail, and judgement of failures."""

from typing import Any

import pytest

from agents.calls import MemoryJournal
from agents.desk import MemoryDesk
from agents.errors import BadAnswer, Contradiction
from agents.suite import cases_of, file_problems
from agents.tester import ModelTester
from sandbox.reports import TestResult
from tests.support import model_server as served
from tests.support.desk import PLAN, brief, desk_with, desks
from tests.support.model_server import ModelServer

PATH = "tests/acceptance/test_books.py"
GOOD = '''import httpx


def test_create(client, unique):
    """C1: creating a book answers 201."""
    answer = client.post("/books", json={"title": unique()})
    assert answer.status_code == 201


def test_health(client):
    """C2: the service is up."""
    assert client.get("/health").status_code == 200
'''
DONE = served.call("finish", summary="tests")


def write(content: str, path: str = PATH) -> served.Answer:
    return served.call("write_file", path=path, content=content)


async def test_tests_are_written_and_mapped_to_criteria() -> None:
    at = desk_with()
    with ModelServer([write(GOOD), DONE]) as server:
        suite = await ModelTester(desks(server)).write_tests(brief(desk=at), PLAN)
        names = {tool["function"]["name"] for tool in server.requests[0].body["tools"]}
    assert [f.path for f in suite.files] == [PATH] and suite.files[0].content.endswith(GOOD)
    assert [(c.node_id, c.criteria, c.guard) for c in suite.cases] == [
        (f"{PATH}::test_create", ("C1",), False),
        (f"{PATH}::test_health", ("C2",), True),
    ]
    assert PATH not in at.files(), "the graph writes the files, not the tester"
    assert "run_tests" not in names


async def test_unusable_tests_are_sent_back() -> None:
    lazy = GOOD.replace("C1: c", "C").replace("import httpx", "from app.main import app")
    with ModelServer([write(lazy), DONE, write(GOOD), DONE]) as server:
        suite = await ModelTester(desks(server)).write_tests(brief(), PLAN)
        told = server.requests[2].last
    assert len(suite.cases) == 2
    assert "must begin with the criteria" in told and "imports app.main" in told and "No test proves C1" in told


@pytest.mark.parametrize("answers", [[write("x = 1\n"), DONE], [DONE], [served.reply("Here are some ideas.")]])
async def test_tests_that_stay_unusable_end_named(answers: list[served.Answer]) -> None:
    with ModelServer(answers) as server:
        with pytest.raises(BadAnswer, match="no usable tests"):
            await ModelTester(desks(server)).write_tests(brief(), PLAN)
        assert len(server.requests) < 15


@pytest.mark.parametrize("path", ["app/main.py", "tests/test_main.py", "tests/acceptance/conftest.py", "pytest.ini"])
async def test_the_tester_writes_only_its_own_tests(path: str) -> None:
    at = desk_with()
    with ModelServer([write("x = 1\n", path), write(GOOD), DONE]) as server:
        suite = await ModelTester(desks(server)).write_tests(brief(desk=at), PLAN)
        assert "protected" in server.requests[1].last
    assert [f.path for f in suite.files] == [PATH]


async def test_a_rewrite_keeps_the_files_of_the_first_try() -> None:
    journal = MemoryJournal()
    other = "tests/acceptance/test_health.py"
    first, second = GOOD.split("def test_health")
    answers = [write(first), write(f"def test_health{second}", other), DONE]
    with ModelServer(answers) as server:
        suite = await ModelTester(desks(server, journal)).write_tests(brief(), PLAN)
    at = desk_with({file.path: file.content for file in suite.files})
    edit = served.call("edit_file", path=PATH, old="unique()", new='unique() + "x"')
    with ModelServer([edit, DONE]) as server:
        rewriting = brief(desk=at, step="tests-1", feedback="test_create was not red")
        again = await ModelTester(desks(server, journal)).write_tests(rewriting, PLAN)
        assert f"for this plan before: {PATH}, {other}" in server.requests[0].messages[0]["content"]
    assert [f.path for f in again.files] == [PATH, other]
    assert 'unique() + "x"' in again.files[0].content and again.cases == suite.cases


async def test_a_file_given_up_in_a_rewrite_leaves_the_tree() -> None:
    with ModelServer([write(GOOD), DONE]) as server:
        suite = await ModelTester(desks(server)).write_tests(brief(), PLAN)
    at = desk_with({PATH: suite.files[0].content})
    new = "tests/acceptance/test_new.py"
    with ModelServer([served.call("delete_file", path=PATH), write(GOOD, new), DONE]) as server:
        again = await ModelTester(desks(server)).write_tests(brief(desk=at), PLAN)
    assert [f.path for f in again.files] == [new] and PATH not in at.files()


async def test_a_resume_asks_nothing_twice() -> None:
    journal = MemoryJournal()
    with ModelServer([write("x = 1\n"), DONE, write(GOOD), DONE]) as server:
        first = await ModelTester(desks(server, journal)).write_tests(brief(), PLAN)
        assert len(server.requests) == 4
        again = await ModelTester(desks(server, journal)).write_tests(brief(), PLAN)
        assert len(server.requests) == 4
    assert again == first


async def test_criteria_that_exclude_each_other_need_a_person() -> None:
    report = served.call("report_contradiction", reason="C1 wants 201 and C2 wants 200 for the same call.")
    with ModelServer([report]) as server, pytest.raises(Contradiction, match="C1 wants 201"):
        await ModelTester(desks(server)).write_tests(brief(), PLAN)


FAILED = TestResult(node_id=f"{PATH}::test_create[a]", outcome="failed", message="assert 404 == 201")


def failing() -> dict[str, Any]:
    return {"desk": desk_with({PATH: GOOD}), "failures": (FAILED,), "step": "triage-1"}


async def test_triage_reads_the_test_and_names_the_fault() -> None:
    blame = {"fault": "test", "reason": "Nothing says 201.", "tests": [f"{PATH}::test_create"]}
    with ModelServer([served.as_json(blame)]) as server:
        found = await ModelTester(desks(server)).triage(brief(**failing()), PLAN)
        assert (
            "creating a book answers 201" in server.requests[0].last and "assert 404 == 201" in server.requests[0].last
        )
    assert (found.fault, found.tests) == ("test", (f"{PATH}::test_create",))


async def test_triage_blames_only_tests_that_fail() -> None:
    wrong = {"fault": "test", "reason": "x", "tests": ["tests/test_main.py::test_it"]}
    right = {"fault": "code", "reason": "The route is missing.", "tests": [f"{PATH}::test_create"]}
    with ModelServer([served.as_json(wrong), served.as_json(right)]) as server:
        found = await ModelTester(desks(server)).triage(brief(**failing()), PLAN)
        assert f"must name failing tests: {PATH}::test_create" in server.requests[1].last
    assert (found.fault, found.tests) == ("code", ())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("def broken(:\n", "no valid Python"),
        (GOOD.replace("assert answer.status_code == 201", "pass"), "asserts nothing"),
        (GOOD.replace("answer.status_code == 201", "True"), "asserts nothing"),
        (GOOD.replace("C1:", "C9:"), "no criterion C9"),
        (GOOD + GOOD, "defined twice"),
        (GOOD.replace("def test_h", "@pytest.mark.skip\ndef test_h"), "every test has to run"),
        ("import sqlite3, requests\n" + GOOD, "imports requests"),
        ("from . import helpers\n" + GOOD, "imports ."),
    ],
)
def test_what_makes_a_test_file_unusable(content: str, says: str) -> None:
    assert any(says in line for line in file_problems(PATH, content, PLAN))
    assert file_problems(PATH, GOOD, PLAN) == []


def test_tests_in_classes_are_found_and_helpers_are_not() -> None:
    content = (
        'class TestBooks:\n    def test_a(self, client):\n        """C1, C2: both."""\n\n    def helper(self): ...\n'
    )
    [case] = cases_of(PATH, content, PLAN)
    assert (case.node_id, case.criteria, case.guard) == (f"{PATH}::TestBooks::test_a", ("C1", "C2"), False)


def test_the_desk_of_these_tests_is_the_real_one() -> None:
    assert isinstance(desk_with(), MemoryDesk)
