"""Each flaw that has to be run is found by its gate, on a real engine; the repaired twin is clean."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.corpus import Flaw, flaws
from tests.support.corpus_run import RUN, runner

pytestmark = pytest.mark.docker
MINE = [flaw for flaw in flaws() if flaw.gate in RUN]


@pytest.fixture(scope="module")
def run() -> Iterator[Callable[[Flaw, str], list[str]]]:
    with runner() as found:
        yield found


@pytest.mark.parametrize("flaw", MINE, ids=lambda flaw: f"{flaw.gate}-{flaw.folder}")
def test_the_gate_finds_the_flaw(run: Callable[[Flaw, str], list[str]], flaw: Flaw) -> None:
    reported = run(flaw, "flawed")
    assert flaw.named(reported), reported
    assert flaw.beside(reported) == []
    assert run(flaw, "repaired") == []


def test_every_gate_has_its_part() -> None:
    assert {flaw.gate for flaw in MINE} == set(RUN)
