"""Choosing by execution among edits that all make the tests pass: tests are few, and most such edits are wrong."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agents.repair.candidate import WEAK, Candidate, Suspect, apply
from agents.repair.differ import Compared
from agents.repair.losses import GRAVE, losses, reason_for

MOST_COMPARED = 24
UNKNOWN = 0.2
"""Suspicion of a line that nothing is known about."""
LOSS, ODD, RAISING, PAIR, CLUMSY = 0.35, 0.5, 0.6, 0.5, 0.6
"""What is left of its worth: for a loss, for more answers changed than need be (at least), for errors in their place,
for a second edit, for idle arithmetic."""
_IDLE = re.compile(r"[-+] 0\b(?!\.)|[*/] 1\b(?!\.)")
AGREEING = 0.15
"""What every further edit with the same answers adds; the same statement at several places is one."""
CLOSE = 0.65
"""A share of the best one's worth; others above it are no worse a guess."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """One that also makes every test pass, and why it was not taken."""

    candidate: Candidate
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What came of it."""

    best: Candidate | None = None
    trust: str = ""
    """Why it is believed, or how far, in words."""
    sure: bool = False
    """Nothing speaks for another one as much."""
    order: tuple[Candidate, ...] = ()
    """All that are believed, best first."""
    alternatives: tuple[Rejected, ...] = ()
    indistinguishable: tuple[Candidate, ...] = ()
    """Others that answer alike wherever they were asked: the tests do not say which is meant."""


def choose(
    repairs: Sequence[Candidate],
    sources: Mapping[str, str],
    suspects: Sequence[Suspect],
    errors: Mapping[str, str],
    differ: Callable[[Sequence[Candidate]], Compared],
    foreign: Callable[[Candidate], str] = lambda _: "",
) -> Choice:
    """The repair to take.

    `errors`: what the failing tests said. `differ`: runs them on further inputs. `foreign`: a value it has from a
    failing test and from nowhere else, in words.
    """
    lost = {one: losses(one, sources) for one in repairs}
    grave = {
        one: words
        for one in repairs
        if (words := [word for word in lost[one] if word in GRAVE]) and not reason_for(one, sources, errors)
    }
    believed = sorted((one for one in repairs if one not in grave), key=lambda one: -one.prior)
    doubted = tuple(Rejected(one, f"takes away {' and '.join(words)}") for one, words in grave.items())
    if not believed:
        return Choice(trust="every edit that makes the tests pass takes something away" if grave else "",
                      alternatives=doubted)  # fmt: skip
    taken = {one: value for one in believed if (value := foreign(one))}
    compared = differ(believed[:MOST_COMPARED]) if len(believed) > 1 or taken else Compared()
    fixed = [one for one in believed if one in taken and compared.is_constant(one)]
    if fixed:
        doubted += tuple(Rejected(one, f"answers {taken[one]} whatever it is asked") for one in fixed)
        believed = [one for one in believed if one not in fixed]
    if not believed:
        return Choice(trust="every edit that makes the tests pass answers what they expect to everything",
                      alternatives=doubted)  # fmt: skip
    groups = _groups(believed, compared)
    worth = {one: _worth(one, sources, suspects, lost[one], compared, groups) for one in believed}
    order = tuple(sorted(believed, key=lambda one: (-worth[one], _size(one, sources), believed.index(one))))
    best = order[0]
    alike = tuple(one for one in order[1:] if one in groups[best])
    rivals = [one for one in order[1:] if one not in groups[best] and worth[one] >= CLOSE * worth[best]]
    others = tuple(Rejected(one, _why(one, best, lost[one], compared)) for one in order[1:] if one not in alike)
    trust = _trust(best, alike, rivals, len(believed), compared)
    trust += f"; {taken[best]} stands nowhere but in the failing tests" if best in taken else ""
    if rivals and best.prior < WEAK:
        unlikely = tuple(Rejected(one, "unlikely by itself, and others answer otherwise") for one in order)
        return Choice(trust=f"{trust}; none of them is likely by itself", alternatives=(*unlikely, *doubted))
    return Choice(best, trust, not rivals, order, (*others, *doubted), alike)


def _groups(believed: Sequence[Candidate], compared: Compared) -> dict[Candidate, list[Candidate]]:
    """For each, all that answer as it does, itself included; alone when nothing is known of its answers."""
    by_answers: dict[tuple[object, ...], list[Candidate]] = {}
    for one in believed:
        answers = compared.of(one)
        by_answers.setdefault(answers or ("unknown", one), []).append(one)
    return {one: group for group in by_answers.values() for one in group}


def _worth(
    one: Candidate, sources: Mapping[str, str], suspects: Sequence[Suspect], lost: Sequence[str], compared: Compared,
    groups: Mapping[Candidate, Sequence[Candidate]],
) -> float:  # fmt: skip
    """How likely it is the one that was meant."""
    places = {(edit.path, sources[edit.path].count("\n", 0, edit.start) + 1) for edit in one.edits}
    suspicion = max((s.score for s in suspects if (s.path, s.line) in places), default=UNKNOWN)
    value = one.prior * max(suspicion, UNKNOWN)
    if lost:
        value *= LOSS
    if compared.of(one) and compared.asked:
        least = min(compared.changed(other) for other in groups if compared.of(other))
        value *= max(ODD, math.sqrt((1 + least) / (1 + compared.changed(one))))
        if raising := compared.raising(one):
            value *= RAISING * (1 - raising / len(compared.asked) / 2)
    if " + " in one.family:
        value *= PAIR
    if _is_clumsy(one, sources):
        value *= CLUMSY
    ideas = {(other.family, other.says) for other in groups[one]}
    return value * (1 + AGREEING * (len(ideas) - 1))


def _is_clumsy(one: Candidate, sources: Mapping[str, str]) -> bool:
    """It leaves arithmetic behind that does nothing: `limit - 0`."""
    after = apply(one, sources)
    return any(len(_IDLE.findall(text)) > len(_IDLE.findall(sources[path])) for path, text in after.items())


def _size(one: Candidate, sources: Mapping[str, str]) -> int:
    """Characters that go and come."""
    size = 0
    for edit in one.edits:
        before, after = sources[edit.path][edit.start : edit.end], edit.text
        same = _alike(before, after)
        before, after = before[same:], after[same:]
        size += len(before) + len(after) - 2 * _alike(before[::-1], after[::-1])
    return size


def _alike(one: str, other: str) -> int:
    """How many characters they begin with in common."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _why(one: Candidate, best: Candidate, lost: Sequence[str], compared: Compared) -> str:
    difference = compared.first_difference(best, one)
    said = f"takes away {' and '.join(lost)}" if lost else "less likely by what it changes and where"
    return f"{said}; with the one that was taken {difference}" if difference else said


def _trust(
    best: Candidate, alike: Sequence[Candidate], rivals: Sequence[Candidate], believed: int, compared: Compared
) -> str:
    if believed == 1:
        return "the only edit found that makes every test pass"
    asked = f"{len(compared.asked)} questions that no test asks" if compared.asked else ""
    if not rivals:
        same = f"; {len(alike)} of the others answer alike on {asked}" if alike and asked else ""
        return f"the likeliest of {believed} edits that make every test pass{same}"
    difference = compared.first_difference(best, rivals[0])
    told = f": {difference}" if difference else ", and nothing could be run that tells them apart"
    return f"the tests leave it open: {len(rivals)} of {believed} edits are as likely{told}"
