"""What is wrong with a command line is said before a run is started: one line, exit code 2, nothing on the disk."""

from pathlib import Path

import pytest

from agents.contracts import Request
from workflows.cli.app import run
from workflows.endings import Ending
from workflows.runs import Runs

DOCUMENTS = {"bad.yaml": "a: 1\n{", "empty.json": '{"a": 1}', "idle.yaml": "paths: {/a: {summary: x}}"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs would be; the current folder is an empty repository-to-be with the documents beside it."""
    (tmp_path / "repo").mkdir()
    for name, text in DOCUMENTS.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path / "repo")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GREENLOOP_STATE_DIR", str(tmp_path / "state"))
    for name in ("OPENAI_API_KEY", "GREENLOOP_ENGINE", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "state"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["feature", "Add books with title", "--branch", "bad name.."], "'bad name..' is not a valid branch name"),
        (["fix", "GET /a returns 500", "--branch", "-x"], "'-x' is not a valid branch name"),
        (["refactor", "--recipe", "annotated", "--branch", "a..b"], "'a..b' is not a valid branch name"),
        (["refactor", "--recipe", "rename"], "rename wants rename:package.module.old_name=new_name"),
        (["refactor", "--recipe", "rename:x"], "rename wants rename:package.module.old_name=new_name"),
        (["feature", "x", "--spec", "../bad.yaml"], "TEXT or as --spec FILE, not both"),
        (["feature", "x", "--openapi", "../bad.yaml"], "../bad.yaml: line 2, column 1: neither JSON nor YAML"),
        (["feature", "x", "--openapi", "../empty.json"], "../empty.json: it has no `paths`"),
        (["feature", "x", "--openapi", "../idle.yaml"], "../idle.yaml: its `paths` name no operation"),
    ],
)
def test_nothing_is_started(state: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert says in told.err and len(told.err.splitlines()) == 1 and told.out == ""
    assert not list(state.glob("runs/*"))


@pytest.mark.parametrize(
    ("ending", "says"),
    [(None, "has no report yet: it has not ended"), (Ending.NEEDS_HUMAN, "has no report: it ended as needs_human")],
)
def test_a_report_that_is_not_there(
    state: Path, capsys: pytest.CaptureFixture[str], ending: Ending | None, says: str
) -> None:
    runs = Runs(state)
    info = runs.create(Request(text="x"), Path(), "offline", {})
    runs.save(info.model_copy(update={"ending": ending}))
    assert run(["show", info.id, "--report"]) == 2
    assert capsys.readouterr().err == f"greenloop: run {info.id} {says}\n"
