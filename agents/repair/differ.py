"""Telling candidates apart by running them: what functions answer to inputs that no test asserts anything about."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.repair.amplify import variants
from agents.repair.candidate import Candidate
from agents.repair.inputs import more_inputs
from agents.trees import tree_of
from sandbox.trials import Attempt, Change, Measured, NotTried, Trials

FUNCTIONS = 6
MOST_CALLS = 160
SECONDS = 10.0
Answer = tuple[str, str] | None
Call = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """Answers by candidate, in the order of `asked`; `before`: those of the code as it is."""

    asked: tuple[str, ...] = ()
    """`largest(values=[])`, or a request and when it was made."""
    before: tuple[Answer, ...] = ()
    answers: Mapping[Candidate, tuple[Answer, ...]] | None = None

    def of(self, candidate: Candidate) -> tuple[Answer, ...]:
        """Its answers; none when they are not known."""
        return (self.answers or {}).get(candidate, ())

    def changed(self, candidate: Candidate) -> int:
        """Answers that are not those of the code as it is."""
        return sum(1 for one, other in zip(self.of(candidate), self.before, strict=False) if one != other)

    def is_constant(self, candidate: Candidate) -> bool:
        """It answers one and the same to all that a function or a path is asked, where answers differed before."""
        places: dict[str, list[tuple[Answer, Answer]]] = {}
        for asked, answer, before in zip(self.asked, self.of(candidate), self.before, strict=False):
            places.setdefault(re.split(r"[(?,]| with ", asked)[0], []).append((answer, before))
        return any(
            len({answer for answer, _ in told}) == 1 and len({before for _, before in told}) > 1
            for told in places.values()
        )

    def raising(self, candidate: Candidate) -> int:
        """Errors where the code as it is gives an answer."""
        both = zip(self.of(candidate), self.before, strict=False)
        return sum(1 for one, other in both if one and one[0] == "error" and other and other[0] == "value")

    def first_difference(self, one: Candidate, other: Candidate) -> str:
        """`largest(values=[]) gives 0, not None`; empty when they answer alike."""
        for asked, mine, theirs in zip(self.asked, self.of(one), self.of(other), strict=False):
            if mine != theirs:
                return f"{asked} gives {_shown(mine)}, not {_shown(theirs)}"
        return ""


@dataclass(frozen=True, slots=True)
class Differ:
    """Asks the sandbox."""

    trials: Trials
    measured: Measured
    tests: Sequence[str]
    """Run too, and what they talk to over HTTP is asked more than they ask."""
    sources: Mapping[str, str]
    texts: Mapping[str, str]
    """Of the tests' files, by path: the tests are varied too."""

    def __call__(self, candidates: Sequence[Candidate]) -> Compared:
        """The candidates' answers; nothing when nothing can be asked."""
        if not candidates:
            return Compared()
        calls = calls_for(candidates, self.measured.calls, self.sources)
        attempts = [Attempt({}, ()), Attempt({}, ()), *(_attempt(one) for one in candidates)]
        try:
            told = self.trials.answers(
                self.measured, self.tests, attempts, calls, variants=self._varied(), until_s=SECONDS
            )
        except NotTried:
            return Compared()
        before, again, *others = told
        if before is None or again is None:
            return Compared()
        known = [said for said in told if said is not None]
        told_apart = [
            asked
            for asked, answer in before.items()
            if answer == again.get(asked) and answer[0] in ("value", "error") and tells(asked, calls, known)
        ]
        answers = {
            candidate: tuple(said.get(one) for one in told_apart)
            for candidate, said in zip(candidates, others, strict=True)
            if said is not None
        }
        texts = tuple(written(calls[int(one)]) if one.isdigit() else one for one in told_apart)
        return Compared(texts, tuple(before[one] for one in told_apart), answers)

    def _varied(self) -> list[tuple[str, str, str]]:
        return [(test, label, source) for test in self.tests for label, source in variants(test, self.texts)]


def tells(asked: str, calls: Sequence[Call], said: Sequence[Mapping[str, tuple[str, str]]]) -> bool:
    """Answers there depend on what is asked; what always says the same (an empty store, say) tells nothing."""
    place = _place(asked, calls)
    return len({answer for answers in said for one, answer in answers.items() if _place(one, calls) == place}) > 1


def _place(asked: str, calls: Sequence[Call]) -> tuple[str, ...]:
    """The function, or the path without its query."""
    return calls[int(asked)][:2] if asked.isdigit() else (re.split(r"[?,]| with ", asked)[0],)


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
    tree = tree_of(sources[path])
    if tree is None:
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
