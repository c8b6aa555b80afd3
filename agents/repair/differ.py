"""Telling candidates apart by running them: what functions answer to inputs that no test asserts anything about."""

import ast
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.repair.candidate import Candidate
from agents.repair.inputs import more_inputs
from sandbox.trials import Attempt, Change, Measured, NotTried, Trials

FUNCTIONS = 6
MOST_CALLS = 160
SECONDS = 10.0
Answer = tuple[str, str] | None
Call = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """Answers by candidate, in the order of `calls`; `before`: those of the code as it is."""

    calls: tuple[Call, ...] = ()
    before: tuple[Answer, ...] = ()
    answers: Mapping[Candidate, tuple[Answer, ...]] | None = None

    def of(self, candidate: Candidate) -> tuple[Answer, ...]:
        """Its answers; none when they are not known."""
        return (self.answers or {}).get(candidate, ())

    def changed(self, candidate: Candidate) -> int:
        """Answers that are not those of the code as it is."""
        return sum(1 for one, other in zip(self.of(candidate), self.before, strict=False) if one != other)

    def first_difference(self, one: Candidate, other: Candidate) -> str:
        """`largest(values=[]) gives 0, not None`; empty when they answer alike."""
        for call, mine, theirs in zip(self.calls, self.of(one), self.of(other), strict=False):
            if mine != theirs:
                return f"{written(call)} gives {_shown(mine)}, not {_shown(theirs)}"
        return ""


@dataclass(frozen=True, slots=True)
class Differ:
    """Asks the sandbox."""

    trials: Trials
    measured: Measured
    tests: Sequence[str]
    """Collected first, so that the repository's modules are there."""
    sources: Mapping[str, str]

    def __call__(self, candidates: Sequence[Candidate]) -> Compared:
        """The candidates' answers; nothing when no function can be called by itself."""
        calls = calls_for(candidates, self.measured.calls, self.sources)
        if not calls or not candidates:
            return Compared()
        attempts = [Attempt({}, ()), Attempt({}, ()), *(_attempt(one) for one in candidates)]
        try:
            told = self.trials.answers(self.measured, self.tests, attempts, calls, until_s=SECONDS)
        except NotTried:
            return Compared()
        before, again = told[0], told[1]
        if before is None or again is None:
            return Compared()
        known = [said for said in told if said is not None]
        steady = [
            n for n, one in enumerate(before) if one is not None and one == again[n] and one[0] in ("value", "error")
        ]
        steady = [n for n in steady if tells(calls[n][:2], calls, known)]
        answers = {
            candidate: tuple(said[n] for n in steady)
            for candidate, said in zip(candidates, told[2:], strict=True)
            if said is not None
        }
        return Compared(tuple(calls[n] for n in steady), tuple(before[n] for n in steady), answers)


def tells(function: tuple[str, str], calls: Sequence[Call], said: Sequence[Sequence[Answer]]) -> bool:
    """Its answers depend on what it is given; one that always says the same (of an empty store, say) tells nothing."""
    numbers = [n for n, call in enumerate(calls) if call[:2] == function]
    return len({answers[n] for answers in said for n in numbers if answers[n] is not None}) > 1


def calls_for(
    candidates: Sequence[Candidate], seen: Sequence[tuple[str, str, Sequence[str]]], sources: Mapping[str, str]
) -> list[Call]:
    """Calls of the functions that candidates change, and of others in the same files that tests call."""
    touched = {(edit.path, name) for one in candidates for edit in one.edits for name in _around(edit, sources)}
    paths = {path for path, _ in touched}
    ours = sorted((one for one in seen if one[0] in paths), key=lambda one: (one[:2] not in touched, one[0], one[1]))
    calls: list[Call] = []
    for path, name, arguments in ours[:FUNCTIONS]:
        calls += [(path, name, text) for text in more_inputs(arguments)]
    return calls[:MOST_CALLS]


def _around(edit: tuple[str, int, int, str], sources: Mapping[str, str]) -> list[str]:
    """Qualified names of the functions an edit is in; an empty one for code outside of functions."""
    path, start = edit[0], edit[1]
    line = sources[path].count("\n", 0, start) + 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(sources[path])
    except (SyntaxError, ValueError, RecursionError):
        return [""]
    found, rest = [""], [("", child) for child in ast.iter_child_nodes(tree)]
    while rest:
        prefix, node = rest.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}{node.name}"
            if node.lineno <= line <= (node.end_lineno or node.lineno):
                found.append(name)
                rest += [(f"{name}.", child) for child in ast.iter_child_nodes(node)]
    return found


def _attempt(candidate: Candidate) -> Attempt:
    files: dict[str, list[Change]] = {}
    for edit in candidate.edits:
        files.setdefault(edit.path, []).append((edit.start, edit.end, edit.text))
    return Attempt(files, ())


def written(call: Call) -> str:
    """`largest(values=[1])`."""
    arguments = ast.literal_eval(call[2])
    return f"{call[1]}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"[:200]


def _shown(answer: Answer) -> str:
    return "nothing in time" if answer is None else answer[1][:100]
