"""Failing tests put together by what seems to be one bug: the same error at the same place of the code."""

import re
from collections.abc import Sequence

from agents.bugs.traces import located, traces_in
from sandbox.reports import TestResult

_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?|'[^']*'|\"[^\"]*\"")


def groups_of(failures: Sequence[TestResult], files: Sequence[str]) -> list[list[str]]:
    """Node ids of failing tests, those of one bug together, in the order they were given.

    `files`: the repository's; frames in tests tell nothing about where the bug is, so that a failure whose trace does
    not leave the tests stands with those of the same file and message.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    code = [path for path in files if not _is_test(path)]
    for failure in failures:
        found.setdefault(_key(failure, code), []).append(failure.node_id)
    return list(found.values())


def _key(failure: TestResult, code: Sequence[str]) -> tuple[str, ...]:
    traces = [located(trace, code) for trace in traces_in(failure.details)]
    last = next((trace for trace in reversed(traces) if trace.frames), None)
    if last is not None:
        frame = last.frames[-1]
        return last.error, frame.file, frame.function or str(frame.line)
    path, _, name = failure.node_id.partition("::")
    return path, name.partition("[")[0], _NUMBERS.sub("#", failure.message)


def _is_test(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py" or "tests/" in f"/{path}"
