"""The steps of a refactoring in a run: made, checked, written down."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import Field

from agents.contracts import Frozen, TestCase
from agents.recipes.recipe import Outcome
from agents.refactoring.steps import Refactoring, Step, refactoring_of, seen
from sandbox.errors import DependencyError, EngineFault
from sandbox.reports import SuiteReport, TestResult, Verdict, Word
from sandbox.trust import kind_of
from workflows.gate_choice import Gates
from workflows.gates import failures_of, run_gates
from workflows.judgement import baseline, flaky_among, judge
from workflows.lab import Lab
from workflows.preservation import Preserve, preserve_of
from workflows.recipe_runs import change_in
from workflows.state import Context, RunState

SLOW = frozenset({"migrations", "schema", "attacks"})
"""Gates that only the verdict runs."""


class LeftOut(Frozen):
    """A part of a step that breaks something."""

    where: str
    reason: str
    diff: str = ""


class Before(Frozen):
    """A step as it was before one ahead of it was withdrawn."""

    start: str
    commit: str
    left_out: tuple[LeftOut, ...] = ()


class Made(Frozen):
    """What became of one step."""

    title: str
    recipe: str = ""
    commit: str = ""
    """Empty when nothing of it is there."""
    start: str = ""
    """The commit it was made on."""
    before: Before | None = None
    """What may do for it again; None when that was tried."""
    files: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    """What the recipe left alone or wants to be known, or the builder said."""
    reason: str = ""
    """Why nothing of it is there."""


class Checked(Frozen):
    """A commit held against what was before."""

    reason: str = ""
    """Why it is not as it was; empty when it is."""
    passed: int = 0
    total: int = 0
    failures: tuple[TestResult, ...] = Field(default=())


def work_of(state: RunState) -> Refactoring:
    """What is to be done."""
    return refactoring_of(state["plan"])


def name_of(state: RunState, number: int | None = None) -> str:
    """The name of a step; one that is made again after a verdict has another."""
    again = len(state.get("withdrawn", ()))
    return f"step-{(state.get('step', 0) if number is None else number) + 1}" + (f"-again-{again}" if again else "")


def replay_of(state: RunState) -> str:
    """The name of a step that is what it was before, on another commit."""
    return f"{name_of(state)}-replayed"


def is_replay(context: Context, state: RunState) -> bool:
    """Whether what is tried is a replay."""
    tried = context.lab.workspace.line(state["head"], state["trial"])
    return bool(tried) and tried[-1].trailers.get("Greenloop-Step") == replay_of(state)


def made(context: Context, state: RunState) -> list[Made]:
    """What became of the steps so far, in their order."""
    found = (context.record.load_report(f"made-{n}", Made) for n in range(len(work_of(state).steps)))
    return [one for one in found if one is not None]


def made_of(context: Context, state: RunState) -> Made:
    """What became of the step that is worked on, as far as it is known."""
    now = work_of(state).steps[state["step"]]
    found = context.record.load_report(f"made-{state['step']}", Made)
    return found or Made(title=now.title, recipe=now.recipe)


def keep_made(context: Context, state: RunState, found: Made) -> None:
    """Write down what became of the step that is worked on."""
    context.record.save_report(f"made-{state['step']}", found)


def settled(state: RunState, head: str) -> RunState:
    """On to the next step, from this commit; after the last one to the verdict."""
    more = state["step"] + 1 < len(work_of(state).steps)
    going = "apply_step" if more else "prove"
    done = {"head": head, "trial": "", "step": state["step"] + 1, "attempt": 0, "report": "", "refused": ""}
    return {**done, "next": going}  # type: ignore[typeddict-item]


def keep(context: Context, state: RunState) -> Preserve:
    """What has to stay as it is, by the plan and by what was done so far."""
    written = {path for one in made(context, state) if one.commit and not one.recipe for path in one.files}
    step = state.get("step", 0)
    steps = work_of(state).steps
    if state.get("trial") and step < len(steps) and not steps[step].recipe:
        written |= {change.path for change in context.lab.changes(state["head"], state["trial"])}
    return preserve_of(state["plan"], tuple(sorted(written)), state.get("full_tests", ""))


def outcome_of(lab: Lab, commit: str, step: Step, paths: Sequence[str]) -> Outcome:
    """What a recipe makes of a commit."""
    source = lab.commit_source(commit)
    files = {path: content for path in seen(source.files()) if (content := source.raw(path)) is not None}
    return change_in(lab)(step.recipe, files, paths)


def lay(lab: Lab, texts: Mapping[str, str | bytes | None]) -> None:
    """Write contents into the tree; None takes a file away.

    Raises:
        PathRefused: one cannot be written.
    """
    there = set(lab.workspace.files())
    for path, text in sorted(texts.items()):
        if text is not None:
            lab.write(path, text)
        elif path in there:
            lab.delete(path)


def own_cases(lab: Lab, state: RunState) -> list[TestCase]:
    """The tests that have to go on passing: the repository's own, and those recorded for this."""
    own = [TestCase(node_id=node_id, criteria=("C1",), guard=True) for node_id in baseline(lab, state["base"]).passing]
    return [*own, *state.get("cases", [])]


def trusted_of(lab: Lab, state: RunState, commit: str) -> str:
    """The commit whose tests are believed: a recipe's own changes to tests are, a builder's are not."""
    step, steps = state.get("step", 0), work_of(state).steps
    if step >= len(steps) or not steps[step].recipe or not _tests_differ(lab, state["tests_commit"], commit):
        return state["tests_commit"]
    return commit


def tests_of(lab: Lab, state: RunState, commit: str) -> str:
    """The same for a commit of steps that all went well."""
    return commit if _tests_differ(lab, state["full_tests"], commit) else state["full_tests"]


def _tests_differ(lab: Lab, old: str, new: str) -> bool:
    """Whether tests that were there are other ones now."""
    changes = lab.changes(old, new)
    return any(change.status != "A" and kind_of(change.path) not in (None, "shared") for change in changes)


def check(context: Context, state: RunState, commit: str) -> Checked:
    """Tests in the warm sandbox and every quick gate; a tree is checked once."""
    lab = context.lab
    name = f"checked-{lab.tree_id(commit)[:16]}"
    known = context.record.load_report(name, Checked)
    if known is None:
        known = _checked(context, state, commit)
        context.record.save_report(name, known)
    return known


def judged(context: Context, state: RunState, commit: str) -> Verdict:
    """The verdict on a commit of some steps or all.

    Raises:
        EngineFault: its container was gone.
    """
    found = judge(
        context.lab, commit, tests_of(context.lab, state, commit), state["base"], state["cases"],
        request=state["request"], plan=state["plan"], preserve=keep(context, state),
    )  # fmt: skip
    if found.word is Word.SANDBOX_DIED:
        raise EngineFault(f"the container was gone during the verdict: {found.reason}")
    return found


def refusal(context: Context, state: RunState, commit: str) -> str:
    """Why the verdict refuses a commit, empty when it is green; a tree is judged once."""
    known = context.record.load_report(_judged_as(context, commit), Checked)
    return known.reason if known else told_of(context, commit, judged(context, state, commit))


def told_of(context: Context, commit: str, verdict: Verdict) -> str:
    """The same of a verdict that is there; it is written down."""
    reason = "" if verdict.word is Word.GREEN else f"the verdict on it was {verdict.word}: {verdict.reason}"
    context.record.save_report(_judged_as(context, commit), Checked(reason=reason))
    return reason


def _judged_as(context: Context, commit: str) -> str:
    return f"judged-{context.lab.tree_id(commit)[:16]}"


def _doubtful(lab: Lab, state: RunState, report: SuiteReport) -> bool:
    """Whether a test that failed does so now and then on the code before the first step too; each is doubted once."""
    own = {one.node_id.split("[")[0] for one in own_cases(lab, {**state, "cases": []})}
    steady = lab.remembered.setdefault("steady tests", set())
    broken = [one.node_id for one in report.failures() if one.node_id.split("[")[0] in own - steady]
    if not broken:
        return False
    steady |= {node_id.split("[")[0] for node_id in broken}
    return flaky_among(lab, broken, state["base"])


def _checked(context: Context, state: RunState, commit: str) -> Checked:
    lab, cases = context.lab, own_cases(context.lab, state)
    try:
        lab.image(commit)
    except DependencyError as error:
        return Checked(reason=f"the dependencies cannot be installed: {error}", total=len(cases))
    passed = total = 0
    if cases:
        report = lab.check(commit, trusted_of(lab, state, commit), cases)
        if report.word is not Word.GREEN and _doubtful(lab, state, report):
            cases = own_cases(lab, state)
            report = lab.check(commit, trusted_of(lab, state, commit), cases)
        passed, total = len(report.passed()), max(len(report.results), len(cases))
        if report.word is not Word.GREEN:
            failures = tuple(f.model_copy(update={"details": f.details[-3000:]}) for f in report.failures())
            return Checked(reason=f"tests: {report.reason}", passed=passed, total=total, failures=failures)
    quick = Gates(off=lab.gates.off | SLOW, budget_s=lab.gates.budget_s)
    preserve = replace(keep(context, state), written=())
    results = run_gates(lab, quick, base=state["base"], head=commit, kind="refactor", preserve=preserve)
    lab.engine.refuse_if_stopped()
    bad = [result for result in results if not result.gate.passed and result.gate.blocking]
    if not bad:
        return Checked(passed=passed, total=total)
    reason = f"{bad[0].gate.name}: {bad[0].gate.evidence}"
    return Checked(reason=reason, passed=passed, total=total, failures=tuple(failures_of(bad)))
