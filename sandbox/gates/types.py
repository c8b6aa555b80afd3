"""The repository's own type checker, where it has one: only what the change made worse counts."""

import configparser
import re
import tomllib

from sandbox.errors import EngineFault
from sandbox.gates.findings import GateFinding, GateResult, evidence, worse
from sandbox.gates.stand import Side, Stand
from sandbox.listing import Listing
from sandbox.protocol import SOURCE, Cause, Command
from sandbox.pytest_run import PROJECT_PYTHON
from sandbox.reports import Gate
from sandbox.text import escaped, shown

NAME = "types"
TIMEOUT_S = 240.0
_LINE = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+)(?::\d+)?: error: (?P<text>.*?)(?:\s+\[(?P<code>[\w-]+)\])?$")
_MOST = 2_000


def has_checker(tree: Listing) -> bool:
    """Whether the tree has settings for mypy."""
    for name, section in (("mypy.ini", "mypy"), (".mypy.ini", "mypy"), ("setup.cfg", "mypy")):
        content = tree.content(name)
        if content is not None and _has_section(content, section):
            return True
    content = tree.content("pyproject.toml")
    if content is None:
        return False
    try:
        return "mypy" in tomllib.loads(content.decode("utf-8-sig", "replace")).get("tool", {})
    except (tomllib.TOMLDecodeError, RecursionError, AttributeError):
        return False


def _has_section(content: bytes, section: str) -> bool:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(content.decode("utf-8-sig", "replace"))
    except configparser.Error:
        return False
    return parser.has_section(section)


def types(stand: Stand, *, loosely: bool = False) -> GateResult | None:
    """mypy on both trees with the settings of each; None when the repository has none, or it is not installed.

    `loosely`: see `findings.worse`.

    Raises:
        EngineFault: the engine was lost.
    """
    if not has_checker(stand.trees.head) or not _installed(stand):
        return None
    after = _findings(stand, "head")
    before = _findings(stand, "base") if after and has_checker(stand.trees.base) else []
    found = worse(before, after, loosely=loosely)
    gate = Gate(
        name=NAME,
        passed=not found,
        evidence=evidence(found, f"nothing new is found ({len(after)} errors were there before)"),
        command="python -m mypy (own settings)",
    )
    return GateResult(gate=gate, findings=tuple(found))


def _installed(stand: Stand) -> bool:
    asked = Command(argv=(PROJECT_PYTHON, "-I", "-c", "import mypy"), user="app", timeout_s=30)
    return bool(stand.box.run(asked))


def _findings(stand: Stand, side: Side) -> list[GateFinding]:
    stand.show(side)
    argv = [PROJECT_PYTHON, "-m", "mypy", "--cache-dir=/dev/null", "--no-color-output", "--no-error-summary",
            "--show-error-codes", "--no-pretty", "--hide-error-context"]  # fmt: skip
    done = stand.box.run(Command(argv=argv, user="app", cwd=SOURCE, timeout_s=TIMEOUT_S))
    if done.cause is Cause.EXITED and b"Missing target module, package, files, or command" in done.stderr:
        done = stand.box.run(Command(argv=[*argv, "."], user="app", cwd=SOURCE, timeout_s=TIMEOUT_S))
    if done.cause is not Cause.EXITED or done.exit_code not in (0, 1, 2):
        raise EngineFault(f"mypy did not run ({done.cause}): {shown(done.stderr, 300)}")
    rows = (_LINE.match(row) for row in done.stdout.decode("utf-8", "replace").splitlines()[:_MOST])
    return [_finding(row, stand.trees.side(side)) for row in rows if row is not None]


def _finding(row: re.Match[str], tree: Listing) -> GateFinding:
    path, line = row["path"], int(row["line"])
    lines = (tree.content(path) or b"").decode("utf-8", "replace").splitlines()
    return GateFinding(
        gate=NAME, code=row["code"] or "error", text=shown(row["text"], 200), path=escaped(path), line=line,
        source=lines[line - 1] if 0 < line <= len(lines) else "",
    )  # fmt: skip
