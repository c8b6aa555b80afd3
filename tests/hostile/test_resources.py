"""A: whoever takes too much is named for it, in time, and leaves nothing behind."""

import pytest

from tests.hostile.arena import Arena, Note
from tests.hostile.cases.resources import CASES, Case

pytestmark = [pytest.mark.docker, pytest.mark.hostile]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_limit_holds_and_has_a_name(arena: Arena, case: Case, note: Note) -> None:
    outcome = arena.python(case.program, timeout_s=case.timeout_s)
    assert (outcome.cause, outcome.exit_code) == (case.cause, case.exit_code), outcome.stderr[-500:]
    if case.says is not None:
        assert outcome.stdout == case.says
    arena.unharmed()
    note(case.name, case.what, outcome.cause.value)


def test_the_catalogue_is_complete() -> None:
    assert len(CASES) >= 18
