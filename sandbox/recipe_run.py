"""A recipe that is a program of the repository's own, run in a container without network on the files as text.

The program defines `refactor(files: dict[str, str]) -> dict[str, str | None]`: it gets every text file by path and
gives back what is to be different, None for a file that goes. It runs twice in separate processes, which have to agree.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.probe import BOOT, stdin_for
from sandbox.protocol import WORK, Cause, Command, Sandbox
from sandbox.pytest_run import PROJECT_PYTHON
from sandbox.text import shown
from sandbox.treefiles import is_plain

WITHIN_S = 120.0
_RESULT = f"{WORK}/recipe-result.json"
_MOST_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class Transformed:
    """What a recipe's program gave back; nothing of it has been written."""

    changes: dict[str, str | None] = field(default_factory=dict)
    error: str = ""
    """Why there are no changes: the program failed, does not settle, or wants to write where it may not."""
    line: int = 0
    """Line of the program the error came from, 0 when it is not known."""


def run_program(
    box: Sandbox, path: str, source: str, files: Mapping[str, str], python: str = PROJECT_PYTHON
) -> Transformed:
    """Let a recipe's program work on files; what goes wrong in it is a result.

    Raises:
        EngineFault: the sandbox broke.
    """
    runs = [_once(box, python, path, source, files, seed) for seed in ("0", "1")]
    if runs[0] != runs[1] and not (runs[0].error and runs[1].error):
        return Transformed(error="it gives another result each time (set order, time or chance?)")
    return runs[0]


def _once(box: Sandbox, python: str, path: str, source: str, files: Mapping[str, str], seed: str) -> Transformed:
    task = {"path": path, "source": source, "files": dict(files), "result": _RESULT}
    box.sweep()
    outcome = box.run(
        Command(
            argv=(python, "-B", "-s", "-c", BOOT),
            stdin=stdin_for(task, "recipe"),
            user="app",
            cwd=WORK,
            env={"HOME": WORK, "PYTHONHASHSEED": seed},
            timeout_s=WITHIN_S,
        )
    )
    if outcome.cause is not Cause.EXITED:
        return Transformed(error=f"it did not end by itself: {outcome.cause.value.replace('_', ' ')}")
    answer = box.get(_RESULT, _MOST_BYTES)
    if answer is None:
        said = shown(outcome.stderr.decode("utf-8", "replace").strip()[-300:], 300)
        return Transformed(error=f"it gave no answer (exit code {outcome.exit_code}) {said}".strip())
    return _read(answer)


def _read(answer: bytes) -> Transformed:
    """The program's answer, taken as hostile input."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return Transformed(error="its answer cannot be read")
    if not isinstance(said, dict) or "error" in said or not isinstance(said.get("changes"), dict):
        error = str(said.get("error")) if isinstance(said, dict) and said.get("error") else "its answer cannot be read"
        line = said.get("line") if isinstance(said, dict) else 0
        return Transformed(error=shown(error, 300), line=line if isinstance(line, int) and line > 0 else 0)
    changes: dict[str, str | None] = {}
    for path, text in sorted(said["changes"].items()):
        if not is_plain(path) or path.split("/")[0] in (".git", ".greenloop"):
            return Transformed(error=f"it wants to write {shown(ascii(path), 100)}")
        if text is not None and not isinstance(text, str):
            return Transformed(error="its answer cannot be read")
        changes[path] = text
    return Transformed(changes)
