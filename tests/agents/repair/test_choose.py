"""Choosing among edits that all make the tests pass."""

from collections.abc import Callable, Sequence

from agents.repair.candidate import Candidate, Edit, Suspect
from agents.repair.choose import Choice, choose
from agents.repair.differ import Answer, Compared, calls_for, tells, written
from agents.repair.inputs import more_inputs
from agents.repair.losses import losses, reason_for

SOURCE = """@app.get("/items/{number}")
def read(number):
    if number < 0:
        raise ValueError("negative")
    return number * 2 + 1
"""
SOURCES = {"a.py": SOURCE}
SUSPECTS = [Suspect("a.py", 5, 1.0), Suspect("a.py", 3, 0.5)]


def edit(old: str, new: str, prior: float = 0.3, family: str = "arithmetic") -> Candidate:
    start = SOURCE.index(old)
    line = SOURCE.count("\n", 0, start) + 1
    return Candidate((Edit("a.py", start, start + len(old), new),), family, line, prior, f"{old} becomes {new}")


def answering(answers: dict[Candidate, list[Answer]], before: list[Answer]) -> Callable[..., Compared]:
    calls = tuple(f"read(number={n})" for n in range(len(before)))
    return lambda asked: Compared(calls, tuple(before), {one: tuple(answers[one]) for one in asked if one in answers})


def chosen(*repairs: Candidate, errors: dict[str, str] | None = None, differ: object = None) -> Choice:
    unknown = lambda _: Compared()  # noqa: E731 - nothing can be run
    return choose(repairs, SOURCES, SUSPECTS, errors or {}, differ or unknown)  # type: ignore[arg-type]


MINUS, TIMES, NO_ONE = edit("2 + 1", "2 - 1"), edit("number * 2", "number * 3"), edit(" + 1", "")
NO_RAISE = edit('raise ValueError("negative")', "pass", 0.9)
NO_ROUTE = edit('@app.get("/items/{number}")\n', "", 0.9)


def test_the_likeliest_by_prior_and_suspicion() -> None:
    best = edit("2 + 1", "2 - 1", 0.5)
    far = edit("number < 0", "number <= 0", 0.7)
    found = chosen(far, best)
    assert (found.best, found.order) == (best, (best, far)) and not found.sure
    assert "nothing could be run that tells them apart" in found.trust
    assert found.alternatives[0].candidate == far and found.alternatives[0].why


def test_the_only_one() -> None:
    found = chosen(MINUS)
    assert found.best == MINUS and found.sure and found.trust == "the only edit found that makes every test pass"
    assert chosen().best is None


def test_what_takes_away_needs_a_reason() -> None:
    found = chosen(NO_RAISE, NO_ROUTE)
    assert found.best is None and [one.why for one in found.alternatives] == [
        "takes away an error that was raised", "takes away a route"
    ]  # fmt: skip
    assert chosen(NO_RAISE, MINUS).best == MINUS
    reasoned = chosen(NO_RAISE, errors={"t": "ValueError: negative"})
    assert reasoned.best == NO_RAISE
    assert "ValueError" in reason_for(NO_RAISE, SOURCES, {"t": "ValueError: negative"})
    assert reason_for(NO_RAISE, SOURCES, {"t": "assert 1 == 2"}) == ""


def test_losses_in_words() -> None:
    assert losses(NO_ROUTE, SOURCES) == ("a route", "a call")
    assert losses(MINUS, SOURCES) == ()
    assert losses(edit("number < 0", "number < 0 and number"), SOURCES) == ()


def test_those_that_answer_alike_stand_for_each_other() -> None:
    answers: dict[Candidate, list[Answer]] = {
        MINUS: [("value", "1"), ("value", "3")],
        NO_ONE: [("value", "1"), ("value", "3")],
        TIMES: [("value", "1"), ("value", "9")],
    }
    found = chosen(TIMES, MINUS, NO_ONE, differ=answering(answers, [("value", "1"), ("value", "5")]))
    assert found.best == MINUS and found.indistinguishable == (NO_ONE,)
    assert "read(number=1) gives 3, not 9" in found.alternatives[0].why


def test_the_one_that_changes_least() -> None:
    answers: dict[Candidate, list[Answer]] = {
        TIMES: [("value", "0"), ("value", "0"), ("error", "ZeroDivisionError")],
        MINUS: [("value", "1"), ("value", "2"), ("value", "9")],
    }
    found = chosen(TIMES, MINUS, differ=answering(answers, [("value", "1"), ("value", "2"), ("value", "3")]))
    assert found.best == MINUS and found.sure


def test_an_error_where_there_was_an_answer() -> None:
    many: list[Answer] = [("value", str(n)) for n in range(20)]
    answers: dict[Candidate, list[Answer]] = {
        TIMES: [*many[:-2], ("value", "x"), ("error", "IndexError")],
        MINUS: [*many[:-2], ("value", "x"), ("value", "y")],
    }
    found = chosen(TIMES, MINUS, differ=answering(answers, many))
    assert found.best == MINUS and found.sure


def test_idle_arithmetic_is_no_ones_intention() -> None:
    assert chosen(edit("2 + 1", "2 + 0"), NO_ONE).best == NO_ONE


def test_further_inputs_are_near_those_seen() -> None:
    seen = ["{'values': [3, 1], 'most': 2}"]
    found = more_inputs(seen, 40)
    assert found[0] == seen[0] and 20 < len(found) <= 40 and len(set(found)) == len(found)
    assert found == more_inputs(seen, 40)
    assert {"{'values': [], 'most': 2}", "{'values': [3, 1], 'most': 0}"} <= set(found)
    assert more_inputs(["{'x': nonsense}"]) == ["{'x': nonsense}"] and more_inputs([]) == []


def test_calls_of_the_changed_function_come_first() -> None:
    seen = [("a.py", "other", ["{}"]), ("a.py", "read", ["{'number': 1}"]), ("b.py", "far", ["{}"])]
    calls = calls_for([MINUS], seen, SOURCES)
    assert calls[0] == ("a.py", "read", "{'number': 1}") and {name for _, name, _ in calls} == {"read", "other"}
    assert written(calls[0]) == "read(number=1)"


def test_what_always_says_the_same_tells_nothing() -> None:
    calls = [("a.py", "page", "{'limit': 1}"), ("a.py", "page", "{'limit': 2}"), ("a.py", "read", "{'number': 1}")]
    none, some = ("value", "[]"), ("value", "[1]")
    said = [{"0": none, "1": none, "2": none, "GET /a?b=1, asked": none, "GET /c, asked": none},
            {"0": none, "2": some, "GET /a?b=2, asked": some}]  # fmt: skip
    asked = {one: tells(one, calls, said) for answers in said for one in answers}
    assert {one for one, tell in asked.items() if tell} == {"2", "GET /a?b=1, asked", "GET /a?b=2, asked"}


def test_nothing_to_compare() -> None:
    nothing: Sequence[tuple[str, str, list[str]]] = ()
    assert calls_for([MINUS], nothing, SOURCES) == []
    assert Compared().first_difference(MINUS, TIMES) == ""


def test_what_is_unlikely_and_disputed_is_not_taken() -> None:
    one, two = edit("2 + 1", "2 - 1", 0.02), edit("number < 0", "number <= 0", 0.04)
    answers = {one: [("value", "1")], two: [("value", "2")]}
    found = chosen(one, two, differ=answering(answers, [("value", "3")]))
    assert found.best is None and not found.order
    assert {rejected.candidate for rejected in found.alternatives} == {one, two}
    assert "the tests leave it open" in found.trust and "none of them is likely" in found.trust
    assert chosen(one).best == one


def test_the_same_answer_to_everything_is_none() -> None:
    before: list[Answer] = [("value", "1"), ("value", "3")]
    flat: dict[Candidate, list[Answer]] = {TIMES: [("value", "7"), ("value", "7")]}
    varied: dict[Candidate, list[Answer]] = {TIMES: [("value", "7"), ("value", "8")]}
    found = choose([TIMES], SOURCES, SUSPECTS, {}, answering(flat, before), lambda _: "'x'")
    assert found.best is None and found.alternatives[0].why == "answers 'x' whatever it is asked"
    found = choose([TIMES], SOURCES, SUSPECTS, {}, answering(varied, before), lambda _: "'x'")
    assert found.best == TIMES and found.trust.endswith("; 'x' stands nowhere but in the failing tests")
    assert choose([TIMES], SOURCES, SUSPECTS, {}, answering(flat, before)).best == TIMES
