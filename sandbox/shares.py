"""A suite split over several children of a worker, by how long its tests took before."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.jobs import Job
from sandbox.protocol import WORK
from sandbox.reports import SuiteReport, Word
from sandbox.suite import matches, missing_of

FEWEST = 8
"""Smaller suites are not worth a second collection."""


def divide(durations: Mapping[str, float], shares: int) -> dict[str, int]:
    """Which share runs a test: the longest first, each to the share that has least."""
    loads = [0.0] * shares
    assigned: dict[str, int] = {}
    for node_id in sorted(durations, key=lambda one: (-round(durations[one], 2), one)):
        share = loads.index(min(loads))
        assigned[node_id] = share
        loads[share] += max(durations[node_id], 0.001)
    return assigned


def tasks_of(job: Job, assigned: Mapping[str, int], shares: int) -> list[dict[str, Any]]:
    """One task per share: the same suite, only its own part of it, in a folder of its own."""
    tasks = []
    for number in range(shares):
        home = WORK if number == 0 else f"{WORK}/share-{number}"
        task = {key: _moved(value, home) for key, value in job.task.items()}
        env = {key: _moved(value, home) for key, value in job.env.items()}
        mine = {"assigned": dict(assigned), "number": number, "of": shares}
        tasks.append(task | {"nonce": secrets.token_hex(16), "share": mine, "home": home, "env": env})
    return tasks


def _moved(value: Any, home: str) -> Any:
    """The value with the writable folder replaced wherever it is named."""
    if isinstance(value, str):
        return value.replace(f"{WORK}/", f"{home}/") if value != WORK else home
    if isinstance(value, list):
        return [_moved(one, home) for one in value]
    return value


def joined(reports: Sequence[SuiteReport], expected: Sequence[str] | None) -> SuiteReport | None:
    """The shares' reports as one when all is well; None when anything is not, which a run in one piece has to tell."""
    words = {report.word for report in reports}
    if Word.GREEN not in words or not words <= {Word.GREEN, Word.NO_TESTS}:
        return None
    results = tuple(result for report in reports for result in report.results)
    idle = (result for result in results if result.outcome != "passed")
    owed = any(matches(result.node_id, one) for result in idle for one in expected or ())
    if owed or missing_of(expected or (), results) or len({r.node_id for r in results}) != len(results):
        return None
    return SuiteReport(
        word=Word.GREEN,
        results=tuple(sorted(results, key=lambda result: result.node_id.partition("::")[0])),
        touched={node_id: paths for report in reports for node_id, paths in report.touched.items()},
        output="\n".join(report.output for report in reports),
        elapsed_s=max(report.elapsed_s for report in reports),
    )
