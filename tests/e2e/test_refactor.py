"""Whole refactorings: in steps that change nothing for anybody, without the parts that would."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT, Done, Greenloop, git
from tests.e2e.session import KEY, assert_only_a_branch_is_new, assert_sound, fingerprint, make_repo
from tests.support import model_server as served
from tests.support.model_server import ModelServer
from workflows.endings import MEANING
from workflows.gate_choice import ALL

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
QUICK = {"GREENLOOP_GATES_OFF": ",".join(gate for gate in ALL if gate not in ("preserved", "lint"))}

MAIN = '''\
"""A shelf."""

from typing import List, Optional, Union, get_origin, get_type_hints

from fastapi import FastAPI

app = FastAPI()


def width(size: Optional[int] = None) -> int:
    return size or 3


def page(number: Optional[int] = None) -> int:
    return number or 1


@app.get("/", description=f"Pages: {page.__annotations__['number']}")
def index() -> dict[str, Union[int, bool]]:
    return {"rows": width(), "union": get_origin(get_type_hints(width)["size"]) is Union}


def label(stock: int) -> str:
    """A word for how many there are."""
    words: List[str] = ["none", "few", "many"]
    return words[0 if stock <= 0 else 1 if stock < 5 else 2]


@app.get("/books/{number}")
def book(number: int, name: Optional[str] = None) -> dict[str, object]:
    tags: List[str] = [label(number)]
    return {"number": number, "name": name, "tags": tags}
'''
PLAIN = MAIN.replace("Optional[int]", "int | None").replace("is Union", "is not Union")
TEST = """\
from fastapi.testclient import TestClient
from main import app


def test_index():
    assert TestClient(app).get("/").json() == {"rows": 3, "union": True}
"""
FILES = {"main.py": MAIN, "tests/test_main.py": TEST, "requirements.txt": "fastapi\nuvicorn\n"}


def refactor(greenloop: Greenloop, repo: Path, *arguments: str, **env: str) -> Done:
    return greenloop("refactor", *arguments, "--repo", str(repo), **{**QUICK, **env})


def subjects(repo: Path, branch: str) -> list[str]:
    return git(repo, "log", "--format=%s", "--reverse", f"main..{branch}").splitlines()


def test_recipes_in_steps_and_nothing_to_do_the_second_time(
    greenloop: Greenloop, git_repo: Callable[[Path], Path]
) -> None:
    repo = git_repo(ROOT / "examples" / "shop")
    before = fingerprint(repo)
    arguments = ("--recipe", "annotated", "--recipe", "current-typing", "--recipe", "aware-utcnow")
    done = refactor(greenloop, repo, *arguments)
    assert done.code == 0, done.text
    branch = str(greenloop.last()["branch"])
    assert_only_a_branch_is_new(repo, before, branch)
    assert subjects(repo, branch) == ["Apply the recipe annotated", "Apply the recipe current-typing"]
    assert "Greenloop-Verdict: green" in git(repo, "log", "-1", "--format=%(trailers)", branch)
    main = git(repo, "show", f"{branch}:main.py")
    assert "Optional" not in main and "db: Annotated[Session, Depends(get_db)]" in main
    report = (greenloop.record() / "report.md").read_text()
    for line in (
        "OpenAPI document: identical (9 operations)", "2 tables are created by the same statements",
        "8 tests before and after, 8 of them pass", "public names in 1 module are as they were",
    ):  # fmt: skip
        assert line in report, report
    assert greenloop("merge", "last").code == 0
    again = refactor(greenloop, repo, *arguments)
    assert (again.code, "UNCHANGED" in again.out) == (0, True), again.text
    assert "Applying" not in again.out and "Step 1" not in again.out


def test_what_breaks_is_left_out_and_what_no_test_reached_is_recorded_first(
    greenloop: Greenloop, tmp_path: Path
) -> None:
    repo = make_repo(tmp_path / "repo", **FILES)
    before = fingerprint(repo)
    shown = refactor(greenloop, repo, "use current typing", "--preview")
    assert shown.code == 0, shown.text
    assert "PREVIEWED" in shown.out and "+    words: list[str]" in shown.out
    assert "left out: main.py:10: tests: 1 of " in shown.out, "a test asks what the annotation is"
    assert fingerprint(repo) == before

    done = refactor(greenloop, repo, "use current typing", "--drop-tests")
    assert done.code == 0, done.text
    branch = str(greenloop.last()["branch"])
    assert_only_a_branch_is_new(repo, before, branch)
    main = git(repo, "show", f"{branch}:main.py")
    assert "def width(size: Optional[int] = None)" in main, "it would be no Union any more"
    assert "def page(number: Optional[int] = None)" in main, "the document would say something else"
    assert "name: str | None = None" in main and main.count("list[str]") == 2 and "List" not in main
    told = subjects(repo, branch)
    assert told[0] == "Record what the code does before it is refactored"
    assert told[-1] == "Drop the tests that were recorded for the refactoring"
    assert git(repo, "diff", "--name-only", "main", branch) == "main.py"
    recorded = git(repo, "show", f"{branch}~1:tests/test_characterisation.py")
    assert "from main import label" in recorded and "'many'" in recorded
    over_http = git(repo, "show", f"{branch}~1:tests/acceptance/test_characterisation.py")
    assert "/books/1" in over_http and "'tags': ['few']" in over_http
    report = (greenloop.record() / "report.md").read_text()
    assert "**main.py:10**: tests: " in report
    assert "**main.py:14**: preserved: OpenAPI document: paths./.get.description was" in report
    assert "dropped again in the last commit" in report


OWN = '''\
"""Defaults are asked for by name."""


def refactor(files: dict[str, str]) -> dict[str, str | None]:
    """What is returned for nothing is returned for None alone, which is not the same for a zero."""
    changed = dict(files)
    for path in (p for p in files if p.endswith(".py") and not p.startswith(".")):
        for name in ("size", "number", "guest"):
            wanted = f"return {name} if {name} is not None else"
            changed[path] = changed[path].replace(f"return {name} or", wanted)
    return {path: text for path, text in changed.items() if text != files[path]}
'''


def test_a_recipe_of_the_repository_is_cut_down_and_a_renaming_takes_the_tests_along(
    greenloop: Greenloop, tmp_path: Path
) -> None:
    test = (
        f"from main import label\n{TEST}\n\ndef test_label():\n    assert [label(0), label(3), label(9)][1] == 'few'\n"
    )
    hello = "def greeted(guest: list[int] | None) -> list[int]:\n    return guest or []\n"
    more = {".greenloop/recipes/defaults.py": OWN, "tests/test_main.py": test, "hello.py": hello}
    repo = make_repo(tmp_path / "repo", **{**FILES, **more})
    done = refactor(greenloop, repo, "--recipe", "defaults", "--recipe", "rename:main.label=word_for")
    assert done.code == 0, done.text
    branch = str(greenloop.last()["branch"])
    main = git(repo, "show", f"{branch}:main.py")
    assert "return size or 3" in main and "return number or 1" in main, "a zero is something else than nothing"
    report = (greenloop.record() / "report.md").read_text()
    assert "main.width (0): returns 3 before, returns 0 now" in report, report
    assert "guest if guest is not None else []" in git(repo, "show", f"{branch}:hello.py"), "an empty list stays one"
    assert "def word_for(stock: int)" in main
    assert "from main import word_for" in git(repo, "show", f"{branch}:tests/test_main.py")
    assert "main.label is gone" in report, "asked for, and told"


KEPT = """\
from fastapi import FastAPI

app = FastAPI()
settings: dict[str, int] = {"most": 3}
stock: dict[str, int] = {}


@app.put("/stock/{name}")
def put(name: str, count: int) -> int:
    stock[name] = min(count, settings.get("most"))
    return stock[name]


@app.get("/stock/{name}")
def how_many(name: str) -> int | None:
    return stock.get(name)
"""
KEPT_TEST = """\
from fastapi.testclient import TestClient
from main import app


def test_stock():
    client = TestClient(app)
    assert client.put("/stock/pen", params={"count": 9}).json() == 3
    assert client.get("/stock/pen").json() == 3
"""
STRICT = """\
id: strict-get
message: What is asked for has to be there
language: python
rule:
  pattern: $WHERE.get($KEY)
fix: $WHERE[$KEY]
"""


def test_what_only_the_verdict_refuses_is_cut_down_too(greenloop: Greenloop, tmp_path: Path) -> None:
    files = {".greenloop/recipes/strict-get.yml": STRICT, "main.py": KEPT, "tests/test_main.py": KEPT_TEST}
    repo = make_repo(tmp_path / "repo", **{**FILES, **files})
    on = {"GREENLOOP_GATES_OFF": ",".join(gate for gate in ALL if gate not in ("preserved", "schema"))}
    done = refactor(greenloop, repo, "--recipe", "strict-get", GREENLOOP_GATE_BUDGET_S="8", **on)
    assert done.code == 0, done.text
    main = git(repo, "show", f"{greenloop.last()['branch']}:main.py")
    assert 'settings["most"]' in main, "which is always there"
    assert "stock.get(name)" in main, "no test asks for what is not there, requests from the schema do"
    report = (greenloop.record() / "report.md").read_text()
    assert "**main.py:14**: tests: " in report, "what the step's own check saw"
    refused = "**main.py:16**: the verdict on it was red: requests from the schema: GET /stock/{name} Server error"
    assert refused in report and "+    return stock[name]" in report, report


def test_words_without_a_recipe_are_not_understood(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", **FILES)
    done = refactor(greenloop, repo, "make it blazingly fast")
    assert done.code == MEANING["not_understood"][0], done.text  # type: ignore[index]
    assert "blazingly" in done.out and "annotated" in done.out
    unknown = refactor(greenloop, repo, "--recipe", "anotated")
    assert (unknown.code, unknown.err.count("\n")) == (2, 1), unknown.text
    assert "do you mean annotated?" in unknown.err


MOMENTS = ("characterise", "step-1", "check-step-1", "step-1-kept", "verdict", "deliver")


def test_killed_in_every_phase(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", **FILES)
    before = fingerprint(repo)
    for number, moment in enumerate(MOMENTS):
        arguments = ("resume", "last") if number else ("refactor", "--recipe", "current-typing", "--repo", str(repo))
        process = greenloop.start(*arguments, **QUICK)
        assert wait_for(greenloop, process, moment), f"it ended before {moment}"
        process.kill()
        process.wait()
        assert fingerprint(repo) == before or moment == "deliver"
    done = greenloop("resume", "last", **QUICK)
    assert done.code == 0, done.text
    info = greenloop.last()
    assert_only_a_branch_is_new(repo, before, str(info["branch"]))
    assert_sound(greenloop.record())
    told = subjects(repo, str(info["branch"]))
    assert told == ["Record what the code does before it is refactored", "Apply the recipe current-typing"]
    main = git(repo, "show", f"{info['branch']}:main.py")
    assert "size: Optional[int]" in main and "name: str | None = None" in main


def wait_for(greenloop: Greenloop, process: "subprocess.Popen[bytes]", step: str) -> bool:
    """Whether a step begins in this session before the process ends."""
    seen = -1
    while process.poll() is None:
        events = [event for path in greenloop.runs.glob("*/events.jsonl") for event in parsed(path)]
        starts = [n for n, event in enumerate(events) if event["kind"] == "run_started"]
        seen = seen if seen >= 0 or not starts else len([e for e in events if e["kind"] == "run_started"])
        since = events[starts[-1] :] if starts else []
        if any(e["kind"] == "step_started" and str(e["data"]["step"]).startswith(step) for e in since):
            return True
        time.sleep(0.01)
    return False


def parsed(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


PLAN = {
    "summary": "Words of the shelf in a module of their own, current typing",
    "steps": [
        {"recipe": "current-typing"},
        {
            "title": "Move label into words.py",
            "text": "label stays importable from main",
            "files": ["main.py", "words.py"],
        },
    ],
    "assumptions": [],
    "questions": [],
    "contradiction": "",
}
LABEL = MAIN[MAIN.index("def label") : MAIN.index('@app.get("/books')].replace("List[str]", "list[str]")
WORDS = '''\
"""Words for numbers."""


def label(stock: int) -> str:
    """A word for how many there are."""
    return "none" if stock <= 0 else "few" if stock < 5 else "many"
'''
IMPORT = "from fastapi import FastAPI\n"


def moved(words: str) -> list[Any]:
    """The builder's calls: a new module, and the old function replaced by an import."""
    return [
        served.call("write_file", path="words.py", content=words),
        served.call("edit_file", path="main.py", old=LABEL, new=""),
        served.call("edit_file", path="main.py", old=IMPORT, new=f"{IMPORT}from words import label\n"),
        served.call("finish", summary="Move label into a module of its own"),
    ]


def test_a_model_plans_recipes_first_and_the_builder_does_the_rest(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", **{**FILES, "main.py": PLAIN})
    wrong = WORDS.replace("stock < 5", "stock < 6")
    script = served.by_role(
        planner=[served.as_json(PLAN)],
        builder=[
            *moved(wrong),
            served.call("write_file", path="words.py", content=WORDS),
            served.call("finish", summary="Count right"),
        ],
    )
    with ModelServer(script) as server:
        done = refactor(
            greenloop, repo, "Use current typing and move label into a module of its own", "--engine", "scripted",
            "--base-url", server.url, OPENAI_API_KEY=KEY, GREENLOOP_RETRY_S="5",
        )  # fmt: skip
        builder = [asked.everything for asked in server.requests if "You are a FastAPI engineer" in asked.everything]
    assert done.code == 0, done.text
    branch = str(greenloop.last()["branch"])
    assert "Apply the recipe current-typing" in subjects(repo, branch)
    assert "The step changed what the code does" in builder[-1], "the builder was told what its step broke"
    assert "from words import label" in git(repo, "show", f"{branch}:main.py")
    assert "stock < 5" in git(repo, "show", f"{branch}:words.py")
