"""`greenloop rules`: the table, one rule explained, and one line for a rule that is not there."""

from typer.testing import CliRunner

from agents.rules.catalog import RULES
from workflows.cli.app import app, run


def test_all_rules_are_listed() -> None:
    done = CliRunner().invoke(app, ["rules"])
    assert done.exit_code == 0
    assert all(rule.id in done.stdout and rule.name in done.stdout for rule in RULES)


def test_one_rule_is_explained_by_id_or_name() -> None:
    for name in ("GL301", "gl301", "sleep-on-the-loop"):
        done = CliRunner().invoke(app, ["rules", name])
        assert done.exit_code == 0
        assert "Bad, main.py:" in done.stdout and "await asyncio.sleep(1)" in done.stdout


def test_a_rule_that_is_not_there_is_one_line(capsys) -> None:
    assert run(["rules", "GL000"]) == 2
    assert capsys.readouterr().err == "greenloop: no rule 'GL000' (greenloop rules lists all)\n"
