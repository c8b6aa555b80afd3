"""What the gate `attacks` says of hits that may be meant, and of those that may not."""

from sandbox.attack.script import Attack, AttackReport, Hit
from sandbox.gates.probe import attacks_result


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
