"""Flawed FastAPI applications with repaired twins, and how many of the flaws each gate finds.

`tests/corpus/manifest.txt` has one line for each flaw: gate | folder | what the gate must report | the flaw in words |
folders of `tests/corpus/base` whose files belong to both twins. The folder `tests/corpus/<gate>/<folder>` holds the
rest of them in `flawed/` and `repaired/`. What the gate must report may begin with `*` (anything that ends so) and go
on with `+` and what may stand beside it. Gates that hold a change against what was before it take the base folders for
that.
A gate takes part by its entry in `READ`, or in `tests.support.corpus_run.RUN` when it starts the application.
"""

from collections.abc import Callable, Sequence
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
        """Path -> text of the `flawed` or `repaired` application, or of what was `before` both."""
        roots = [*(CORPUS / "base" / name for name in self.base.split())]
        roots += [CORPUS / self.gate / self.folder / kind] if kind != "before" else []
        return {p.relative_to(r).as_posix(): p.read_text() for r in roots for p in sorted(r.rglob("*")) if p.is_file()}

    def named(self, reported: Sequence[str]) -> bool:
        """Whether the flaw is among what was reported."""
        return any(_is(self.expected.split("+")[0], one) for one in reported)

    def beside(self, reported: Sequence[str]) -> list[str]:
        """What was reported and is neither the flaw nor what may stand beside it."""
        known = self.expected.split("+")
        return [one for one in reported if not any(_is(pattern, one) for pattern in known)]


def _is(pattern: str, reported: str) -> bool:
    return reported.endswith(pattern[1:]) if pattern.startswith("*") else reported == pattern


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


READ: dict[str, Callable[[Files], list[str]]] = {"house-rules": house_rules}
"""Gate that only reads -> what it reports for an application, as ids."""


def flaws(gate: str = "") -> list[Flaw]:
    """The manifest, or one gate's part of it."""
    lines = [line for line in (CORPUS / "manifest.txt").read_text().splitlines() if line and not line.startswith("#")]
    listed = [Flaw(*(part.strip() for part in line.split("|"))) for line in lines]
    return [flaw for flaw in listed if gate in ("", flaw.gate)]


def score(gate: str, report: Callable[[Flaw, str], Sequence[str]]) -> Score:
    """Run a gate over its part of the corpus; `report`: what it says of one twin."""
    found = false = 0
    listed = flaws(gate)
    for flaw in listed:
        reported = report(flaw, "flawed")
        found += flaw.named(reported)
        false += len(flaw.beside(reported)) + len(report(flaw, "repaired"))
    return Score(gate, len(listed), found, false)


def read(flaw: Flaw, kind: str) -> list[str]:
    """What a gate that only reads says of one twin."""
    return READ[flaw.gate](flaw.files(kind))
