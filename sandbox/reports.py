"""What running tests said, and what it adds up to: the values that travel from the sandbox to agents and record."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A value: frozen, and unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Word(StrEnum):
    """The verdict's words; `green` is the only good one."""

    GREEN = "green"
    RED = "red"
    COLLECT_ERROR = "collect_error"
    NO_TESTS = "no_tests"
    FLAKY = "flaky"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    OUTPUT_LIMIT = "output_limit"
    DISK_FULL = "disk_full"
    PIDS_LIMIT = "pids_limit"
    SANDBOX_DIED = "sandbox_died"
    TAMPERED = "tampered"
    WEAK_TESTS = "weak_tests"
    CONTRACT_BROKEN = "contract_broken"


TestOutcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]


class TestResult(Frozen):
    """One test that reported: `error` is a failure in set-up or tear-down."""

    __test__ = False
    node_id: str
    """`path::name[params]`, the path relative to the repository's root."""
    outcome: TestOutcome
    duration_s: float = 0.0
    message: str = ""
    """The last line of the failure (`AssertionError: assert 404 == 201`)."""
    details: str = ""
    """The traceback, shortened head and tail, escape sequences removed."""


class SuiteReport(Frozen):
    """One pytest run (or the service tests' run) as reported, before anything is judged."""

    word: Word
    results: tuple[TestResult, ...] = ()
    complete: bool = True
    """False: it did not get to its end (crash, timeout, service gone ...); `results` may not be all."""
    reason: str = ""
    """Why the word is not `green`, in one line; empty when it is."""
    unended: str = ""
    """The test that was running when the clock ended the run; empty when none did, or it ended while collecting."""
    output: str = ""
    """Program output for a person or an agent, cut head and tail, escape sequences removed."""
    service_output: str = ""
    """What the service printed, cut likewise; empty when none was started."""
    elapsed_s: float = 0.0
    notes: tuple[str, ...] = ()
    """What a person should know about how it was run; empty when there is nothing special."""
    touched: dict[str, tuple[str, ...]] = Field(default_factory=dict, exclude=True, repr=False)
    """Test -> files of the tree whose code it ran, when that was asked for; never kept with a report."""

    def passed(self) -> set[str]:
        """Node ids that passed."""
        return {r.node_id for r in self.results if r.outcome in ("passed", "xfailed")}

    def failures(self) -> tuple[TestResult, ...]:
        """Results that did not pass and were not skipped."""
        return tuple(r for r in self.results if r.outcome in ("failed", "error", "xpassed"))


class Service(Frozen):
    """How to start the repository's HTTP service inside the sandbox (cwd: a writable copy of the tree)."""

    argv: tuple[str, ...]
    """`{port}` is replaced, e.g. `("python", "-m", "uvicorn", "app.main:app", "--port", "{port}")`."""
    prepare: tuple[tuple[str, ...], ...] = ()
    """Commands run before it, each must exit 0, e.g. `(("python", "-m", "alembic", "upgrade", "head"),)`."""
    env: dict[str, str] = {}
    ready_path: str = "/openapi.json"
    """Answers below 500 when the service is up."""
    start_timeout_s: float = 30.0


class Gate(Frozen):
    """One named, mechanical check with its evidence."""

    name: str
    passed: bool
    evidence: str
    blocking: bool = True
    seconds: float = 0.0
    command: str = ""
    """What was run, as far as one command says it."""


class Verdict(Frozen):
    """All gates together for one commit."""

    word: Word
    commit: str
    reason: str = ""
    gates: tuple[Gate, ...] = ()
    failures: tuple[TestResult, ...] = ()
    passed: int = 0
    total: int = 0
    levels: dict[str, str] = {}
    """Node id -> level it was proven at: `service` (HTTP, other process and uid) or `in-process`."""
    not_checked: tuple[str, ...] = ()
    shows: str = ""
    """A module of acceptance tests for what gates found; empty when there is nothing tests could show."""
    elapsed_s: float = 0.0
