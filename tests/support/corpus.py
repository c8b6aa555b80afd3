"""Flawed FastAPI applications with repaired twins, and how many of the flaws each gate finds.

`tests/corpus/manifest.txt` has one line for each flaw: gate | folder | what the gate must report | the flaw in words |
folders of `tests/corpus/base` whose files belong to both twins. The folder `tests/corpus/<gate>/<folder>` holds the
rest of them in `flawed/` and `repaired/`. A gate takes part by its entry in `GATES`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agents.rules.check import check
from tests.support.sources import Tree

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
Files = dict[str, str]


@dataclass(frozen=True, slots=True)
class Flaw:
    """One line of the manifest."""

    gate: str
    folder: str
    expected: str
    """Id of the finding that names the flaw."""
    words: str
    base: str = ""

    def files(self, kind: str) -> Files:
        """Path -> text of the `flawed` or `repaired` application."""
        roots = [*(CORPUS / "base" / name for name in self.base.split()), CORPUS / self.gate / self.folder / kind]
        return {p.relative_to(r).as_posix(): p.read_text() for r in roots for p in sorted(r.rglob("*")) if p.is_file()}


@dataclass(frozen=True, slots=True)
class Score:
    """What a gate made of its part of the corpus."""

    gate: str
    flaws: int
    found: int
    """Flaws the right finding names."""
    false: int
    """Findings beside the flaw, in flawed and repaired applications together."""

    @property
    def recall(self) -> float:
        return self.found / self.flaws if self.flaws else 0.0

    @property
    def precision(self) -> float:
        reported = self.found + self.false
        return self.found / reported if reported else 0.0


def house_rules(files: Files) -> list[str]:
    """Ids of what the rules find."""
    return [finding.rule for finding in check(Tree(files))]


GATES: dict[str, Callable[[Files], list[str]]] = {"house-rules": house_rules}
"""Gate -> what it reports for an application, as ids."""


def flaws(gate: str = "") -> list[Flaw]:
    """The manifest, or one gate's part of it."""
    lines = [line for line in (CORPUS / "manifest.txt").read_text().splitlines() if line and not line.startswith("#")]
    listed = [Flaw(*(part.strip() for part in line.split("|"))) for line in lines]
    return [flaw for flaw in listed if gate in ("", flaw.gate)]


def score(gate: str) -> Score:
    """Run a gate over its part of the corpus."""
    found = false = 0
    listed = flaws(gate)
    for flaw in listed:
        reported = GATES[gate](flaw.files("flawed"))
        found += flaw.expected in reported
        false += len(reported) - (flaw.expected in reported) + len(GATES[gate](flaw.files("repaired")))
    return Score(gate, len(listed), found, false)
