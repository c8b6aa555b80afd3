"""Coverage of the change: which of the changed lines of the service the acceptance tests reach, over HTTP."""

import ast
import json
from collections.abc import Collection, Mapping

from sandbox import tars
from sandbox.gates.findings import GateFinding, GateResult
from sandbox.gates.stand import Stand
from sandbox.mutants import changed_lines, is_mutable
from sandbox.probe import source_of
from sandbox.protocol import SOURCE, TESTS, WORK, Command
from sandbox.pytest_run import TREE
from sandbox.reports import Gate
from sandbox.service import PORT, run_service_tests
from sandbox.trust import kind_of

NAME = "coverage of the change"
FOLDER = "greenloop_traced"
REACHED = f"{WORK}/greenloop-reached"
SLOWER = 3
"""A service that is watched may take so many times as long to start."""
NAMED = 6
"""Places named in the evidence."""
_NO_LINE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Try, ast.Global,
            ast.Nonlocal, ast.Pass)  # fmt: skip
"""Statements that are no step of the program, or always one."""


def statement_lines(source: bytes) -> set[int]:
    """First lines of the statements inside of functions, none of a file that cannot be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {
        statement.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in ast.walk(function)
        if isinstance(statement, ast.stmt) and not isinstance(statement, _NO_LINE) and not _is_text(statement)
    }


def changed_statements(stand: Stand) -> dict[str, set[int]]:
    """Path -> lines of statements that the change brought, migrations and tests left out."""
    base, head = stand.trees.base, stand.trees.head
    found = {}
    for path in sorted(stand.trees.changed):
        after = head.content(path) if is_mutable(path) and kind_of(path) is None else None
        lines = changed_lines(base.content(path), after) & statement_lines(after) if after is not None else set()
        if lines:
            found[path] = lines
    return found


def coverage(stand: Stand, tests: bytes, timeout_s: float) -> GateResult | None:
    """The acceptance tests once more, with the service watched; None when no statement of a service was changed.

    It only advises. The last gate of a stand: what it puts into `/src` stays there.

    Raises:
        EngineFault: the engine was lost.
    """
    service, wanted = stand.trees.services["head"], changed_statements(stand)
    if service is None or not wanted:
        return None
    stand.show("head")
    argv = [word.replace("{port}", str(PORT)) for word in service.argv[1:]]
    task = {
        "target": REACHED,
        "argv": argv,
        "lines": {f"{TREE}/{path}": sorted(lines) for path, lines in wanted.items()},
    }
    watcher = {
        f"{FOLDER}/sitecustomize.py": source_of("reaching").encode(),
        f"{FOLDER}/lines.json": json.dumps(task).encode(),
    }
    stand.box.put(tars.build(watcher), SOURCE)
    stand.box.put(tests, TESTS)
    watched = service.model_copy(update={"env": {**service.env, "PYTHONPATH": f"{TREE}/{FOLDER}:{TREE}:{TREE}/src"}})
    report = run_service_tests(stand.box, service=watched, timeout_s=timeout_s)
    done = stand.box.run(Command(argv=("cat", REACHED), user="app", timeout_s=30))
    reached: dict[str, set[int]] = {}
    for row in done.stdout.decode("utf-8", "replace").splitlines():
        path, _, line = row.rpartition(":")
        if line.isdecimal():
            reached.setdefault(path.removeprefix(f"{TREE}/"), set()).add(int(line))
    if not report.complete or not reached:
        return _result(wanted, wanted, f"not measured: {report.reason or 'the service told of no line'}")
    return _result(wanted, {path: lines - reached.get(path, set()) for path, lines in wanted.items()})


def _result(
    wanted: Mapping[str, Collection[int]], missed: Mapping[str, Collection[int]], trouble: str = ""
) -> GateResult:
    total, left = sum(map(len, wanted.values())), sum(map(len, missed.values()))
    places = [f"{path}:{line}" for path, lines in missed.items() for line in sorted(lines)]
    more = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
    named = f"; not reached: {', '.join(places[:NAMED])}{more}" if places else ""
    evidence = trouble or f"{total - left} of {total} changed statements are reached by the acceptance tests{named}"
    gate = Gate(
        name=NAME, passed=not left and not trouble, blocking=False, evidence=evidence,
        command="pytest tests/acceptance, the service watched",
    )  # fmt: skip
    found = (
        [] if trouble else [GateFinding(gate=NAME, code="missed", text=f"{place} is not reached") for place in places]
    )
    return GateResult(gate=gate, findings=tuple(found))


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
