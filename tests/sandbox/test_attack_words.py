"""What the gate `attacks` says of hits that may be meant, of those that may not, and of those there were before."""

from sandbox.attack.script import Attack, AttackReport, Hit
from sandbox.gates.findings import GateFinding, GateResult
from sandbox.gates.probe import SCHEMA, attacks_result, finding_of, without
from sandbox.reports import Gate


def hit(name: str, *, doubt: bool) -> Hit:
    return Hit(
        attack=Attack(id=name, category="access", title=name, doubt=doubt, steps=()), step=0, told="it answered 200"
    )


def test_a_hit_that_may_be_meant_is_told_after_what_was_held_off() -> None:
    gate = attacks_result(AttackReport(hits=(hit("PATCH /books needs no login", doubt=True),), done=48), 49).gate
    assert gate.passed
    assert gate.evidence.startswith("48 attacks were held off; meant? ")
    assert "PATCH /books needs no login: it answered 200" in gate.evidence


def test_a_hole_comes_first_and_fails() -> None:
    hits = (hit("GET /me is open", doubt=False), hit("PATCH /books needs no login", doubt=True))
    gate = attacks_result(AttackReport(hits=hits, done=47), 49).gate
    assert not gate.passed
    assert gate.evidence.startswith("access GET /me is open")


def test_what_was_there_before_is_taken_out_and_counted() -> None:
    old, meant = hit("GET /me is open", doubt=False), hit("PATCH /books needs no login", doubt=True)
    result = attacks_result(AttackReport(hits=(old, meant), done=47), 49)
    left = without(result, {finding_of(old).mark})
    assert left.gate.passed
    assert left.gate.evidence.startswith("47 attacks were held off; meant? access PATCH /books")
    assert left.gate.evidence.endswith("; 1 was there before the change")
    assert left.hits == (meant,)
    nothing = without(result, {finding_of(old).mark, finding_of(meant).mark})
    assert nothing.gate.evidence == "47 attacks were held off; 2 were there before the change"
    assert without(result, set()) == result


def test_a_hole_of_the_change_fails_beside_one_that_was_there() -> None:
    old, new = hit("GET /me is open", doubt=False), hit("GET /you is open", doubt=False)
    left = without(attacks_result(AttackReport(hits=(old, new), done=47), 49), {finding_of(old).mark})
    assert not left.gate.passed
    assert left.gate.evidence == "access GET /you is open: it answered 200; 1 was there before the change"


def test_an_error_of_the_server_that_was_there_is_not_shown_again() -> None:
    old = GateFinding(gate=SCHEMA, code="GET /a", text="Server error", source="Server error")
    new = GateFinding(gate=SCHEMA, code="GET /b", text="Server error", source="Server error")
    shown = [
        Hit(
            attack=Attack(id=f"schema/{one.code}", category="schema", title="-", steps=()),
            step=0,
            told="it answered 500",
        )
        for one in (old, new)
    ]
    gate = Gate(name=SCHEMA, passed=False, evidence="two")
    result = GateResult(gate=gate, findings=(old, new), hits=tuple(shown), good="no error")
    assert [one.attack.id for one in without(result, {old.mark}).hits] == ["schema/GET /b"]
    clean = without(result, {old.mark, new.mark})
    assert (clean.gate.passed, clean.gate.evidence) == (True, "nothing new; 2 were there before the change")
    assert not clean.hits
