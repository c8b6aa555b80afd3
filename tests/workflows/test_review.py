"""Reviews that only read: what is found, remembered, dismissed and printed; the command on real repositories."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agents.contracts import TestFile
from agents.operations import handlers, operation_of
from sandbox.attack.script import Attack, Hit, Step
from sandbox.gates import probe
from sandbox.gates.findings import GateFinding, GateResult
from sandbox.reports import Gate
from tests.e2e.conftest import git
from tests.e2e.session import make_repo
from tests.support.reviews import attacked, hit_on
from tests.support.sources import Tree
from workflows.cli.app import run
from workflows.cli.common import FOUND
from workflows.review.collect import merged, of_gates
from workflows.review.findings import Proof, Review, ReviewFinding, ordered
from workflows.review.memory import DISMISSED, UnreadableDismissals, dismiss, dismissals_in
from workflows.review.repair import fix_request
from workflows.review.sarif import as_sarif
from workflows.review.show import as_markdown, as_text

APP = '''"""A shop."""

from fastapi import FastAPI
from sqlalchemy import create_engine, text

app = FastAPI()
engine = create_engine("sqlite:///shop.db")


@app.get("/items")
def items(sort: str) -> list[str]:
    """All items."""
    with engine.connect() as connection:
        rows = connection.execute(text(f"select name from items order by {sort} limit 10"))
        return [row.name for row in rows]
'''
SAFE = APP.replace("{sort}", "name").replace("sort: str", "")


class Done(NamedTuple):
    """One ended command."""

    returncode: int
    stdout: str
    stderr: str


def greenloop(*arguments: str, home: Path) -> Done:
    """The command in this process, in an environment of its own."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "XDG_CONFIG_HOME"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        return Done(run(arguments), out.getvalue(), err.getvalue())


def reviewed(repo: Path, home: Path, *more: str) -> tuple[int, dict[str, Any]]:
    done = greenloop("review", "--repo", str(repo), "--no-run", "--format", "json", *more, home=home)
    assert done.returncode in (0, FOUND), done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_whole_repository_then_what_is_new_and_gone(tmp_path: Path) -> None:
    repo, home = make_repo(tmp_path / "repo", **{"main.py": APP}), tmp_path / "home"
    code, first = reviewed(repo, home, "--all")
    assert (code, [f["code"] for f in first["findings"]]) == (FOUND, ["GL601"])
    (repo / "main.py").write_text(APP.replace('"""A shop."""', '"""A shop, a few lines further down."""\n\nKEY = 1'))
    _, second = reviewed(repo, home, "--all")
    assert [f["id"] for f in second["findings"]] == [f["id"] for f in first["findings"]], "the id moved with the line"
    assert (second["new"], second["gone"], second["first"]) == ([], [], False)
    assert reviewed(repo, home, "--all", "--new")[0] == 0
    (repo / "main.py").write_text(SAFE)
    code, third = reviewed(repo, home, "--all")
    assert (code, third["findings"]) == (0, [])
    assert [name for name, _ in third["gone"]] == [f["id"] for f in first["findings"]]


def test_only_the_change_is_reviewed_uncommitted_or_since_a_revision(tmp_path: Path) -> None:
    repo, home = make_repo(tmp_path / "repo", **{"main.py": APP}), tmp_path / "home"
    (repo / "other.py").write_text(APP.replace("items", "things").replace("{sort}", "name {sort}"))
    _, dirty = reviewed(repo, home)
    assert [(f["code"], f["path"]) for f in dirty["findings"]] == [("GL601", "other.py")]
    git(repo, "checkout", "-q", "-b", "work")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "More")
    _, since = reviewed(repo, home, "--base", "main")
    assert [f["id"] for f in since["findings"]] == [f["id"] for f in dirty["findings"]]
    done = greenloop("review", "--repo", str(repo), "--no-run", home=home)
    assert done.returncode == 2 and "nothing differs from HEAD" in done.stderr
    assert git(repo, "status", "--porcelain") == "", "a review changed the checkout"


def test_a_dismissal_is_remembered_in_the_repository(tmp_path: Path) -> None:
    repo, home = make_repo(tmp_path / "repo", **{"main.py": APP}), tmp_path / "home"
    _, first = reviewed(repo, home, "--all")
    name = first["findings"][0]["id"]
    reason = 'sorted by "us"\nonly'
    done = greenloop("review", "--repo", str(repo), "--dismiss", name, "--reason", reason, home=home)
    assert done.returncode == 0 and "becomes part of the SQL" in done.stdout
    assert dismissals_in((repo / DISMISSED).read_text())[name].reason == 'sorted by "us" only'
    code, second = reviewed(repo, home, "--all")
    assert (code, second["findings"], len(second["dismissed"])) == (0, [], 1)
    shown = greenloop("review", "--repo", str(repo), "--no-run", "--all", "--show-dismissed", home=home)
    assert name in shown.stdout and 'sorted by "us" only' in shown.stdout
    sarif = json.loads(greenloop("review", "--repo", str(repo), "--no-run", "--all", "--format", "sarif",
                                 home=home).stdout)  # fmt: skip
    (result,) = sarif["runs"][0]["results"]
    assert result["suppressions"][0]["justification"] == 'sorted by "us" only'


def test_only_a_feature_makes_a_new_repository_and_help_says_so(tmp_path: Path) -> None:
    words = {name: " ".join(greenloop(name, "--help", home=tmp_path).stdout.replace("│", " ").split())
             for name in ("review", "refactor", "fix", "doctor", "feature")}  # fmt: skip
    assert [name for name, text in words.items() if "becomes a new" in text] == ["feature"]
    assert "The repository, an existing folder." in words["review"]
    done = greenloop("fix", "it breaks", "--repo", str(tmp_path / "nowhere"), home=tmp_path)
    assert (done.returncode, "nowhere: no such folder" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--dismiss", "GL601-12345678"], "needs both"),
        (["--dismiss", "everything", "--reason", "x"], "not an id"),
        (["--dismiss", "GL601-12345678", "--reason", " "], "--reason is empty"),
        (["--all", "--base", "main"], "not both"),
        (["--all", "--fix", "--no-run"], "leave --no-run out"),
        (["--base", "no-such-branch", "--no-run"], "no revision that shares a commit"),
        (["--format", "html"], "'--format': 'html' is not one of 'text', 'markdown', 'json', 'sarif'"),
        (["--fail-on", "everything"], "everything"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line(tmp_path: Path, arguments: list[str], says: str) -> None:
    repo = make_repo(tmp_path / "repo", **{"main.py": SAFE})
    done = greenloop("review", "--repo", str(repo), *arguments, home=tmp_path / "home")
    assert done.returncode == 2
    assert says in done.stderr and "Traceback" not in done.stderr


def test_fail_on_decides_the_exit_code(tmp_path: Path) -> None:
    bare = SAFE.replace('    """All items."""\n', "")
    repo, home = make_repo(tmp_path / "repo", **{"main.py": bare}), tmp_path / "home"
    code, found = reviewed(repo, home, "--all")
    assert {f["severity"] for f in found["findings"]} == {"info"}
    assert code == 0
    assert reviewed(repo, home, "--all", "--fail-on", "info")[0] == FOUND
    assert reviewed(repo, home, "--all", "--fail-on", "never")[0] == 0


def test_an_unreadable_dismissal_file_is_named(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", **{"main.py": SAFE, DISMISSED: "[[dismissed]]\nid = 1\n"})
    done = greenloop("review", "--repo", str(repo), "--all", "--no-run", home=tmp_path / "home")
    assert done.returncode == 2 and DISMISSED in done.stderr
    outside = tmp_path / "outside.toml"
    outside.write_text("")
    (repo / DISMISSED).unlink()
    (repo / DISMISSED).symlink_to(outside)
    with pytest.raises(UnreadableDismissals, match="symbolic link"):
        dismiss(repo, "GL601-12345678", "x")
    assert outside.read_text() == ""


def test_errors_of_one_operation_are_one_finding() -> None:
    text = "Server error (GET /items?sort=x answered 500)"
    finding = GateFinding(gate=probe.SCHEMA, code="GET /items", text=text, source="Server error")
    step = Step(method="GET", path="/items?sort=x")
    hit = Hit(
        attack=Attack(id="schema/GET /items", category="schema", title="t", steps=(step,)),
        step=0,
        told="it answered 500",
    )
    schema = GateResult(gate=Gate(name=probe.SCHEMA, passed=False, evidence="e"), findings=(finding,), hits=(hit,))
    operations = handlers(Tree({"main.py": SAFE}))
    ran = of_gates([schema, attacked(hit_on("GET /items", "leak", "broken input"))], operations)
    assert [f.gate for f in merged([], ran, operations)] == [probe.SCHEMA]


def test_requests_find_their_operation() -> None:
    known = ["GET /books/{book_id}", "GET /books/latest", "POST /books", "GET /files/{name}"]
    assert operation_of("GET /books/7?x=1", known) == "GET /books/{book_id}"
    assert operation_of("GET /books/latest", known) == "GET /books/latest"
    assert operation_of("DELETE /books/7", known) == ""


PROOF = Proof(
    kind="test", ran="t.py::test_x", said="assert 500 == 404", test=TestFile(path="t.py", content="a = '```'")
)
FINDINGS = (
    ReviewFinding(
        id="GL901-00000001", gate="house rules", code="GL901", severity="info", message="m|1", path="a b.py", line=0
    ),
    ReviewFinding(
        id="GL601-00000002", gate="house rules", code="GL601", severity="error", message="m2", path="a.py", line=3
    ),
    ReviewFinding(
        id="model-00000003", gate="model", code="model", severity="warning", message="m3", path="b.py", line=9,
        column=2, proof=PROOF,
    ),
)  # fmt: skip


def test_proven_ones_first_unproven_last() -> None:
    found = ordered(FINDINGS)
    assert [f.id[-1] for f in found] == ["3", "2", "1"]
    review = Review(title="T", findings=found, new=("GL601-00000002",), first=False, gone=(("x-1", "gone one"),))
    text = as_text(review)
    assert text.index("Proven") < text.index("m3") < text.index("Unproven") < text.index("m2") < text.index("m|1")
    assert "GL601-00000002 new" in text and "1 new, 2 known, 1 gone" in text
    markdown = as_markdown(review)
    assert "````python\na = '```'\n````" in markdown, "a fence inside of a fence"


def test_sarif_has_what_its_readers_ask_for() -> None:
    log = json.loads(as_sarif(Review(title="T", findings=ordered(FINDINGS), new=("model-00000003",), first=False)))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    driver = run["tool"]["driver"]
    assert driver["name"] == "greenloop"
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] >= 1 and region.get("startColumn", 1) >= 1
        assert " " not in result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    states = {r["partialFingerprints"]["greenloopId/v1"]: r["baselineState"] for r in run["results"]}
    assert states["model-00000003"] == "new" and states["GL601-00000002"] == "unchanged"


def test_a_repair_is_asked_for_what_a_test_shows() -> None:
    found = FINDINGS[2]
    request = fix_request(Review(title="T", findings=ordered(FINDINGS)))
    assert request is not None and request.kind == "fix"
    assert (request.text, request.proof) == (found.message, (PROOF.test,))
    assert fix_request(Review(title="T", findings=FINDINGS[:2])) is None
    own = found.model_copy(
        update={"gate": "repository's own tests", "proof": PROOF.model_copy(update={"ran": "pytest t.py::test_x"})}
    )
    request = fix_request(Review(title="T", findings=(own,)))
    assert request is not None and (request.tests, request.proof) == (("t.py::test_x",), ())
