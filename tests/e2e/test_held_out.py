"""A builder that writes for the tests it can read is sent back by those it never saw, and is not told what they ask."""

from pathlib import Path

import pytest

from agents.contracts import Plan, TestFile, TestSuite
from agents.heldout import seed_of, visible_suite
from agents.suite import cases_of, plan_mark
from tests.e2e import notes
from tests.e2e.conftest import Greenloop, git
from tests.e2e.test_model_path import planned, run, steps
from tests.support import model_server as served
from tests.support.model_server import ModelServer
from workflows.held import REST

pytestmark = [pytest.mark.docker, pytest.mark.e2e]

WORDS = ("milk", "bread", "salt", "honey", "plums", "cress")
PATH = "tests/acceptance/test_notes.py"
PLAN = Plan.model_validate({k: v for k, v in notes.PLAN.items() if k != "contradiction"})
TESTS = "import httpx\n" + "".join(
    f'''

def test_keeping_{word}(client: httpx.Client) -> None:
    """C{1 + n % 2}: a note is kept and listed."""
    made = client.post("/notes", json={{"text": "{word}"}})
    assert made.status_code == 201
    assert made.json() in client.get("/notes").json()
'''
    for n, word in enumerate(WORDS)
)


def held_words() -> list[str]:
    """What the held-out tests keep: the same choice the run makes."""
    text = f"{plan_mark(PLAN)}\n{TESTS}"
    suite = TestSuite(files=(TestFile(path=PATH, content=text),), cases=cases_of(PATH, text, PLAN))
    return [case.node_id.rpartition("_")[2] for case in visible_suite(suite, seed_of(PLAN))[1]]


def cheat() -> str:
    """Right for exactly what can be read in the visible tests."""
    known = sorted(set(WORDS) - set(held_words()))
    refusal = f"    if note.text not in {known}:\n        raise RuntimeError('never asked for')\n"
    return notes.APP.replace("    made = Note(", f"{refusal}    made = Note(")


def test_written_for_the_visible_tests_is_sent_back_and_the_rest_stays_secret(
    greenloop: Greenloop, tmp_path: Path
) -> None:
    held = held_words()
    assert len(held) == 2
    repo = tmp_path / "repo"
    script = served.by_role(
        planner=planned(),
        tester=notes.write_tests(TESTS),
        builder=[*notes.build(cheat()), *notes.build(notes.APP)],
        triage=[served.as_json({"fault": "code", "reason": f"a note with the text {held[0]} is refused"})],
    )
    with ModelServer(script) as server:
        done = run(greenloop, server, repo)
    assert done.code == 0, done.text
    assert [s for s in steps(greenloop) if s.startswith(("check", "verdict"))] == [
        "check-1-1", "verdict-1-1", "check-2-1", "verdict-2-1",
    ]  # fmt: skip
    builder = [r.everything for r in server.requests if "You are a FastAPI engineer" in r.everything]
    assert any("held-out check of C" in text for text in builder)
    shown = "\n".join(builder).replace(cheat(), "")
    assert not any(word in shown for word in held), "the builder was told what a held-out check asks"
    branch = str(greenloop.last()["branch"])
    subjects = git(repo, "log", "--format=%s", branch).splitlines()
    assert subjects[0] == REST
    assert subjects.count(REST) == 1
    delivered = git(repo, "show", f"{branch}:{PATH}")
    assert all(word in delivered for word in WORDS)
    report = (greenloop.record() / "report.md").read_text()
    assert "2 of 2 tests that the builder never saw passed" in report
    assert report.count("(held out)") == 2


def test_it_can_be_switched_off(greenloop: Greenloop, tmp_path: Path) -> None:
    script = served.by_role(planner=planned(), tester=notes.write_tests(TESTS), builder=notes.build(notes.APP))
    with ModelServer(script) as server:
        done = run(greenloop, server, tmp_path / "repo", GREENLOOP_HELD_OUT="false")
    assert done.code == 0, done.text
    assert "held-out" not in (greenloop.record() / "report.md").read_text()
