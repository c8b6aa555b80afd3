"""What the agents say to each other and to the graph: frozen values, unknown fields are an error."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RequestKind = Literal["feature", "fix", "refactor", "review"]


class Frozen(BaseModel):
    """A value: frozen, and unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TestFile(Frozen):
    """One file the tester wrote (a test module or a helper below the tests folder)."""

    __test__ = False
    path: str
    content: str


class Request(Frozen):
    """What the user asked."""

    kind: RequestKind = "feature"
    text: str = Field(min_length=1)
    tests: tuple[str, ...] = ()
    """Node ids of tests of the repository that show a bug."""
    proof: tuple[TestFile, ...] = ()
    """New tests that show a bug, as they are."""
    since: str = ""
    """A commit that did not have the bug: which one brought it is looked for."""
    allow_breaking: bool = False
    """Existing clients may break; what breaks is recorded."""
    record_decisions: bool = False
    """The plan's decisions are written into the repository, `docs/decisions/`."""
    openapi: str = ""
    """An OpenAPI document the result is held to, as text; empty when none was given."""
    assume: bool = False
    """Answer open questions by their defaults and record them as assumptions."""
    recipes: tuple[str, ...] = ()
    """Refactorings by name, with their argument behind a colon."""
    paths: tuple[str, ...] = ()
    """Globs of files a refactoring may change; empty for all."""
    preview: bool = False
    """Show what a refactoring would do, and deliver nothing."""
    keep_tests: bool = True
    """Deliver the tests that were recorded before a refactoring with it."""


class Criterion(Frozen):
    """One acceptance criterion: a testable sentence."""

    id: str = Field(pattern=r"^C\d+$")
    text: str
    guard: bool = False
    """True: holds before the change already and must go on holding, so no red proof is asked of its tests."""


class PlanStep(Frozen):
    """One step of the plan and the files it touches."""

    title: str
    files: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()


class Question(Frozen):
    """Something only the user can decide, with the answer we would assume."""

    id: str = Field(pattern=r"^Q\d+$")
    text: str
    default: str


class Answer(Frozen):
    """The user's answer to a question."""

    question: str
    text: str
    assumed: bool = False


class Decision(Frozen):
    """A choice the plan made, and why."""

    choice: str
    reason: str


class Plan(Frozen):
    """What will be built and how it will be proven."""

    summary: str
    criteria: tuple[Criterion, ...]
    steps: tuple[PlanStep, ...] = ()
    assumptions: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    decisions: tuple[Decision, ...] = ()
    spec: dict[str, Any] = {}
    """The offline engine's machine-readable reading of the request; empty on a model."""


class TestCase(Frozen):
    """Which criterion a test proves."""

    __test__ = False
    node_id: str
    """`path::function`, without parameters."""
    criteria: tuple[str, ...]
    guard: bool = False
    """Passes before the change already; excluded from the red proof."""


class TestSuite(Frozen):
    """What the tester wrote. Tests below `tests/acceptance/` speak HTTP; any other test runs in-process."""

    __test__ = False
    files: tuple[TestFile, ...]
    cases: tuple[TestCase, ...]
    settings: dict[str, str] = {}
    """Variables the service needs before the tests can speak to it."""


class FileEdit(Frozen):
    """One change to one file."""

    path: str
    action: Literal["write", "replace", "delete"]
    content: str = ""
    """`write`: the whole new file."""
    old: str = ""
    """`replace`: the exact text to find; must occur once."""
    new: str = ""
    """`replace`: what it becomes."""


class Change(Frozen):
    """What the builder did in one round (already applied to the workspace) and the commit's subject line."""

    message: str
    edits: tuple[FileEdit, ...] = ()
    note: str = ""


class Blame(Frozen):
    """The tester's reading of failures: whose fault, and which tests to rewrite when it is the tests'."""

    fault: Literal["code", "test", "request"]
    """`request`: the tests or criteria contradict each other or the documented behaviour; a person must decide."""
    reason: str
    tests: tuple[str, ...] = ()
    """Node ids to rewrite when `fault` is `test`."""


class Usage(Frozen):
    """What calls consumed."""

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
