"""The gates as a person reads them, and the house rules as one of them."""

from pathlib import Path

from agents.blueprints.new_app import new_app
from agents.rules import catalog
from sandbox.reports import Gate
from tests.support.blueprint_specs import NOTES
from tests.support.sources import Tree
from workflows.gate_choice import ALL, switch_of
from workflows.gate_table import gate_lines, gate_table
from workflows.rules_gate import house_rules
from workflows.settings import Settings

RULES = {rule.id: rule.severity for rule in catalog.RULES}
APP = new_app(NOTES)
MAIN = "app/routers/note.py"
SHELL = '''
import subprocess


@router.get("/run/it")
async def run_it(name: str) -> dict[str, str]:
    """Run it."""
    return {"said": subprocess.run(f"ls {name}", shell=True, capture_output=True, text=True).stdout}
'''


def test_only_what_the_change_made_worse_counts() -> None:
    old = APP | {MAIN: APP[MAIN] + SHELL}
    found = house_rules(Tree(APP), Tree(old))
    assert not found.gate.passed and found.gate.blocking
    assert {f.code for f in found.findings} >= {"GL602"}
    assert all(f.path == MAIN and f.source for f in found.findings)
    moved = old | {MAIN: '"""Moved down."""\n\n' + old[MAIN]}
    assert house_rules(Tree(old), Tree(moved)).gate.passed
    assert house_rules(Tree({}), Tree(APP)).gate.passed, "what the blueprints write is clean"


def test_a_change_cannot_excuse_itself() -> None:
    excused = SHELL.replace(".stdout}", ".stdout}  # greenloop: ignore[GL602, GL305]")
    off = {"greenloop.toml": 'rules_off = ["GL"]\n'}
    head = APP | off | {MAIN: APP[MAIN] + excused}
    assert not house_rules(Tree(APP), Tree(head)).gate.passed
    assert house_rules(Tree(APP | off), Tree(head)).gate.passed, "what was off before the change stays off"


def test_warnings_advise() -> None:
    plain = SHELL.replace('subprocess.run(f"ls {name}", shell=True, capture_output=True, text=True).stdout', "name")
    head = APP | {MAIN: APP[MAIN] + plain.replace("import subprocess", "").replace("name: str", "name")}
    found = house_rules(Tree(APP), Tree(head))
    assert [(f.code, RULES[f.code]) for f in found.findings] == [("GL103", "warning")]
    assert (found.gate.passed, found.gate.blocking) == (False, False)


def test_each_gate_says_how_it_is_switched_off_and_the_switch_is_taken(tmp_path: Path) -> None:
    shown = {
        "lint": "lint", "types": "types", "house rules": "rules", "contract": "contract",
        "migrations on PostgreSQL": "migrations", "requests from the schema": "schema", "attacks": "attacks",
        "coverage of the change": "coverage",
    }  # fmt: skip
    assert {switch_of(gate) for gate in shown} <= {f'gates_off = ["{name}"]' for name in ALL}
    for gate, name in shown.items():
        assert switch_of(gate) == f'gates_off = ["{name}"]'
        assert Settings(gates_off=[name], state_dir=tmp_path).gates_off == [name]
    for gate in ("mutants of the change", "held-out checks"):
        setting = switch_of(gate).partition(" = ")[0]
        assert getattr(Settings(**{setting: False, "state_dir": tmp_path}), setting) is False
    assert switch_of("acceptance tests") == switch_of("test integrity") == ""


def test_the_table() -> None:
    gates = (
        Gate(name="acceptance tests", passed=True, evidence="9 of 9", command="pytest", seconds=1.26),
        Gate(name="house rules", passed=False, blocking=False, evidence="a | b\nc", command="check"),
        Gate(name="lint", passed=False, evidence="F401"),
    )
    rows = gate_table(gates).splitlines()[4:]
    assert rows[0] == "| acceptance tests | passed | 9 of 9 | blocking | pytest | nothing | 1.3 |"
    assert rows[1] == '| house rules | look | a \\| b c | advisory | check | `gates_off = ["rules"]` | 0.0 |'
    assert "| lint | FAILED | F401 | blocking | - |" in rows[2]
    told = gate_lines(gates, all_of_it=True)
    assert told[1] == "       blocking; ran: pytest; always on; 1.3 s"
    assert len(gate_lines(gates)) == 3
