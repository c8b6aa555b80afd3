"""Tests of a repository that are known to waver: passed and failed on one and the same tree, over all runs.

Only what was seen before a change is written down. A change could make a test waver on its own tree to be rid of it.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from sandbox.baseline import Baseline
from sandbox.reports import Frozen
from workflows.record import write_durably

MOST_TESTS = 5_000
MOST_TREES = 4
"""Trees remembered of one test."""
CALM = 50
"""Sightings without contradiction after which a test is trusted again."""


class Seen(Frozen):
    """What is known of one test."""

    trees: dict[str, tuple[int, int]] = Field(default_factory=dict)
    """Tree id -> times passed, times failed; the latest tree last."""
    calm: int = CALM
    """Sightings since it last contradicted itself, at most `CALM`."""

    def after(self, tree: str, passed: bool) -> "Seen":
        """The same with one sighting more."""
        good, bad = self.trees.get(tree, (0, 0))
        good, bad = good + passed, bad + (not passed)
        others = {t: counts for t, counts in self.trees.items() if t != tree}
        kept = dict(list(others.items())[-(MOST_TREES - 1) :]) | {tree: (good, bad)}
        contradiction = bool(good and bad) and (good if passed else bad) == 1
        return Seen(trees=kept, calm=0 if contradiction else min(CALM, self.calm + 1))


class FlakeLedger:
    """One JSON file per repository. Sightings are kept in memory until `save`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)
        self._new: list[tuple[str, str, bool]] = []

    @classmethod
    def of(cls, folder: Path, repository: Path) -> "FlakeLedger":
        """The ledger of a repository, named after its place."""
        name = hashlib.sha256(os.fsencode(repository.absolute())).hexdigest()[:24]
        return cls(folder / f"{name}.json")

    def seen(self, node_id: str, tree: str, passed: bool) -> None:
        """One test on one tree."""
        self._new.append((node_id, tree, passed))
        self._known = _with(self._known, [self._new[-1]])

    def flaky(self) -> set[str]:
        """Tests that contradicted themselves and were not calm for long enough since."""
        return {node_id for node_id, known in self._known.items() if known.calm < CALM}

    def learn(self, baseline: Baseline, tree: str) -> Baseline:
        """Write down what a baseline has seen, and take the known flaky tests out of those that decide."""
        for node_id in (*baseline.passing, *baseline.flaky):
            self.seen(node_id, tree, passed=True)
        for node_id in (*baseline.failing, *baseline.flaky):
            self.seen(node_id, tree, passed=False)
        self.save()
        return settled(baseline, self.flaky())

    def save(self) -> None:
        """Add what was seen to the file; other runs may have written to it meanwhile."""
        if not self._new:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(self._path.with_suffix(".lock")):
            self._known = _bounded(_with(_read(self._path), self._new))
            told = {node_id: known.model_dump(mode="json") for node_id, known in self._known.items()}
            write_durably(self._path, json.dumps(told).encode())
        self._new = []


def settled(baseline: Baseline, flaky: set[str]) -> Baseline:
    """A baseline in which known flaky tests neither count as passing nor as failing."""
    known = flaky & {*baseline.passing, *baseline.failing}
    return baseline.model_copy(
        update={
            "passing": tuple(n for n in baseline.passing if n not in known),
            "failing": tuple(n for n in baseline.failing if n not in known),
            "flaky": tuple(sorted({*baseline.flaky, *known})),
        }
    )


def _with(known: dict[str, Seen], sightings: list[tuple[str, str, bool]]) -> dict[str, Seen]:
    """Known tests and what was seen since; the latest seen stand last."""
    result = dict(known)
    for node_id, tree, passed in sightings:
        result[node_id] = result.pop(node_id, Seen()).after(tree, passed)
    return result


def _bounded(known: dict[str, Seen]) -> dict[str, Seen]:
    """At most `MOST_TESTS`: calm tests that were not seen for longest go first."""
    over = len(known) - MOST_TESTS
    if over <= 0:
        return known
    gone = set(sorted(known, key=lambda n: known[n].calm < CALM)[:over])
    return {node_id: seen for node_id, seen in known.items() if node_id not in gone}


def _read(path: Path) -> dict[str, Seen]:
    """What the file says; a file that cannot be understood is as good as none."""
    try:
        told: Any = json.loads(path.read_bytes())
        return {str(n): Seen.model_validate(v) for n, v in told.items()}
    except (OSError, ValueError, AttributeError, ValidationError):
        return {}


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One writer at a time, in this and every other process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
