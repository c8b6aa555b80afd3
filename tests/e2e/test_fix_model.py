"""Bugs repaired by a model: scripted over real HTTP, everything else is real. The search by rule is switched off."""

import json
from pathlib import Path

import pytest

from tests.e2e import bugs
from tests.e2e.conftest import Done, Greenloop, git
from tests.support import model_server as served
from tests.support.model_server import Answer, Asked, ModelServer
from workflows.endings import MEANING, Ending

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
KEY = "key-of-the-scripted-server"
FIRST, SECOND, THIRD = "first comes into being", "assumption that does not hold", "Compare with code"


def fix(greenloop: Greenloop, server: ModelServer, repo: Path, *more: str, **env: str) -> Done:
    return greenloop(
        "fix", "--repo", str(repo), "--base-url", server.url, "--engine", "scripted", *more,
        **{"OPENAI_API_KEY": KEY, "GREENLOOP_RETRY_S": "5", "GREENLOOP_REPAIR_S": "0", **env},
    )  # fmt: skip


class Builders:
    """A script for each builder by words of its prompt, each answered in order; other roles by name."""

    def __init__(self, by_words: dict[str, list[Answer]], **roles: list[Answer]) -> None:
        self.left = {words: list(answers) for words, answers in by_words.items()}
        self.others = served.by_role(**roles) if roles else None

    def __call__(self, asked: Asked) -> Answer:
        if not asked.everything.startswith(served.OPENINGS["builder"]):
            assert self.others is not None, asked.everything[:80]
            return self.others(asked)
        words = next(w for w in self.left if w in asked.everything)
        answers = self.left[words]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def report(greenloop: Greenloop) -> str:
    return (greenloop.record() / "report.md").read_text()


def kept(greenloop: Greenloop, name: str) -> dict[str, object]:
    return json.loads((greenloop.record() / "reports" / f"{name}.json").read_text())


def test_the_best_of_three_patches_made_side_by_side(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = bugs.committed(tmp_path / "repo", bugs.service(bugs.SHOWS))
    script = Builders(
        {
            FIRST: bugs.patch(bugs.WORSE, "Begin at nothing"),
            SECOND: bugs.patch(bugs.REPAIRED),
            THIRD: bugs.patch(bugs.NO_OTHER, "Answer 400"),
        }
    )
    with ModelServer(script) as server:
        done = fix(greenloop, server, repo, "--test", bugs.SHOWN, "--candidates", "3")
        prompts = [asked.everything for asked in server.requests]
    assert done.code == 0, done.text
    branch = str(greenloop.last()["branch"])
    assert git(repo, "show", f"{branch}:main.py").strip() == bugs.REPAIRED.strip()
    assert len(kept(greenloop, "patches")["tried"]) == 3  # type: ignore[arg-type]
    told = report(greenloop)
    assert "Alternatives rejected" in told
    assert 'patch "Begin at nothing": 1 tests fail' in told
    assert all("[1, 2]" in prompt for prompt in prompts), "the failing output is not in the briefing"


def test_wrong_wrong_right(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = bugs.committed(tmp_path / "repo", bugs.service(bugs.SHOWS))
    builds = [*bugs.patch(bugs.WORSE, "One"), *bugs.patch(bugs.NO_OTHER, "Two"), *bugs.patch(bugs.REPAIRED)]
    triage = [served.as_json({"fault": "code", "reason": "the first page is not the first books"})]
    with ModelServer(served.by_role(builder=builds, triage=triage)) as server:
        done = fix(greenloop, server, repo, "--test", bugs.SHOWN, "--candidates", "1")
    assert done.code == 0, done.text
    subjects = git(repo, "log", "--format=%s", str(greenloop.last()["branch"])).splitlines()
    assert subjects[:3] == ["Begin pages at one", "Two", "One"]


def test_patches_that_disagree_are_named(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = bugs.committed(tmp_path / "repo", bugs.service(bugs.SHOWS))
    other = bugs.SERVICE.replace("start = page * size", "start = max(0, page - 1) * size")
    script = Builders({FIRST: bugs.patch(bugs.REPAIRED), SECOND: bugs.patch(other, "Never below the first page")})
    with ModelServer(script) as server:
        done = fix(greenloop, server, repo, "--test", bugs.SHOWN, "--candidates", "2")
    assert done.code == 0, done.text
    assert kept(greenloop, "patches")["different"] == 2
    assert "2 patches that differ pass every test: the tests leave open which is meant" in report(greenloop)


def test_a_text_the_tester_turns_into_a_test(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = bugs.committed(tmp_path / "repo", bugs.service())
    plan = {
        "summary": "The first page shows the first books",
        "criteria": [{"id": "C1", "text": "GET /books?page=1 shows the books that were created first."}],
        "steps": [{"title": "Repair the first page", "criteria": ["C1"]}],
    }
    test = '''import httpx


def test_first_page(client: httpx.Client) -> None:
    """C1: the first page begins with the first book."""
    client.post("/books", json={"title": "Emma", "pages": 1})
    assert client.get("/books", params={"page": 1}).json()[0]["id"] == 1
'''
    tests = [
        served.call("write_file", path="tests/acceptance/test_pages.py", content=test),
        served.call("finish", summary="Test pages"),
    ]
    script = served.by_role(planner=[served.as_json(plan)], tester=tests, builder=bugs.patch(bugs.REPAIRED))
    with ModelServer(script) as server:
        done = fix(greenloop, server, repo, "The first page of the list is missing", "--candidates", "1")
    assert done.code == 0, done.text
    branch = str(greenloop.last()["branch"])
    assert git(repo, "log", "--format=%s", branch).splitlines()[:2] == [
        "Begin pages at one",
        "Add a test that shows the bug",
    ]
    assert "test_first_page" in git(repo, "show", f"{branch}:tests/acceptance/test_pages.py")
    assert "- `tests/acceptance/test_pages.py::test_first_page`" in report(greenloop)


def test_a_contradiction_is_for_a_person(greenloop: Greenloop, tmp_path: Path) -> None:
    impossible = bugs.SHOWS.replace("== [1, 2]", "== [3, 4]")
    repo = bugs.committed(tmp_path / "repo", bugs.service(impossible))
    said = served.call(
        "report_contradiction", reason="test_the_first_page asks page 1 and page 2 for the same books, [3, 4]"
    )
    with ModelServer(served.by_role(builder=[said])) as server:
        done = fix(greenloop, server, repo, "--test", bugs.SHOWN, "--candidates", "2")
    assert done.code == MEANING[Ending.NEEDS_HUMAN][0], done.text
    assert "asks page 1 and page 2 for the same books" in done.out


def test_a_repair_against_the_documentation_is_not_delivered(greenloop: Greenloop, tmp_path: Path) -> None:
    words = 'def double(n: int) -> int:\n    """Twice as much.\n\n    >>> double(2)\n    4\n    """\n    return 2 * n\n'
    files = {
        "words.py": words,
        "tests/test_words.py": "from words import double\n\n\ndef test_double() -> None:\n    assert double(2) == 5\n",
        "requirements.txt": "pytest\n",
    }
    repo = bugs.committed(tmp_path / "repo", files)
    bent = bugs.patch(words.replace("return 2 * n", "return 2 * n + 1"), "Add one", "words.py")
    triage = [served.as_json({"fault": "request", "reason": "double(2) is documented as 4, the test wants 5"})]
    with ModelServer(served.by_role(builder=bent, triage=triage)) as server:
        done = fix(
            greenloop, server, repo, "--test", "tests/test_words.py::test_double", "--candidates", "1",
            GREENLOOP_GATES_OFF="",
        )  # fmt: skip
    assert done.code == MEANING[Ending.NEEDS_HUMAN][0], done.text
    assert "documented" in done.out
    assert "greenloop/" not in git(repo, "branch", "--list")
