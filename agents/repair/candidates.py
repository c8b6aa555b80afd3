"""Possible repairs of suspected places, the likeliest first."""

import ast
import contextlib
import heapq
import itertools
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from agents.repair.candidate import Candidate, Suspect
from agents.repair.families.base import Change, Place
from agents.repair.families.table import CEILING, changes, changes_built
from agents.repair.hints import Hints
from agents.repair.repository import Repository
from agents.repair.source import COMPOUND, Source
from agents.repair.suspicion import Suspicion

_AT_ONCE = 400
"""Nodes are looked at in the order of their suspicion, so many before the first candidate is told."""

_BUILT_AT_ONCE = 60
"""The same for edits that are built when no known one helps: there are more of them at each node."""


def candidates(
    sources: Mapping[str, str], suspects: Sequence[Suspect], hints: Hints | None = None
) -> Iterator[Candidate]:
    """Single edits of `sources` (path -> text), by suspicion times prior, the best first; built ones come last.

    `sources`: the code that may be changed, without tests. Every candidate parses and leads to a text of its own; files
    that are no Python are left out. Made as they are asked for.
    """
    made = Candidates(sources, suspects, hints)
    yield from made.known()
    yield from made.built()


class Candidates:
    """The same in two parts; what one has told the other does not tell again."""

    def __init__(self, sources: Mapping[str, str], suspects: Sequence[Suspect], hints: Hints | None = None) -> None:
        hints = hints or Hints()
        parsed = list(_parsed(sources))
        repo = Repository(parsed)
        suspicion = Suspicion(suspects, repo, hints)
        self._places = {source.path: Place(source, repo, hints) for source in parsed}
        nodes = [(suspicion.of(source, node), source, node) for source in parsed for node in source.nodes]
        self._ranked = sorted((item for item in nodes if item[0] > 0), key=lambda item: -item[0])
        self._seen: set[int] = {hash((path, place.source.text)) for path, place in self._places.items()}

    def known(self) -> Iterator[Candidate]:
        """Edits that end known kinds of bugs."""
        yield from self._distinct(_best_first(self._ranked, self._places, changes, 1.0, _AT_ONCE))

    def built(self) -> Iterator[Candidate]:
        """Edits made of what each place can see: many more, each of them less likely."""
        yield from self._distinct(_best_first(self._ranked, self._places, changes_built, CEILING, _BUILT_AT_ONCE))

    def _distinct(self, found: Iterable[tuple[Candidate, ast.AST]]) -> Iterator[Candidate]:
        for candidate, node in found:
            path = candidate.edits[0].path
            source = self._places[path].source
            after = _applied(candidate, source.text)
            if after is None or (key := hash((path, after))) in self._seen:
                continue
            self._seen.add(key)
            if _parses(candidate, source, node, after):
                yield candidate


def _parsed(sources: Mapping[str, str]) -> Iterator[Source]:
    for path, text in sources.items():
        with contextlib.suppress(SyntaxError, ValueError, RecursionError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield Source(path, text)


def _best_first(
    ranked: Sequence[tuple[float, Source, ast.AST]],
    places: Mapping[str, Place],
    changes: Callable[[ast.AST, Place], Iterable[tuple[str, Change]]],
    ceiling: float,
    at_once: int,
) -> Iterator[tuple[Candidate, ast.AST]]:
    """By suspicion times prior; no `changes` have a prior above `ceiling`."""
    heap: list[tuple[float, int, Candidate, ast.AST]] = []
    counter = itertools.count()
    for position, (score, source, node) in enumerate(ranked):
        if position >= at_once:
            while heap and -heap[0][0] >= score * ceiling:
                _, _, candidate, where = heapq.heappop(heap)
                yield candidate, where
        place = places[source.path]
        for name, change in changes(node, place):
            candidate = _candidate(name, change, source)
            heapq.heappush(heap, (-score * candidate.prior, next(counter), candidate, node))
    while heap:
        _, _, candidate, where = heapq.heappop(heap)
        yield candidate, where


def _candidate(name: str, change: Change, source: Source) -> Candidate:
    main = next((edit for edit in change.edits if edit.path == source.path), change.edits[0])
    line = source.text.count("\n", 0, main.start) + 1
    return Candidate(tuple(sorted(change.edits)), name, line, round(min(change.prior, 1.0), 4), change.says)


def _applied(candidate: Candidate, text: str) -> str | None:
    """The file with the edits; None when they overlap or are of several files."""
    edits = candidate.edits
    if len({edit.path for edit in edits}) > 1 or any(a.end > b.start for a, b in itertools.pairwise(edits)):
        return None
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _parses(candidate: Candidate, source: Source, node: ast.AST, after: str) -> bool:
    """Whether the changed text is Python; only the statement around the edits is read when they are all inside it."""
    first, last = candidate.edits[0].start, candidate.edits[-1].end
    statement = source.statement(node)
    while statement is not None:
        start, end = source.start(statement), source.end(statement)
        if start <= first and last <= end and (isinstance(statement, COMPOUND) or source.is_alone(statement)):
            break
        parent = source.parents.get(statement)
        statement = source.statement(parent) if parent is not None else None
    if statement is None or isinstance(statement, ast.Module) or source.is_elif(statement):
        return _is_python(after)
    begin = source.line_start(statement.lineno)
    grown = len(after) - len(source.text)
    return _is_python(textwrap.dedent(after[begin : end + grown]), after)


def _is_python(text: str, whole: str | None = None) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError):
        return False if whole is None else _is_python(whole)
    return True


def pairs(single: Sequence[Candidate], limit: int = 2000) -> Iterator[Candidate]:
    """Two single candidates at once, where they do not touch the same characters, the likeliest first.

    `single`: best first, as `candidates` gives them. Whether two belong together is for the
    tests to say.
    """
    seen = 0
    for total in range(1, 2 * len(single) - 2):
        for left in range(max(0, total - len(single) + 1), (total + 1) // 2):
            pair = together(single[left], single[total - left])
            if pair is not None:
                yield pair
                seen += 1
                if seen >= limit:
                    return


def together(one: Candidate, two: Candidate) -> Candidate | None:
    """Both at once; None when they touch each other."""
    edits = tuple(sorted((*one.edits, *two.edits)))
    for a, b in itertools.pairwise(edits):
        if a.path == b.path and (a.end > b.start or a.start == b.start or a.end == b.start):
            return None
    prior = round(one.prior * two.prior, 4)
    first, second = (one, two) if one.edits[0] <= two.edits[0] else (two, one)
    return Candidate(edits, f"{first.family} + {second.family}", first.line, prior, f"{first.says}; {second.says}")
