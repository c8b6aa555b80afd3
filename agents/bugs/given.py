"""A bug that comes with the tests that show it: nothing is left to reproduce."""

from agents.contracts import Criterion, Plan, PlanStep, Request, TestCase, TestSuite
from agents.hunter import test_names


def given_plan(request: Request) -> Plan:
    """One criterion for each test file, in the words of the request's lines when there are as many."""
    lines = [line for line in request.text.splitlines() if line.strip()]
    if len(lines) != len(request.proof):
        lines = [f"The tests of {file.path} pass." for file in request.proof]
    criteria = tuple(Criterion(id=f"C{n}", text=f"No longer: {line}") for n, line in enumerate(lines, 1))
    ids = tuple(criterion.id for criterion in criteria)
    return Plan(
        summary=f"Fix: {lines[0]}" + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""),
        criteria=criteria,
        steps=(
            PlanStep(title="Add the tests that show the bugs", criteria=ids),
            PlanStep(title="Find the lines to blame and repair them", criteria=ids),
        ),
    )


def given_suite(request: Request, plan: Plan) -> TestSuite:
    """The given tests, each for its criterion."""
    cases = [
        TestCase(node_id=f"{file.path}::{name}", criteria=(criterion.id,))
        for file, criterion in zip(request.proof, plan.criteria, strict=True)
        for name in test_names(file.content)
    ]
    return TestSuite(files=request.proof, cases=tuple(cases))
