"""A bug report as plan and reproduction, by rule: what can be checked becomes a test, and nothing is invented."""

import re
from collections.abc import Sequence

from agents.bugs import http_tests, python_tests
from agents.bugs.report import BugReport, Example, Exchange
from agents.contracts import Criterion, Plan, PlanStep, TestCase, TestFile, TestSuite
from agents.errors import NotUnderstood
from agents.offline.placing import beside
from agents.offline.source import short
from agents.profile import AppProfile, Source
from agents.reading.modules import read_code

ADVICE = (
    "Say what is called and what should come of it, for example: `GET /books/1` returns 500, expected 404; or "
    "`slug('A b')` returns 'A-b', expected 'a-b'; or name failing tests with --test or --failing"
)


def fix_plan(report: BugReport) -> Plan:
    """One criterion for the requests, one for each example, one for each failing test.

    Raises:
        NotUnderstood: nothing in the report can be checked.
    """
    criteria = [_criterion(n, text) for n, (_, text) in enumerate(_parts(report), 1)]
    if not criteria:
        raise NotUnderstood(report.words, ADVICE)
    ids = tuple(c.id for c in criteria)
    steps = (
        PlanStep(title="Reproduce the bug with a test that fails", criteria=ids),
        PlanStep(title="Find the lines to blame and repair them", criteria=ids),
    )
    return Plan(
        summary=f"Fix: {report.words}",
        criteria=tuple(criteria),
        steps=steps,
        assumptions=(),
        spec={"bug": report.model_dump(mode="json")},
    )


def _criterion(number: int, text: str) -> Criterion:
    return Criterion(id=f"C{number}", text=text)


def _parts(report: BugReport) -> list[tuple[str | Example | Sequence[Exchange], str]]:
    """What can be checked, each with its sentence."""
    found: list[tuple[str | Example | Sequence[Exchange], str]] = [(t, f"{t} passes.") for t in report.tests]
    told = [e for e in report.exchanges if e.tells]
    if told:
        last = report.exchanges.index(told[-1]) + 1
        found.append((report.exchanges[:last], " ".join(http_tests.says(e) for e in told)))
    found += [(e, python_tests.says(e)) for e in report.examples if e.tells]
    return found


def reproduction(report: BugReport, plan: Plan, source: Source, profile: AppProfile) -> TestSuite:
    """The tests of a report: those that were given, and new ones for its requests and examples.

    Raises:
        NotUnderstood: what it speaks of is not found in the repository with certainty.
    """
    stem = short("fix_" + (re.sub(r"[^a-z0-9]+", "_", report.words.lower()).strip("_") or "bug"), 60)
    files: list[TestFile] = []
    cases: list[TestCase] = []
    examples: list[python_tests.Named] = []
    for criterion, (part, _) in zip(plan.criteria, _parts(report), strict=True):
        if isinstance(part, str):
            cases.append(TestCase(node_id=part, criteria=(criterion.id,)))
        elif isinstance(part, Example):
            examples.append((criterion.id, part))
        elif profile.exists:
            file, mine = http_tests.http_suite(stem, part, criterion.id, profile)
            files.append(file)
            cases += mine
    made = python_tests.python_suite(stem, report.words, examples, read_code(source)) if examples else None
    if made is not None:
        files.append(made[0])
        cases += made[1]
    if not cases:
        raise NotUnderstood(report.words, f"What it calls is not in the repository under one certain name. {ADVICE}")
    return beside(TestSuite(files=tuple(files), cases=tuple(cases)), plan, source)
