"""What the documentation shows: examples in docstrings and pages that held before a change must go on holding.

The examples are those of the code before the change, so that no change can rewrite what it is held to.
"""

import ast
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sandbox import stream
from sandbox.gates.findings import GateFinding, GateResult, evidence
from sandbox.gates.stand import Side, Stand
from sandbox.listing import Listing
from sandbox.probe import BOOT, stdin_for
from sandbox.protocol import SCRATCH, SOURCE, Command
from sandbox.pytest_run import PROJECT_PYTHON
from sandbox.reports import Gate
from sandbox.text import escaped, shown
from sandbox.trust import kind_of

NAME = "documented"
PAGES = re.compile(r"(?i)\.(?:md|rst|txt)$")
MOST = 300
LARGEST = 200_000
WITHIN_S = 20.0
"""For the examples of one module."""


class Block(NamedTuple):
    """Some text with examples."""

    key: str
    path: str
    line: int
    """Where it begins in its file (from 1)."""
    module: str
    """Whose names it uses; empty for a page."""
    text: str


def blocks_of(tree: Listing) -> list[Block]:
    """Every docstring and page with an example in it."""
    found: list[Block] = []
    for path in sorted(tree.keys):
        if len(found) >= MOST:
            break
        if (path.endswith(".py") and kind_of(path) is None) or PAGES.search(path):
            text = (tree.content(path) or b"")[:LARGEST].decode("utf-8", "replace")
            if ">>>" in text:
                found += _of_module(path, text) if path.endswith(".py") else [Block(path, path, 1, "", text)]
    return found[:MOST]


def _of_module(path: str, text: str) -> Iterator[Block]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    module = path.removesuffix(".py").removesuffix("/__init__").removeprefix("src/").replace("/", ".")
    kinds = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and ">>>" in (said := ast.get_docstring(node, clean=True) or ""):
            line = node.body[0].lineno
            yield Block(f"{path}:{line}", path, line, module, said)


def documented(stand: Stand, env: Mapping[str, str] | None = None) -> GateResult | None:
    """Run the examples on both trees; None when there are none, or no Python file changed.

    Raises:
        EngineFault: the engine was lost.
    """
    if not any(path.endswith(".py") and kind_of(path) is None for path in stand.trees.changed):
        return None
    blocks = blocks_of(stand.trees.base)
    if not blocks:
        return None
    before = {key for key, (_, good) in _outcomes(stand, "base", blocks, env or {}).items() if good}
    after = _outcomes(stand, "head", blocks, env or {})
    places = {block.key: block for block in blocks}
    lost = [
        _finding(places[key[0]], key[1], after.get(key)) for key in sorted(before) if not after.get(key, ("", 0))[1]
    ]
    gate = Gate(
        name=NAME,
        passed=not lost,
        evidence=evidence(lost, f"{len(before)} examples of the documentation hold as before"),
        command="doctest: the examples of the code before the change",
    )
    return GateResult(gate=gate, findings=tuple(lost))


def _finding(block: Block, line: int, found: tuple[str, bool] | None) -> GateFinding:
    said = shown(found[0], 200) if found else "it cannot be run any more"
    return GateFinding(
        gate=NAME, code="example", text=f"documented and no longer so: {said}", path=escaped(block.path),
        line=block.line + line, source=said,
    )  # fmt: skip


def _outcomes(
    stand: Stand, side: Side, blocks: list[Block], env: Mapping[str, str]
) -> dict[tuple[str, int], tuple[str, bool]]:
    """(block, line in it) -> the example and whether it holds."""
    stand.show(side)
    nonce = secrets.token_hex(16)
    task = {
        "nonce": nonce,
        "roots": [SOURCE, f"{SOURCE}/src"],
        "within_s": WITHIN_S,
        "blocks": [block._asdict() for block in blocks],
    }
    command = Command(
        argv=(PROJECT_PYTHON, "-I", "-B", "-c", BOOT),
        stdin=stdin_for(task, "reporter", "documented"),
        user="app",
        cwd=SOURCE,
        env={"HOME": SCRATCH, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **env},
        timeout_s=120.0,
    )
    outcome = stand.box.run(command)
    records = (r for r in stream.records(outcome.stdout, nonce) if r["k"] == "example")
    return {(str(r["key"]), int(r["line"])): (f"{r['said']} gives {r['want']}", bool(r["good"])) for r in records}
