"""One bug in one tree: measured, localised, searched for and chosen by execution. This is what others call.

    hunt = Hunt(Trials(workers, suite), Bug(sources=..., tests=..., failing=[...], passing=[...], text="..."))
    hunt.suspects()                    # ranked lines with reasons
    found = hunt.repair(Bounds(seconds=60, candidates=20000))
    found.choice.best                  # a `Candidate`, or None; `apply(best, sources)` gives the changed files

`Trials` needs a sandbox whose `/src` holds the whole tree, with the failing tests in it. Nothing said here is a
verdict: the caller runs every repair it keeps once more, in a clean sandbox.
"""

import ast
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from agents.repair.borrowed import Borrowing
from agents.repair.candidate import Candidate, Edit, Suspect, apply
from agents.repair.candidates import Candidates
from agents.repair.choose import Choice, Rejected, choose
from agents.repair.differ import Differ
from agents.repair.hints import Hints
from agents.repair.localise import Evidence, localise
from agents.repair.search import Bounds, Found, search
from agents.trees import tree_or_nothing
from sandbox.trials import Attempt, Change, Measured, NotTried, Trial, Trials

MOST_GUARDS = 1500
PATIENCE = 2
"""Failing tests that an edit may leave failing until the others are not asked."""
LIKELY, WATCHED = 20, 5
"""Lines, and failing and passing tests that run them, in which candidates are compared."""
__all__ = ["Bounds", "Bug", "Candidate", "Choice", "Edit", "Hunt", "NotTried", "Repaired", "Suspect", "apply"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """What is to be repaired. Paths are relative to the tree, contents text."""

    sources: Mapping[str, str]
    """The Python code that may be changed: no tests."""
    tests: Mapping[str, str]
    """Test files, by path: those of the failing tests at least."""
    failing: Sequence[str]
    """Node ids, with parameters, of the tests that show the bug."""
    passing: Sequence[str] = ()
    """Node ids of tests that must go on passing."""
    text: str = ""
    """The report in the user's words."""
    recent: Mapping[str, Collection[int]] = field(default_factory=dict)
    culprit: Mapping[str, Collection[int]] = field(default_factory=dict)
    """Lines by path: changed lately; brought by the commit that brought the bug."""
    culprit_name: str = ""
    frames: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    """Traces of the report, by any name: path and line, innermost last."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """What those traces end in, by the same names."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a search came to. `found` has the counts."""

    choice: Choice
    found: Found
    suspects: tuple[Suspect, ...]
    note: str = ""
    """Why nothing was found or how far the search went; empty when there is nothing to say."""


class Hunt:
    """Measures once, on first use."""

    def __init__(self, trials: Trials, bug: Bug, *, test_s: float = 5.0) -> None:
        self._trials, self.bug, self._test_s = trials, bug, test_s
        self._last: dict[Candidate, Trial | None] = {}

    @cached_property
    def measured(self) -> Measured:
        """The tests on the tree as it is.

        Raises:
            NotTried: they cannot be run in a preloaded process.
            EngineFault: the engine was lost.
        """
        bug = self.bug
        passing = [one for one in bug.passing if one not in set(bug.failing)][:MOST_GUARDS]
        return self._trials.measure(list(bug.failing), passing, list(bug.sources), test_s=self._test_s)

    @cached_property
    def failing(self) -> tuple[str, ...]:
        """The failing tests that fail here too: a quick one first, then the one that runs other code, then the rest."""
        red = [one for one in self.bug.failing if self.measured.outcomes.get(one) not in ("passed", "missing", None)]
        red.sort(key=lambda one: self.measured.seconds.get(one, (float("inf"), 0.0)))
        if len(red) > 2:
            first, *rest = red
            other = max(rest, key=lambda one: self._apart(first, one))
            red = [first, other, *(one for one in rest if one != other)]
        return tuple(red)

    def _apart(self, one: str, other: str) -> float:
        """How different the lines are that two tests run, 0 to 1."""
        mine, theirs = (
            {(path, line) for path, lines in self.measured.lines.get(test, {}).items() for line in lines}
            for test in (one, other)
        )
        return 1 - len(mine & theirs) / (len(mine | theirs) or 1)

    def suspects(self) -> list[Suspect]:
        """Suspected lines, most suspected first; see `measured` for what it raises."""
        bug, measured = self.bug, self.measured
        return localise(
            Evidence(
                sources=bug.sources,
                lines=measured.lines,
                failing=self.failing,
                passing=measured.passing(bug.passing),
                frames={**measured.frames, **bug.frames},
                errors={**measured.messages, **bug.errors},
                text=bug.text,
                recent=bug.recent,
                culprit=bug.culprit,
                culprit_name=bug.culprit_name,
            )
        )

    def hints(self) -> Hints:
        """What the failing tests say."""
        messages = tuple(self.measured.messages.get(one, "") for one in self.failing)
        paths = dict.fromkeys(one.partition("::")[0] for one in self.failing)
        files = tuple(self.bug.tests[path] for path in paths if path in self.bug.tests)
        tests = tuple(texts_of(self.failing, self.bug.tests))
        return Hints(messages=messages, tests=tests, text=self.bug.text, files=files)

    def repair(self, bounds: Bounds) -> Repaired:
        """Search and choose; see `measured` for what it raises."""
        if not self.failing:
            said = {self.measured.outcomes.get(one, "missing") for one in self.bug.failing}
            note = f"the failing tests do not fail in a preloaded process ({', '.join(sorted(said))})"
            return Repaired(Choice(), Found(note=note), (), note)
        suspects = self.suspects()
        if not suspects:
            note = "nothing of the code is suspected: the failing tests run none of it"
            return Repaired(Choice(), Found(note=note), (), note)
        hints = self.hints()
        edits, borrowing = Candidates(self.bug.sources, suspects, hints), Borrowing(self.bug.sources, hints.tests)
        found = search(
            edits.known(), self.failing, self.ask, bounds, built=edits.built(), refuse=borrowing.special_case
        )
        choice = choose(
            found.repairs, self.bug.sources, suspects, self.failing_errors(), self.differ(), borrowing.foreign
        )
        refused = tuple(Rejected(one, why) for one, why in found.refused)
        choice = replace(choice, alternatives=(*choice.alternatives, *refused))
        note = found.note or ("" if choice.best is not None else choice.trust)
        if refused and choice.best is None:
            note = "; ".join((*filter(None, (note,)), f"what makes the tests pass {refused[0].why}"))
        return Repaired(choice, found, tuple(suspects), note)

    def failing_errors(self) -> dict[str, str]:
        """What each failing test said."""
        return {one: self.measured.messages.get(one, "") for one in self.failing}

    def differ(self) -> Differ:
        """Tells candidates apart by what functions and applications answer."""
        places = [(suspect.path, suspect.line) for suspect in self.suspects()[:LIKELY]]
        near = [one for one in self._steady if self._covers(one, places)]
        tests = (*self.failing[:WATCHED], *near[:WATCHED])
        return Differ(self._trials, self.measured, tests, self.bug.sources, self.bug.tests)

    def ask(self, batch: Sequence[Candidate], *, until_s: float, enough: int, wide: bool) -> Sequence[Trial | None]:
        """See `search.Ask`."""
        if wide and len(self._near) == len(self._steady) and all(one in self._last for one in batch):
            return [self._last[one] for one in batch]
        attempts = [attempt(one, self._guards(one, wide)) for one in batch]
        trials = self._trials.run(
            self.measured, self.failing, attempts, until_s=until_s, enough=enough, patience=PATIENCE
        )
        self._last = dict(zip(batch, trials, strict=True))
        return trials

    @cached_property
    def _steady(self) -> tuple[str, ...]:
        """Tests that must go on passing, quick ones first."""
        measured = self.measured
        return tuple(sorted(measured.passing(self.bug.passing), key=lambda one: measured.seconds[one][1]))

    @cached_property
    def _near(self) -> tuple[str, ...]:
        files = {one.partition("::")[0] for one in self.failing}
        return tuple(one for one in self._steady if one.partition("::")[0] in files)

    def _guards(self, candidate: Candidate, wide: bool) -> tuple[str, ...]:
        """Tests that run what is changed come first."""
        lines = _lines(candidate, self.bug.sources)
        covering = [one for one in (self._steady if wide else self._near) if self._covers(one, lines)]
        return tuple(dict.fromkeys([*covering, *(self._steady if wide else self._near)]))

    def _covers(self, node_id: str, places: Iterable[tuple[str, int]]) -> bool:
        lines = self.measured.lines.get(node_id, {})
        return any(line in lines.get(path, ()) for path, line in places)


def attempt(candidate: Candidate, guards: tuple[str, ...] = ()) -> Attempt:
    """The candidate as the sandbox wants it."""
    files: dict[str, list[Change]] = {}
    for edit in candidate.edits:
        files.setdefault(edit.path, []).append((edit.start, edit.end, edit.text))
    return Attempt(files, guards)


def _lines(candidate: Candidate, sources: Mapping[str, str]) -> list[tuple[str, int]]:
    return [(edit.path, sources[edit.path].count("\n", 0, edit.start) + 1) for edit in candidate.edits]


def texts_of(node_ids: Sequence[str], tests: Mapping[str, str]) -> list[str]:
    """The text of these tests' functions, each once."""
    found: dict[str, None] = {}
    for node_id in node_ids:
        path, _, inside = node_id.partition("::")
        name = inside.partition("[")[0].rpartition("::")[2]
        text = tests.get(path, "")
        for node in ast.walk(tree_or_nothing(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                found["\n".join(text.splitlines()[first - 1 : node.end_lineno])] = None
    return list(found)
