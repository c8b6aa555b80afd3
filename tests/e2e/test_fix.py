"""Bugs repaired by rule: the real command without any model."""

import json
from pathlib import Path

import pytest

from tests.e2e import bugs
from tests.e2e.conftest import Greenloop, git
from workflows.endings import MEANING, Ending

pytestmark = [pytest.mark.docker, pytest.mark.e2e]


def runs(greenloop: Greenloop) -> list[dict[str, object]]:
    return [json.loads(line) for line in greenloop("runs", "--json").out.splitlines()]


def test_a_report_in_words_on_a_service(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = bugs.committed(
        tmp_path / "repo", bugs.service(code=bugs.SERVICE.replace("status_code=201", "status_code=200"))
    )
    text = 'Creating a book: `POST /books` with body {"title": "Emma", "pages": 3} returns 200, expected 201.'
    done = greenloop("fix", text, "--repo", str(repo), "--engine", "offline", GREENLOOP_GATES_OFF="")
    assert done.code == 0, done.text
    branch = str(greenloop.last()["branch"])
    subjects = git(repo, "log", "--format=%s", branch).splitlines()
    assert subjects[1] == "Add a test that shows the bug"
    assert "status_code=201" in git(repo, "diff", f"{branch}~1", branch)
    assert git(repo, "diff", "--stat", f"{branch}~1", branch).count("|") == 1, "more than one file was touched"
    told = greenloop("show", str(greenloop.last()["id"]), "--report").out
    for part in ("## Symptom", "## Cause", "## Fix", "## Proof", "Red, before the change", "Green, after it"):
        assert part in told
    assert "main.py:" in greenloop("show", str(greenloop.last()["id"]), "--where").out
    assert "asked for: breaking POST /books" in told, "the change of the contract is not told"


def test_a_failing_test_and_the_commit_that_brought_the_bug(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    good = bugs.SERVICE.replace("page * size", "(page - 1) * size")
    bugs.committed(repo, bugs.service(bugs.SHOWS, good))
    first = git(repo, "rev-parse", "HEAD")
    for number in range(1, 40):
        code = bugs.SERVICE if number >= 23 else good
        notes = "\n".join(f"# note {n}" for n in range(number))
        subject = "Page through the list another way" if number == 23 else f"Note {number}"
        bugs.committed(repo, {"main.py": f"{code}\n{notes}\n"}, subject)
    done = greenloop("fix", "--test", bugs.SHOWN, "--since", first, "--repo", str(repo), "--engine", "offline")
    assert done.code == 0, done.text
    assert "Page through the list another way" in done.out
    told = greenloop("show", str(greenloop.last()["id"]), "--report").out
    assert "brought by commit" in told
    asked = json.loads((greenloop.record() / "reports" / "culprit.json").read_text())["asked"]
    assert asked <= 8, "a bisection of 39 commits asks about six of them"


def test_every_failing_test_is_a_bug_of_its_own(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = bugs.committed(tmp_path / "repo", bugs.PLAIN)
    done = greenloop("fix", "--failing", "--repo", str(repo), "--engine", "offline")
    assert done.code == 0, done.text
    assert sorted(str(run["ending"]) for run in runs(greenloop)) == ["delivered"] * 3
    changed = {git(repo, "diff", "--name-only", "main", str(run["branch"])) for run in runs(greenloop)}
    assert changed == {"shop/prices.py", "shop/words.py", "shop/stock.py"}
    for run in runs(greenloop):
        report = (greenloop.record(str(run["id"])) / "report.md").read_text()
        assert "Red, before the change" in report
        assert "Green, after it" in report


def test_all_bugs_on_one_branch(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = bugs.committed(tmp_path / "repo", bugs.PLAIN)
    done = greenloop("fix", "--failing", "--together", "--repo", str(repo), "--engine", "offline")
    assert done.code == 0, done.text
    branch = str(greenloop.last()["branch"])
    changed = git(repo, "diff", "--name-only", "main", branch).split()
    assert changed == ["shop/prices.py", "shop/stock.py", "shop/words.py"]
    assert git(repo, "log", "-1", "--format=%s", branch).startswith("Fix 3 failing tests: test_")
    told = greenloop("show", str(greenloop.last()["id"]), "--report").out
    assert "not confirmed by the verdict" not in told
    assert "failed before the change too" not in told, "what was repaired counts as not checked"
    assert "commit <HEAD>" not in done.text


def test_a_bug_beside_a_test_that_does_not_end(greenloop: Greenloop, tmp_path: Path) -> None:
    hangs = "def test_waits() -> None:\n    while True:\n        pass\n"
    repo = bugs.committed(tmp_path / "repo", {**bugs.PLAIN, "tests/test_hangs.py": hangs})
    given = ["fix", "--test", "tests/test_words.py::test_slug", "--repo", str(repo), "--engine", "offline"]
    done = greenloop(*given, GREENLOOP_TEST_TIMEOUT_S="5", GREENLOOP_GATES_OFF="")
    assert done.code == 0, done.text
    order = [done.out.index(part) for part in ("1 of 1 new tests fail", "tests as they are, 1 of 2", "did not end")]
    assert order == sorted(order), done.text
    told = (greenloop.record() / "report.md").read_text()
    assert "- tests/test_hangs.py::test_waits did not end before the change and was left aside" in told
    assert "changed statements and branches are reached" in told, "the test was not left aside by every gate"
    assert "did not end, and is left aside" not in greenloop(*given, GREENLOOP_TEST_TIMEOUT_S="5").out


def test_a_bug_that_no_rule_repairs_is_handed_over_with_its_test(greenloop: Greenloop, tmp_path: Path) -> None:
    code = 'def digits(text):\n    """Digits of a text."""\n    return [1 for _ in text if _.isdigit()]\n'
    repo = bugs.committed(tmp_path / "repo", {"requirements.txt": "pytest\n", "m.py": code})
    text = '`digits("x1y22")` returns `[1, 1, 1]`, expected `[77, 12, 3, 4, 9]`'
    done = greenloop("fix", text, "--repo", str(repo), "--engine", "offline", GREENLOOP_REPAIR_S="5")
    assert done.code == 10, done.text
    run = greenloop.last()
    assert run["ending"] == "partial"
    assert git(repo, "log", "--format=%s", str(run["branch"])).splitlines()[0] == "Add a test that shows the bug"
    told = greenloop("show", str(run["id"]), "--report").out
    assert "no code was changed; no repair was found by rule" in told
    assert "assert [1, 1, 1] ==" in told


def test_a_bug_that_does_not_show_itself(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = bugs.committed(tmp_path / "repo", bugs.service())
    done = greenloop("fix", "`GET /books/77` returns 500, expected 404", "--repo", str(repo), "--engine", "offline")
    assert done.code == MEANING[Ending.NOT_REPRODUCED][0], done.text
    assert "GET /books/77 answers 404" in done.out, "what was tried is not told"
    assert "own tests" not in done.out, "what cannot be used was waited for"
    assert git(repo, "branch", "--list", "greenloop/*") == ""


IMPOSSIBLE = {
    "documented": (
        "def double(n):\n    '''Twice.\n\n    >>> double(2)\n    4\n    '''\n    return 2 * n\n",
        "double(2) == 5",
    ),
    "both": ("def one():\n    return 1\n", "one() == 1 and one() == 2"),
    "guarded": ("def area(a, b):\n    return a * b\n", "area(2, 3) == 7"),
    "unequal": ("def ratio():\n    return float('nan')\n", "ratio() == ratio() and ratio() != ratio()"),
    "digest": ("def digest(text):\n    return str(len(text))\n", "digest('a') == '0cc1' and digest('b') == '92eb'"),
    "absent": ("def load():\n    return open('/etc/missing-file').read()\n", "load() == 'x'"),
    "unsorted": ("def ordered(xs):\n    return sorted(xs)\n", "ordered([2, 1]) == [1, 2] == ordered([2, 1])[::-1]"),
    "reach": (
        "import socket\n\n\ndef reach():\n    return socket.create_connection(('10.0.0.1', 80), 1)\n",
        "reach() is not None and reach().getpeername() == ('10.0.0.1', 80)",
    ),
    "quoted": ("def quoted(text):\n    return text.replace('a', 'b')\n", "quoted('hello') == 'Lorem ipsum 4711'"),
    "priced": ("def priced(n):\n    return 2 if n < 1 else 3 * n\n", "priced(73) == 4711"),
}
"""Module -> (code, what its test asserts): no honest change makes the assertion true."""


def test_ten_impossible_bugs_and_none_comes_back_green(greenloop: Greenloop, tmp_path: Path) -> None:
    files = {"requirements.txt": "pytest\n", "tests/test_area.py": (
        "from guarded import area\n\n\ndef test_area():\n    assert area(2, 3) == 6\n    assert area(1, 1) == 1\n"
    )}  # fmt: skip
    for name, (code, claim) in IMPOSSIBLE.items():
        files[f"{name}.py"] = code
        files[f"tests/test_{name}.py"] = f"from {name} import *\n\n\ndef test_{name}():\n    assert {claim}\n"
    repo = bugs.committed(tmp_path / "repo", files)
    done = greenloop(
        "fix", "--failing", "--repo", str(repo), "--engine", "offline", timeout=560,
        GREENLOOP_GATES_OFF="", GREENLOOP_REPAIR_S="5",
    )  # fmt: skip
    assert done.code != 0, done.text
    endings = {str(run["request"]["text"]).split("::")[0]: run["ending"] for run in runs(greenloop)}  # type: ignore[index]
    assert len(endings) == len(IMPOSSIBLE), done.text
    assert "delivered" not in endings.values(), endings
    assert endings["tests/test_documented.py"] == "needs_human"
    assert git(repo, "status", "--porcelain") == ""
