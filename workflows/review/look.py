"""A review: the gates, the rules and, with a model, a reviewer that looks for bugs; one list of findings of it all."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agents.errors import AgentError
from agents.findings import Finding
from agents.operations import handlers
from agents.rules.check import check
from agents.rules.switches import read_switches
from sandbox.errors import DependencyError, SandboxError
from sandbox.gates.findings import GateResult
from sandbox.intake import common_ancestor
from sandbox.reports import Gate
from sandbox.store import empty_commit
from sandbox.workspace import Workspace
from workflows.aside import aside
from workflows.events import Event
from workflows.gate_choice import Gates
from workflows.gates import run_gates
from workflows.review.collect import merged, of_gates, of_rules
from workflows.review.findings import Review, ReviewFinding, ordered
from workflows.review.hunting import proven
from workflows.review.memory import DISMISSED, Seen, dismissals_in
from workflows.review.own_tests import failing_tests
from workflows.rules_gate import NAME as RULES
from workflows.rules_gate import worsened
from workflows.settings import Loaded, choose_engine
from workflows.sources import TreeSource
from workflows.state import Context


class NothingToReview(ValueError):
    """The revision does not exist or nothing differs; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is reviewed, and how."""

    repo: Path
    base: str = "HEAD"
    """A revision; what was changed since it left HEAD's line, uncommitted changes included."""
    whole: bool = False
    run: bool = True
    """Start the service in the sandbox; otherwise the code is only read."""

    @property
    def scope(self) -> str:
        """What reviews are compared within."""
        return ("all" if self.whole else f"since {self.base}") + ("" if self.run else ", only read")


def review(
    wanted: Wanted, loaded: Loaded, cancelled: Callable[[], bool], tell: Callable[[Event], None] = lambda _: None
) -> Review:
    """Look at a change or a whole repository, and compare with the review before.

    Raises:
        NothingToReview: see there.
        SandboxError: the repository is refused, or nothing can be run here.
    """
    begun = time.monotonic()
    engine = choose_engine(loaded.values)
    with aside(wanted.repo, f"review {wanted.scope}", loaded, engine, cancelled, tell) as context:
        found = _Look(context, wanted).all_of_it()
    compared = _compared(found, wanted, loaded.values.state_dir)
    return compared.model_copy(update={"seconds": round(time.monotonic() - begun, 1)})


class _Look:
    """One review at work."""

    def __init__(self, context: Context, wanted: Wanted) -> None:
        self._context, self._wanted, self._lab = context, wanted, context.lab
        self._gates: list[Gate] = []
        self._open: list[str] = []

    def all_of_it(self) -> Review:
        """Rules first, they cost nothing; then what runs; then the model."""
        head = self._head()
        base = self._base(head)
        rules = of_rules(self._rules(base, head))
        ran: list[ReviewFinding] = []
        if self._wanted.run:
            ran = self._ran(base, head, rules)
        else:
            ran, self._open = rules, ["nothing was started (--no-run): gates that run, tests, the model's suspicions"]
        return Review(
            title=self._title(base, head), base=base, head=head, findings=ordered(ran), gates=tuple(self._gates),
            not_checked=tuple(self._open),
        )  # fmt: skip

    def _head(self) -> str:
        """The commit that is reviewed, uncommitted changes on top; without Docker when nothing is to be run."""
        if self._wanted.run:
            return self._lab.prepare()
        self._lab.workspace = Workspace.create(self._lab.home, self._lab.source, include_dirty=True)
        return self._lab.workspace.base

    def _base(self, head: str) -> str:
        if self._wanted.whole:
            return empty_commit(self._lab.workspace.git)
        shared = common_ancestor(self._wanted.repo, self._wanted.base)
        if shared is None:
            raise NothingToReview(f"--base {self._wanted.base}: no revision that shares a commit with HEAD")
        if not self._lab.changes(shared, head):
            raise NothingToReview(
                f"nothing differs from {self._wanted.base}: name another --base, or review everything with --all"
            )
        return shared

    def _title(self, base: str, head: str) -> str:
        source = self._lab.commit_source(head)
        files = sum(path.endswith(".py") for path in source.files())
        if self._wanted.whole:
            return f"Review of the whole repository at {head[:10]} ({files} Python files)"
        changed = self._lab.changes(base, head)
        lines = f"+{sum(c.added for c in changed)} -{sum(c.removed for c in changed)}"
        return f"Review of the change since {base[:10]} ({len(changed)} files, {lines})"

    def _rules(self, base: str, head: str) -> list[Finding]:
        before, after = self._lab.commit_source(base), self._lab.commit_source(head)
        if not self._lab.gates.on("rules"):
            return []
        begun = time.monotonic()
        if self._wanted.whole:
            found = check(after, switches=read_switches(after))
        else:
            found = worsened(before, after, comments=True)
        grave = sum(finding.severity == "error" for finding in found)
        self._gates.append(
            Gate(
                name=RULES, passed=not found, blocking=bool(grave), evidence=f"{len(found)} findings, {grave} errors",
                command="read every module", seconds=round(time.monotonic() - begun, 3),
            )
        )  # fmt: skip
        return list(found)

    def _ran(self, base: str, head: str, rules: list[ReviewFinding]) -> list[ReviewFinding]:
        lab, source = self._lab, self._lab.commit_source(head)
        try:
            lab.image(head)
        except DependencyError as error:
            self._open.append(f"nothing was started: the dependencies cannot be installed: {error}")
            return rules
        operations = handlers(source)
        gates = Gates(off=lab.gates.off | {"rules"}, budget_s=lab.gates.budget_s)
        results = run_gates(lab, gates, base=base, head=head, kind="review")
        self._told(results)
        tests, gate = failing_tests(lab, base, head)
        self._gates.append(gate)
        found = [*merged(rules, of_gates(results, operations), operations), *tests]
        if lab.service(head) is None:
            self._open.append("no FastAPI application was found, so nothing was sent to it")
            return found
        return [*found, *self._suspected(base, head, found)]

    def _told(self, results: list[GateResult]) -> None:
        self._gates += [result.gate for result in results]
        self._open += [f"{r.gate.name}: {r.gate.evidence}" for r in results if "not measured" in r.gate.evidence]

    def _suspected(self, base: str, head: str, known: list[ReviewFinding]) -> list[ReviewFinding]:
        hunter, lab = self._context.team.hunter, self._lab
        if hunter is None:
            self._open.append("bugs that only a reader finds: no model is set")
            return []
        lab.reset(head)
        diff = "" if self._wanted.whole else lab.diff(base, head)
        told = tuple(f"{f.code} {f.path}:{f.line} {f.message}" for f in known)
        try:
            suspicions = asyncio.run(hunter.hunt(lab.desk("planner"), diff, told, "review"))
            return proven(lab, base, head, suspicions)
        except (AgentError, DependencyError) as error:
            self._open.append(f"the model reviewer: {error}")
        except SandboxError as error:
            self._open.append(f"the model's suspicions could not be run: {error}")
        return []


def _compared(found: Review, wanted: Wanted, state_dir: Path) -> Review:
    """Without what was dismissed, and held against the review before."""
    text = TreeSource(wanted.repo.resolve(), [DISMISSED]).raw(DISMISSED)
    dismissed = dismissals_in(text.decode("utf-8", "replace")) if text is not None else {}
    left = tuple(f for f in found.findings if f.id not in dismissed)
    seen = Seen(state_dir, wanted.repo, wanted.scope)
    before = seen.load()
    seen.save(found.findings)
    known = before or {}
    ids = {f.id for f in found.findings}
    return found.model_copy(
        update={
            "findings": left,
            "dismissed": tuple((f, dismissed[f.id]) for f in found.findings if f.id in dismissed),
            "new": tuple(f.id for f in left if f.id not in known),
            "gone": tuple((name, message) for name, message in known.items() if name not in ids),
            "first": before is None,
        }
    )
