"""The graph's state: ids, shas and small values. Contents live in the workspace, reports in the record."""

import operator
from dataclasses import dataclass
from typing import Annotated, TypedDict

from agents.contracts import Answer, Frozen, Plan, Request, TestCase
from agents.ledger import Ledger
from agents.roles import Team
from workflows.lab import Lab
from workflows.record import Record


class Round(Frozen):
    """What one build came to."""

    number: int
    commit: str
    tree: str
    word: str
    passed: int
    total: int
    fingerprint: str
    """Of the failing tests and their normalised messages; equal fingerprints mean no progress."""


class RunState(TypedDict, total=False):
    """Everything a resume needs; written by one node at a time, `rounds` and `answers` grow."""

    request: Request
    base: str
    plan: Plan
    answers: Annotated[list[Answer], operator.add]
    approved: bool
    tests_commit: str
    """The acceptance tests as the builder may read them."""
    full_tests: str
    """All of them, held-out checks included; off the run's line, so that no tree the builder works in has it."""
    cases: list[TestCase]
    held: list[str]
    """Node ids of the held-out checks among `cases`."""
    red_tries: int
    red_proven: bool
    head: str
    round: int
    rounds: Annotated[list[Round], operator.add]
    report: str
    """Name in the record of the last suite report that somebody has to act on."""
    feedback: str
    triaged: int
    replans: int
    vetoes: int
    repair: int
    """How many repairs that were found by rule have been tried."""
    patched: bool
    """A model's first patches have been made."""
    step: int
    """Number of the refactoring's step that is worked on."""
    attempt: int
    """Tries at it before this one."""
    trial: str
    """The commit of that try."""
    withdrawn: list[int]
    """Steps that a verdict refused, once for each time."""
    refused: str
    """Why the verdict refuses the step that is cut down; empty when its quick check did."""
    next: str
    """Where a node that has to choose wants to go; read by `routing`."""
    best: str
    """Commit to deliver when the run is not green."""
    complete: str
    """The commit a verdict was about: `head` with the held-out checks on top; empty while there is none."""
    verdict: str
    """Name in the record of the last verdict."""
    ending: str
    reason: str
    branch: str


STATE_TYPES = (Request, Plan, Answer, TestCase, Round)
"""The only classes a checkpoint may bring back to life."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Every cap of the loop; each can be configured."""

    max_rounds: int = 6
    max_red_tries: int = 3
    max_questions: int = 3
    max_triages: int = 2
    stuck_after: int = 3
    """Rounds with the same failures that count as no progress."""
    max_replans: int = 1
    max_vetoes: int = 1
    repair_s: float = 60.0
    """Longest search for a repair by rule (seconds)."""
    repair_candidates: int = 20000
    patches: int = 3
    """Patches that a model makes side by side."""
    max_step_tries: int = 2
    """Tries of the builder at one step of a refactoring."""
    max_parts_tried: int = 40
    """Checks spent on finding what of a step breaks."""
    max_parts_judged: int = 20
    """The same where only the verdict sees it, which takes longer."""
    max_narrowed: int = 2
    """How often a step that verdicts refuse is cut down before all of it is left out."""
    held_out: bool = True
    """Keep about a third of the acceptance tests from the builder until the verdict."""


@dataclass(frozen=True, slots=True)
class Context:
    """Live objects; never checkpointed, given again on resume."""

    run_id: str
    branch: str
    record: Record
    lab: Lab
    team: Team
    ledger: Ledger
    limits: Limits
    approve: bool = False
