"""B: output is bounded, shown without anything that acts, and decides nothing."""

import pytest

from sandbox import tars
from sandbox.protocol import Command
from sandbox.pytest_run import run_in_process
from sandbox.text import last_line, shown
from tests.hostile.arena import SMALL, Arena, Note, fits_a_record, resident_mb
from tests.hostile.cases.output import PRINTS, SUITES, Print, Suite

pytestmark = [pytest.mark.docker, pytest.mark.hostile]


@pytest.mark.parametrize("case", PRINTS, ids=lambda case: case.name)
def test_output_is_only_text(arena: Arena, case: Print, note: Note) -> None:
    before = resident_mb()
    outcome = arena.python(case.program, timeout_s=15)
    assert (outcome.cause, outcome.exit_code) == (case.cause, case.exit_code)
    assert len(outcome.stdout) + len(outcome.stderr) <= SMALL.output_bytes
    assert resident_mb() - before < 16
    for raw in (outcome.stdout, outcome.stderr):
        for text in (shown(raw), shown(raw, 500), last_line(raw)):
            fits_a_record(text)
    assert case.keeps in shown(outcome.stdout)
    arena.unharmed()
    note(case.name, case.what, outcome.cause.value)


@pytest.mark.parametrize("case", SUITES, ids=lambda case: case.name)
def test_what_a_suite_prints_decides_nothing(arena: Arena, case: Suite, note: Note) -> None:
    assert arena.box.run(Command(argv=("find", "/src", "-mindepth", "1", "-delete"), timeout_s=30, user="root"))
    arena.box.put(tars.build({"tests/test_it.py": case.tests.encode()}), "/src")
    report = run_in_process(arena.box, timeout_s=30, expected=["tests/test_it.py::test_it"])
    assert report.word is case.word, report.reason
    said = [report.reason, report.output, *(t for r in report.results for t in (r.message, r.details))]
    for text in said:
        fits_a_record(text)
        arena.sees_nothing(text.encode())
    assert len(report.model_dump_json()) < 200_000
    arena.unharmed()
    note(case.name, case.what, report.word.value)
