"""Which lines may be to blame: from what failing and passing tests run, traces, names in a report and the history."""

import ast
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agents.repair.candidate import Suspect
from agents.trees import tree_of, tree_or_nothing

MOST = 400
LEAST = 0.03
INNERMOST, FRAME, CULPRIT, RECENT, NAMED = 0.5, 0.25, 0.6, 0.2, 0.2
ALONE = 0.35
"""What coverage is worth when no passing test tells the lines of failing ones apart, for lines far from the error."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_COMMON = frozenset(
    {"get", "set", "test", "add", "run", "the", "and", "for", "not", "list", "update", "delete", "main"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known about a bug. Paths are of the code that may be changed; lines count from 1."""

    sources: Mapping[str, str]
    lines: Mapping[str, Mapping[str, Collection[int]]]
    """What each test runs, by its node id and path."""
    failing: Sequence[str]
    passing: Sequence[str] = ()
    frames: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    """Per failing test (or any name of a trace): where its error came through, the innermost last."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """The same keys: what the error says."""
    text: str = ""
    """The report."""
    recent: Mapping[str, Collection[int]] = field(default_factory=dict)
    """Lines changed lately."""
    culprit: Mapping[str, Collection[int]] = field(default_factory=dict)
    """Lines that the commit brought which brought the bug."""
    culprit_name: str = ""


class _Board:
    """Scores and reasons by line; independent evidence adds up and never beyond 1."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._last = {path: text.count("\n") + 1 for path, text in sources.items()}
        self.scores: dict[tuple[str, int], float] = {}
        self.reasons: dict[tuple[str, int], list[str]] = {}

    def add(self, path: str, line: int, score: float, reason: str) -> None:
        if score <= 0 or not 1 <= line <= self._last.get(path, 0):
            return
        place = path, line
        self.scores[place] = 1 - (1 - self.scores.get(place, 0.0)) * (1 - min(score, 1.0))
        told = self.reasons.setdefault(place, [])
        if reason not in told:
            told.append(reason)

    def ranked(self) -> list[Suspect]:
        highest = max(self.scores.values(), default=1.0)
        found = [
            Suspect(path, line, round(score / highest, 4), tuple(self.reasons[path, line]))
            for (path, line), score in self.scores.items()
            if score / highest >= LEAST
        ]
        return sorted(found, key=lambda suspect: (-suspect.score, suspect.path, suspect.line))[:MOST]


def localise(seen: Evidence) -> list[Suspect]:
    """The suspected lines, most suspected first, each with its reasons in words."""
    board = _Board(seen.sources)
    _coverage(board, seen)
    _traces(board, seen)
    for path, line, name in _named_lines(seen):
        board.add(path, line, NAMED, f"in `{name}`, which the report names")
    for path, lines in seen.recent.items():
        for line in lines:
            board.add(path, line, RECENT, "changed lately")
    who = f"brought by {seen.culprit_name}" if seen.culprit_name else "brought by the commit that brought the bug"
    for path, lines in seen.culprit.items():
        for line in lines:
            board.add(path, line, CULPRIT, who)
    return board.ranked()


def _coverage(board: _Board, seen: Evidence) -> None:
    """Ochiai; 0.9 at most, so that what else is known can still tell equals apart."""
    run = {kind: _runs(seen, ids) for kind, ids in (("failing", seen.failing), ("passing", seen.passing))}
    covered = sum(1 for one in seen.failing if one in seen.lines)
    others = sum(1 for one in seen.passing if one in seen.lines)
    for place, failed in run["failing"].items():
        passed = run["passing"].get(place, 0)
        score = failed / math.sqrt(covered * (failed + passed))
        told = f"run by {failed} of {covered} failing tests"
        told += f" and {passed} of {others} passing ones" if others else ""
        board.add(*place, score * (0.9 if others else ALONE), told)


def _runs(seen: Evidence, node_ids: Sequence[str]) -> dict[tuple[str, int], int]:
    counts: dict[tuple[str, int], int] = {}
    for node_id in node_ids:
        for path, lines in seen.lines.get(node_id, {}).items():
            for line in lines:
                counts[path, line] = counts.get((path, line), 0) + 1
    return counts


def _traces(board: _Board, seen: Evidence) -> None:
    for name, frames in seen.frames.items():
        inside = [(path, line) for path, line in frames if path in seen.sources]
        said = re.match(r"[\w.]+", seen.errors.get(name, ""))
        error = said[0] if said and said[0] != "assert" else "the failure"
        for place in dict.fromkeys(inside[:-1]):
            board.add(*place, FRAME, f"on the way to {error}")
        if inside:
            board.add(*inside[-1], INNERMOST, f"where {error} came from")


def _named_lines(seen: Evidence) -> Iterator[tuple[str, int, str]]:
    """Lines of functions and classes that the report names."""
    words = {word for word in _WORD.findall(seen.text) if word.lower() not in _COMMON}
    if not words:
        return
    for path, text in seen.sources.items():
        for node in _definitions(text):
            if node.name in words and ("_" in node.name or f"`{node.name}" in seen.text or len(node.name) > 5):
                for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                    yield path, line, node.name


def _definitions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (
        node for node in ast.walk(tree_or_nothing(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def statements(source: str) -> frozenset[int]:
    """Lines (from 1) that hold code, not only a comment or part of a docstring; all when it is not Python."""
    lines = source.splitlines()
    code = {number for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")}
    tree = tree_of(source)
    if tree is None:
        return frozenset(range(1, len(lines) + 1))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            code -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return frozenset(code)
