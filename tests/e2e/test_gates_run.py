"""A run whose tests are green and whose service is not right yet: the gates send it back, with tests that show why."""

from pathlib import Path

import pytest

from tests.e2e import notes
from tests.e2e.conftest import Greenloop, git
from tests.e2e.session import make_repo
from tests.e2e.test_model_path import code, planned, run, steps
from tests.support import model_server as served
from tests.support.model_server import ModelServer, Script
from workflows.held import ATTACKS

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
ON = {"GREENLOOP_GATES_OFF": ""}
HALF = (
    notes.APP
    + """

@app.get("/half/{number}")
def half(number: int) -> dict[str, int]:
    return {"half": 100 // number}
"""
)


def test_an_error_of_the_server_comes_back_as_a_test(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    script = served.by_role(
        planner=planned(),
        tester=notes.write_tests(),
        builder=[*notes.build(HALF), *notes.build(HALF.replace("100 // number", "100 // (number or 1)"))],
        triage=[served.as_json({"fault": "code", "reason": "it divides by zero"})],
    )
    with ModelServer(script) as server:
        done = run(greenloop, server, repo, **ON)
        builder = [r.everything for r in server.requests if "You are a FastAPI engineer" in r.everything]
    assert done.code == 0, done.text
    assert [s for s in steps(greenloop) if s.startswith("verdict")] == ["verdict-1-1", "verdict-2-1"]
    assert any("GET /half/" in text for text in builder), "the builder was not told"
    branch = str(greenloop.last()["branch"])
    shown = git(repo, "show", f"{branch}:{ATTACKS}")
    assert "/half/" in shown and "assert answer.status_code < 500" in shown
    report = (greenloop.record() / "report.md").read_text()
    for gate in ("lint", "house rules", "requests from the schema", "attacks"):
        assert f"| {gate} | passed |" in report, report
    assert "POST /notes" in report.split("## Acceptance criteria")[1].split("## ")[0], report
    screen = greenloop("show", "last").out
    assert 'blocking; ran: schemathesis run /openapi.json; off by gates_off = ["schema"]' in screen, screen


def test_clients_may_break_only_when_that_is_asked_for(greenloop: Greenloop, tmp_path: Path) -> None:
    old = notes.APP.replace("/notes", "/memos").replace("create_note", "create_memo")
    both = {"main.py": old, "requirements.txt": "fastapi\nuvicorn\n"}

    def script() -> Script:
        return served.by_role(
            planner=planned(),
            tester=notes.write_tests(),
            builder=notes.build(notes.APP),
            triage=[served.as_json({"fault": "code", "reason": "memos are gone"})],
        )

    quick = {"GREENLOOP_GATES_OFF": "lint,types,rules,migrations,schema,attacks", "GREENLOOP_MAX_ROUNDS": "1"}
    with ModelServer(script()) as server:
        kept = run(greenloop, server, make_repo(tmp_path / "kept", **both), **quick)
    assert kept.code == code("partial"), kept.text
    assert "contract_broken" in kept.out
    assert "GET /memos: is gone" in kept.out
    with ModelServer(script()) as server:
        allowed = run(greenloop, server, make_repo(tmp_path / "allowed", **both), "--allow-breaking", **quick)
    assert allowed.code == 0, allowed.text
    assert "asked for: breaking GET /memos: is gone" in allowed.out
