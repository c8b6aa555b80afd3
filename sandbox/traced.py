"""A repository's tests run once with every line they reach noted: what they say, and what of a change they cover."""

import ast
import dataclasses
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import Field

from sandbox.errors import EngineFault
from sandbox.jobs import Job, Plain
from sandbox.mutants import changed_lines
from sandbox.protocol import SOURCE, TESTS, Engine, Limits, Process, Sandbox
from sandbox.pytest_run import IN_PROCESS, run_in_process
from sandbox.reports import Frozen, Service, SuiteReport, TestResult
from sandbox.service import LAUNCH, run_service_tests
from sandbox.trust import Arrangement

NOTED = "/work/lines.txt"
MOST_BYTES = 20_000_000
TRACER = ("tracer",)
_SILENT = (ast.Pass, ast.Global, ast.Nonlocal)


class Traced(Frozen):
    """One run of everything."""

    results: tuple[TestResult, ...] = ()
    lines: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    """Path -> numbers of the lines that ran."""
    trouble: tuple[str, ...] = ()
    """Why a suite did not come to its end."""

    def outcomes(self) -> dict[str, str]:
        """Node id -> outcome."""
        return {result.node_id: result.outcome for result in self.results}


class Span(Frozen):
    """A statement, or the head of a compound one."""

    start: int
    end: int
    function: str = ""
    """The function it is in (`Cart.total`), empty at the module's top."""


class TracedStarter(Plain):
    """Starts the project's own processes with the tracer before them."""

    def start(self, job: Job) -> Process:
        """See `Starter.start`."""
        if job.parts == IN_PROCESS:
            job = dataclasses.replace(job, parts=("reporter", *TRACER, "in_process"))
        elif job.parts == LAUNCH:
            job = dataclasses.replace(job, parts=(*TRACER, *LAUNCH))
        return super().start(job)


def run_traced(
    engine: Engine,
    image: str,
    arrangement: Arrangement,
    *,
    service: Service | None,
    limits: Limits,
    run_id: str,
    timeout_s: float,
    aside: Collection[str] = (),
) -> Traced:
    """Run the repository's tests, and the acceptance tests over HTTP when it has some, in a fresh container.

    `aside`: whole node ids that are not run.

    Raises:
        EngineUnavailable, ImageUnavailable: nothing can be run here.
        EngineFault: the engine was lost.
    """
    reports: list[SuiteReport] = []
    noted: dict[str, set[int]] = {}
    config, env = arrangement.config, service.env if service else {}
    with engine.open(image, run_id=run_id, limits=limits) as box:
        box.put(arrangement.source, SOURCE)
        box.put(arrangement.tests, TESTS)
        starter = TracedStarter(box)
        how: dict[str, Any] = {"timeout_s": timeout_s, "starter": starter, "aside": aside}
        reports.append(run_in_process(box, ini=config.ini, options=config.options, env=env, **how))
        _add(noted, lines_noted(box))
        if service is not None and arrangement.has_acceptance:
            reports.append(run_service_tests(box, service=service, **how))
            _add(noted, lines_noted(box))
    return Traced(
        results=tuple(result.model_copy(update={"details": ""}) for report in reports for result in report.results),
        lines={path: tuple(sorted(found)) for path, found in sorted(noted.items())},
        trouble=tuple(f"{r.word.value}: {r.reason}" for r in reports if not r.complete),
    )


def lines_noted(box: Sandbox) -> dict[str, set[int]]:
    """What the tracer of the last processes wrote down; nothing when they wrote none or far too much."""
    try:
        content = box.get(NOTED, MOST_BYTES)
    except EngineFault as fault:
        if "larger" not in str(fault):
            raise
        return {}
    found: dict[str, set[int]] = {}
    for row in (content or b"").decode("utf-8", "replace").splitlines():
        path, _, number = row.rpartition(":")
        if path and number.isdecimal():
            found.setdefault(path, set()).add(int(number))
    return found


def _add(noted: dict[str, set[int]], more: Mapping[str, Collection[int]]) -> None:
    for path, numbers in more.items():
        noted.setdefault(path, set()).update(numbers)


def spans(source: bytes) -> list[Span]:
    """Every statement that does something when it runs, in order; none of a file that cannot be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return list(_spans(tree.body, ""))


def _spans(body: list[ast.stmt], function: str) -> Iterator[Span]:
    for node in body:
        inner = function
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{function}.{node.name}" if function else node.name
        parts = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
        parts += [handler.body for handler in getattr(node, "handlers", [])]
        parts += [case.body for case in getattr(node, "cases", [])]
        first = next((one[0] for one in parts if one), None)
        end = node.end_lineno or node.lineno
        if first is not None:
            end = max(node.lineno, first.lineno - 1)
        if not _is_silent(node, function):
            decorators = [one.lineno for one in getattr(node, "decorator_list", [])]
            yield Span(start=min([node.lineno, *decorators]), end=end, function=function)
        for part in parts:
            yield from _spans(part, inner)


def _is_silent(node: ast.stmt, function: str) -> bool:
    """Nothing runs, or nothing that a tracer tells."""
    if isinstance(node, _SILENT) or (isinstance(node, ast.AnnAssign) and node.value is None and bool(function)):
        return True
    return isinstance(node, ast.Try) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def touched(before: bytes | None, after: bytes) -> list[Span]:
    """Statements of `after` that are not so in `before`; all of them when there was no file."""
    lines = changed_lines(before, after)
    return [span for span in spans(after) if any(line in lines for line in range(span.start, span.end + 1))]


def not_reached(found: Collection[Span], ran: Collection[int]) -> list[Span]:
    """Those of them no line of which ran."""
    return [span for span in found if not any(line in ran for line in range(span.start, span.end + 1))]
