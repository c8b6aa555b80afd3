"""Coverage of the change: what of it no test reaches, seen while the tests run once more on files that tell what runs.

It advises. The code that is measured runs in the process that tells, so nothing may hang on it.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sandbox import tars
from sandbox.covering import Reached, merged, missed, read_reached
from sandbox.errors import EngineFault
from sandbox.gates.findings import GateFinding, GateResult
from sandbox.gates.stand import Stand
from sandbox.mutants import changed_lines, is_mutable
from sandbox.probe import source_of
from sandbox.protocol import SOURCE, TESTS, WORK, Command
from sandbox.pytest_config import own_config
from sandbox.pytest_run import TREE, run_in_process
from sandbox.reports import Gate, Service, SuiteReport, Word
from sandbox.service import run_service_tests
from sandbox.trust import ACCEPTANCE, kind_of

NAME = "coverage of the change"
TOLD = f"{WORK}/.greenloop-reached"
HOOK = ".greenloop-reached"
"""Folder below the tree whose `sitecustomize.py` begins the watching in the service's interpreter."""
SHOWN = 8
MOST_BYTES = 4_000_000


def coverage(stand: Stand, *, timeout_s: float, aside: Collection[str] = ()) -> GateResult | None:
    """Run the tests of the head once more; None when no statement changed or there are no tests.

    Tests that fail reach what they reach: which of them may is the verdict's affair. `aside`: those that are not run.

    Raises:
        EngineFault: the engine was lost.
    """
    files = {path: text for path, text in stand.trees.changed_files("head").items() if is_mutable(path)}
    base = stand.trees.base
    changed = {
        path: changed_lines(base.content(path) if path in base.keys else None, text) for path, text in files.items()
    }
    if not any(missed(text, changed[path], Reached())[0] for path, text in files.items()):
        return None
    stand.show("head", acceptance=False)
    runs = _runs(stand, [f"{TREE}/{path}" for path in sorted(files)], {"timeout_s": timeout_s, "aside": aside})
    if not runs:
        return None
    found = merged([reached for _, reached in runs])
    told = next((f"{report.word.value} {report.reason}".strip() for report, _ in runs if not report.complete), "")
    if told or not found:
        why = told or "none of the changed files was imported from its source"
        return GateResult(gate=_gate(passed=False, evidence=f"not measured: {why}"))
    return _result(files, changed, found)


def _result(files: Mapping[str, bytes], changed: Mapping[str, set[int]], found: Mapping[str, Reached]) -> GateResult:
    count, findings = 0, list[GateFinding]()
    for path, text in sorted(files.items()):
        number, left = missed(text, changed[path], found.get(path, Reached()))
        lines = text.decode("utf-8", "replace").splitlines()
        count += number
        findings += [
            GateFinding(
                gate=NAME, code="not reached", text=one.what, path=path, line=one.line,
                source=lines[one.line - 1].strip(),
            )
            for one in left
        ]  # fmt: skip
    evidence = f"{count - len(findings)} of {count} changed statements and branches are reached by tests"
    if findings:
        places = ", ".join(f"{f.path}:{f.line} ({f.text})" for f in findings[:SHOWN])
        more = f" and {len(findings) - SHOWN} more" if len(findings) > SHOWN else ""
        evidence += f"; not: {places}{more}"
    return GateResult(gate=_gate(passed=not findings, evidence=evidence), findings=tuple(findings))


def _gate(*, passed: bool, evidence: str) -> Gate:
    return Gate(name=NAME, passed=passed, blocking=False, evidence=evidence, command="the tests once more, watched")


def _runs(stand: Stand, names: list[str], how: dict[str, Any]) -> list[tuple[SuiteReport, dict[str, Reached]]]:
    """Acceptance tests with the service watched, and the repository's own tests, as far as there are any."""
    head, service, box = stand.trees.head, stand.trees.services["head"], stand.box
    runs: list[tuple[SuiteReport, dict[str, Reached]]] = []
    acceptance = head.read([path for path in head.keys if path.startswith(ACCEPTANCE)])
    if acceptance and service is not None:
        box.put(tars.build(acceptance), TESTS)
        hook = f"{source_of('reached')}\nwatch({names!r}, {TOLD!r})\n"
        box.put(tars.build({f"{HOOK}/sitecustomize.py": hook.encode()}), SOURCE)
        try:
            runs.append((run_service_tests(box, service=_watched(service), **how), _told(stand)))
        finally:
            _away(stand)
    if any(kind_of(path) == "test" and path.endswith(".py") for path in head.keys):
        config = own_config(lambda name: head.content(name) if name in head.keys else None)
        report = run_in_process(
            box, ini=config.ini, options=config.options, env=service.env if service else None,
            reached=(names, TOLD), **how,
        )  # fmt: skip
        if report.word is not Word.NO_TESTS:
            runs.append((report, _told(stand)))
    return runs


def _watched(service: Service) -> Service:
    path = f"{TREE}/{HOOK}:{TREE}:{TREE}/src"
    return service.model_copy(update={"env": {**service.env, "PYTHONPATH": path}})


def _told(stand: Stand) -> dict[str, Reached]:
    return read_reached(stand.box.get(TOLD, MOST_BYTES) or b"", TREE)


def _away(stand: Stand) -> None:
    """Take the hook out of `/src`.

    Raises:
        EngineFault: it stays there, so nothing else may be measured.
    """
    if not stand.box.run(Command(argv=("rm", "-rf", f"{SOURCE}/{HOOK}"), timeout_s=30, user="root")):
        raise EngineFault("the tree cannot be cleaned after measuring")
