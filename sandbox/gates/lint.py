"""Lint by ruff: the repository's own settings where it has some, else what a FastAPI backend is held to."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from sandbox import tars
from sandbox.errors import EngineFault
from sandbox.gates.findings import GateFinding, GateResult, evidence, worse
from sandbox.gates.stand import Side, Stand
from sandbox.protocol import SCRATCH, Cause, Command
from sandbox.reports import Gate
from sandbox.text import escaped, shown

NAME = "lint"
RUFF = "/opt/gates/bin/ruff"
SETTINGS = ("ruff.toml", ".ruff.toml", "pyproject.toml")
SELECTED = "E4,E7,E9,F,B,S,ASYNC,FAST,ANN001,ANN201,ANN202,ANN204,ANN205,ANN206"
IGNORED = "B008"
"""`Depends()` as a default is FastAPI's older form, no mistake."""
LEFT_OUT = "tests/*:S,ANN;test_*.py:S,ANN;*_test.py:S,ANN;conftest.py:S,ANN;*/versions/*:ANN"
TIMEOUT_S = 60.0
_MOST = 2_000


def lint(stand: Stand, *, loosely: bool = False) -> GateResult:
    """What ruff finds in the changed files and did not find in them before; `loosely`: see `findings.worse`.

    Raises:
        EngineFault: ruff did not run.
    """
    begun = {side: _findings(stand, side) for side in ("base", "head")}
    found = worse(begun["base"], begun["head"], loosely=loosely)
    own = _own_settings(stand)
    command = f"ruff check {'(own settings)' if own else f'--select {SELECTED}'} on the changed files"
    gate = Gate(
        name=NAME,
        passed=not found,
        evidence=evidence(found, "nothing new is found in the changed files"),
        command=command,
    )
    return GateResult(gate=gate, findings=tuple(found))


def _own_settings(stand: Stand) -> dict[str, bytes]:
    """Files with ruff's settings in the tree after the change."""
    tree = stand.trees.head
    found: dict[str, bytes] = {}
    for path in tree.keys:
        if path.rpartition("/")[2] in SETTINGS:
            content = tree.content(path) or b""
            if not path.endswith("pyproject.toml") or _has_table(content):
                found[path] = content
    return found


def _has_table(content: bytes) -> bool:
    try:
        tools = tomllib.loads(content.decode("utf-8-sig", "replace")).get("tool", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return isinstance(tools, dict) and "ruff" in tools


def _findings(stand: Stand, side: Side) -> list[GateFinding]:
    files = stand.trees.changed_files(side)
    if not files:
        return []
    own = _own_settings(stand)
    stand.box.wipe()
    stand.box.put(tars.build({**files, **own}), SCRATCH)
    how = [] if own else ["--isolated", "--select", SELECTED, "--ignore", IGNORED, "--per-file-ignores", _left_out()]
    argv = [RUFF, "check", "--no-cache", "--output-format", "json", "--exit-zero", "--no-fix", *how, "."]
    done = stand.box.run(
        Command(argv=argv, user="tests", cwd=SCRATCH, timeout_s=TIMEOUT_S, env={"RUFF_NO_CACHE": "true"})
    )
    if done.cause is not Cause.EXITED or done.exit_code != 0:
        raise EngineFault(f"ruff did not run ({done.cause}): {shown(done.stderr, 300)}")
    return [_finding(row, files) for row in json.loads(done.stdout)[:_MOST]]


def _left_out() -> str:
    pairs = (one.partition(":") for one in LEFT_OUT.split(";"))
    return ",".join(f"{pattern}:{code}" for pattern, _, codes in pairs for code in codes.split(","))


def _finding(row: Mapping[str, Any], files: Mapping[str, bytes]) -> GateFinding:
    path = str(row["filename"]).removeprefix(f"{SCRATCH}/")
    line = int((row.get("location") or {}).get("row") or 0)
    lines = files.get(path, b"").decode("utf-8", "replace").splitlines()
    return GateFinding(
        gate=NAME,
        code=str(row.get("code") or "syntax"),
        text=shown(str(row.get("message", "")), 200),
        path=escaped(path),
        line=line,
        source=lines[line - 1] if 0 < line <= len(lines) else "",
    )
