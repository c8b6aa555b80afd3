"""Verdicts and baselines that were reached before for exactly the same question, so that nobody waits for them twice.

The key holds everything a result depends on, our own code included. Only whole results are kept: a verdict that is
green or red, a baseline without trouble. What was cut short, tampered with or flaky is asked again every time. What a
test that did not end was left out of is believed for as short as a red verdict.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

import agents
import sandbox
from sandbox.baseline import Baseline
from sandbox.reports import Verdict, Word
from workflows.record import write_durably

DAY_S = 86_400.0
KEPT_S = {Word.GREEN: 7 * DAY_S, Word.RED: DAY_S / 24}
"""How long a verdict is believed: a red one not long, it may have been bad luck that nobody saw."""
MOST = 200
"""Results kept; the oldest go first."""
M = TypeVar("M", bound=BaseModel)


class VerdictCache:
    """One folder of small files, each named after its key. `folder` None keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def find(self, key: str, commit: str) -> Verdict | None:
        """The verdict on this question, for a commit with the same tree; None when there is none that still counts."""
        found = self._read(key, Verdict)
        if found is None or found.word not in KEPT_S or self._age(key) > KEPT_S[found.word]:
            return None
        return found.model_copy(update={"commit": commit})

    def save(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict that is whole, and nothing else."""
        if verdict.word in KEPT_S:
            self._write(key, verdict)

    def find_baseline(self, key: str) -> Baseline | None:
        """What the tests of this tree said before; None when it is not known or too old."""
        found = self._read(key, Baseline)
        kept_s = KEPT_S[Word.RED if found is not None and found.endless else Word.GREEN]
        return found if self._age(key) <= kept_s else None

    def save_baseline(self, key: str, baseline: Baseline) -> None:
        """Keep a baseline that was measured to its end and did not waver."""
        if not baseline.trouble and not baseline.flaky:
            self._write(key, baseline)

    def _path(self, key: str) -> Path | None:
        return self._folder / f"{key}.json" if self._folder is not None else None

    def _age(self, key: str) -> float:
        path = self._path(key)
        try:
            return time.time() - path.stat().st_mtime if path is not None else float("inf")
        except OSError:
            return float("inf")

    def _read(self, key: str, model: type[M]) -> M | None:
        path = self._path(key)
        try:
            return model.model_validate_json(path.read_bytes()) if path is not None else None
        except (OSError, ValidationError):
            return None

    def _write(self, key: str, value: BaseModel) -> None:
        path = self._path(key)
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(path, value.model_dump_json().encode())
        self._prune(path.parent)

    def _prune(self, folder: Path) -> None:
        aged: list[tuple[float, Path]] = []
        for path in folder.glob("*.json"):
            try:
                aged.append((path.stat().st_mtime, path))
            except OSError:
                continue  # another run has pruned it
        for _, path in sorted(aged)[: max(0, len(aged) - MOST)]:
            path.unlink(missing_ok=True)


def key_of(kind: str, parts: Mapping[str, object]) -> str:
    """The key of a question. `parts`: everything the answer depends on; bytes by their digest, sets in any order.

    Raises:
        TypeError: a part has no stable form.
    """
    told = json.dumps({"kind": kind, "code": code_digest(), "parts": _stable(dict(parts))}, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _stable(value: object) -> object:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(k): _stable(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(str(one) for one in value)
    if isinstance(value, list | tuple):
        return [_stable(one) for one in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no stable form")


@cache
def code_digest() -> str:
    """Of the packages that judge, the rules among them: another version of them is asked again."""
    digest = hashlib.sha256()
    for package in (sandbox, agents):
        root = Path(next(iter(package.__path__)))
        for path in sorted(root.rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
