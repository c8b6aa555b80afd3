"""The search: known edits first, pairs where the failures split, then built ones, bounded in time and number."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agents.repair.candidate import WEAK, Candidate
from agents.repair.candidates import pairs, together
from sandbox.trials import Trial

FIRST_BATCH, LARGEST_BATCH = 60, 480
BATCH_S = 12.0
SINGLES, PAIRS = 0.65, 0.8
"""Share of the time and of the number that is used up when single edits, and blind pairs of them, have to end."""
SPLIT_PAIRS = 150
MANY = 4
"""So many times as many of them are enough, for they are alike."""
BLIND = 40
"""Single edits, the best first, of which pairs are made when nothing else is left to try."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a search may go."""

    seconds: float = 60.0
    candidates: int = 20000
    enough: int = 8
    """Repairs that are looked for before they are compared."""
    onward: float = 0.75
    """After the first repair, how much longer others are looked for, as a share of the time it took (4 s at least)."""


class Ask(Protocol):
    """Tries candidates."""

    def __call__(
        self, batch: Sequence[Candidate], *, until_s: float, enough: int, wide: bool
    ) -> Sequence[Trial | None]:
        """What became of each, None for those there was no time for.

        `wide`: everything that passed must go on passing, not only what is in the files of the failing tests.
        """


class Refuse(Protocol):
    """Judges what makes the tests pass."""

    def __call__(self, candidate: Candidate, /, *, blind: bool) -> str:
        """Why it is no repair all the same, empty when it is one.

        `blind`: it is two edits of which none alone made any test pass.
        """


@dataclass(slots=True)
class Found:
    """What a search came to."""

    repairs: list[Candidate] = field(default_factory=list)
    """They make every failing test pass and break none, in the order they were found: by suspicion and prior."""
    halves: list[tuple[Candidate, frozenset[str]]] = field(default_factory=list)
    """Those that make some failing tests pass and break none, and which."""
    breaking: list[tuple[Candidate, str]] = field(default_factory=list)
    """Those that make every failing test pass, and the test that they break."""
    refused: list[tuple[Candidate, str]] = field(default_factory=list)
    """Those that make every failing test pass and are no repair, and why."""
    tried: int = 0
    seconds: float = 0.0
    note: str = ""
    """Why it ended before everything was tried; empty when everything was."""

    @property
    def per_second(self) -> float:
        """Candidates tried in a second."""
        return self.tried / self.seconds if self.seconds else 0.0


class _Search:
    def __init__(
        self, failing: Sequence[str], ask: Ask, bounds: Bounds, clock: Callable[[], float],
        refuse: Refuse,
    ) -> None:  # fmt: skip
        self.failing, self.ask, self.bounds, self.clock, self.refuse = tuple(failing), ask, bounds, clock, refuse
        self.began = clock()
        self.first: float | None = None
        self.found = Found()
        self.tops: list[Candidate] = []
        self.paired: set[tuple[Candidate, Candidate]] = set()
        self.blind = False

    @property
    def is_strong(self) -> bool:
        """A repair was found that is worth more than what could be built."""
        return any(one.prior >= WEAK for one in self.found.repairs)

    def elapsed(self) -> float:
        return self.clock() - self.began

    def left(self, share: float = 1.0) -> float:
        """Seconds that are left; none when enough was found, or others were looked for long enough."""
        enough = self.bounds.enough if self.is_strong else MANY * self.bounds.enough
        if len(self.found.repairs) >= enough or self.found.tried >= share * self.bounds.candidates:
            return 0.0
        until = share * self.bounds.seconds
        if self.first is not None and self.is_strong:
            until = min(self.bounds.seconds, self.first + max(4.0, self.bounds.onward * self.first))
        return max(0.0, until - self.elapsed())

    def batch(self, batch: Sequence[Candidate], left: float) -> list[Candidate]:
        """Try some; returns those there was no time for."""
        trials = self.ask(batch, until_s=min(left, BATCH_S), enough=self.bounds.enough, wide=False)
        good = [one for one, trial in zip(batch, trials, strict=True) if trial and trial.repairs(self.failing)]
        refused = {one: why for one in good if (why := self.refuse(one, blind=self.blind))}
        self.found.refused += refused.items()
        good = [one for one in good if one not in refused]
        wide = self.ask(good, until_s=max(left, BATCH_S), enough=len(good), wide=True) if good else ()
        for candidate, trial in zip(good, wide, strict=True):
            if trial is None or trial.repairs(self.failing):  # without time to ask, the verdict will tell
                self.found.repairs.append(candidate)
            elif len(trial.fixed) == len(self.failing):
                self.found.breaking.append((candidate, next(iter(trial.broken), trial.detail)))
        for candidate, trial in zip(batch, trials, strict=True):
            if trial is not None:
                self.sort(candidate, trial)
        if self.found.repairs and self.first is None:
            self.first = self.elapsed()
        return [one for one, trial in zip(batch, trials, strict=True) if trial is None]

    def sort(self, candidate: Candidate, trial: Trial) -> None:
        self.found.tried += 1
        if len(trial.fixed) == len(self.failing) and trial.broken:
            self.found.breaking.append((candidate, trial.broken[0]))
        elif trial.fixed and not trial.broken and trial.how == "end" and len(trial.fixed) < len(self.failing):
            self.found.halves.append((candidate, frozenset(trial.fixed)))
        if trial.how == "end" and len(self.tops) < BLIND and len(candidate.edits) == 1:
            self.tops.append(candidate)

    def run(self, candidates: Iterator[Candidate], share: float) -> bool:
        """Try them all, in batches; False when there was no time for all of them."""
        size, again = FIRST_BATCH, list[Candidate]()
        while left := self.left(share):
            room = int(share * self.bounds.candidates) - self.found.tried
            batch = again + list(itertools.islice(candidates, max(0, min(size, room) - len(again))))
            if not batch:
                return True
            again = self.batch(batch, left)
            if len(again) == len(batch):
                break
            self.split_pairs()
            size = min(LARGEST_BATCH, size * 2)
        return False

    def split_pairs(self) -> None:
        """Pairs of edits that together make every failing test pass, when no single one does."""
        if self.found.repairs:
            return
        new = []
        for (one, fixes), (other, fixes_too) in itertools.combinations(self.found.halves, 2):
            if len(fixes | fixes_too) == len(self.failing) and (one, other) not in self.paired:
                self.paired.add((one, other))
                both = together(one, other)
                if both is not None:
                    new.append(both)
        new = new[:SPLIT_PAIRS]
        if new and (left := self.left()):
            self.batch(new, left)


def search(
    candidates: Iterator[Candidate], failing: Sequence[str], ask: Ask, bounds: Bounds | None = None,
    clock: Callable[[], float] = time.monotonic, built: Iterable[Candidate] = (),
    refuse: Refuse = lambda _, **__: "",
) -> Found:  # fmt: skip
    """Try `candidates`, best first, pairs of them, then `built`, until enough repairs are found or a bound is met."""
    now = _Search(failing, ask, bounds or Bounds(), clock, refuse)
    all_tried = now.run(candidates, SINGLES)
    if not now.found.repairs and now.left(PAIRS):
        now.blind = True
        all_tried = now.run(pairs(now.tops), PAIRS) and all_tried
        now.blind = False
    if not now.is_strong and now.left():
        all_tried = now.run(iter(built), 1.0) and all_tried
    if not all_tried and not now.found.repairs:
        late = now.elapsed() >= SINGLES * now.bounds.seconds
        now.found.note = "the time was up" if late else "the most candidates were tried"
    now.found.seconds = now.elapsed()
    return now.found
