"""What a run's commits are judged by: the baseline of the code before the change, and the verdict on the code after it.

Both are asked for once per question (see `workflows.verdict_cache`), and both may be asked for again after a crash.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from agents.contracts import Plan, Request, TestCase
from agents.protection import is_test_file
from sandbox.baseline import Baseline, measure
from sandbox.errors import DependencyError
from sandbox.mutants import Mutant
from sandbox.protocol import Engine
from sandbox.reports import Gate, Verdict, Word
from sandbox.text import counted
from sandbox.trust import ACCEPTANCE
from sandbox.verdict import judge as judge_commit
from sandbox.verdict import left_aside
from workflows.breaking import Asked, anything_asked, breaks_asked_for, nothing_asked
from workflows.flakes import settled
from workflows.gates import run_gates, with_gates
from workflows.lab import Lab
from workflows.preservation import Preserve, tests_preserved
from workflows.proof import sample_of
from workflows.verdict_cache import key_of

DOUBTS = 5
"""How often a test that a change seems to have broken is run on the code before it."""


def baseline(lab: Lab, base: str, endless: Collection[str] = ()) -> Baseline:
    """What the repository's own tests say before any change; measured once per run.

    `endless`: tests that are known by then not to end.
    """
    known = lab.record.load_report("baseline", Baseline)
    if known is not None:
        return known
    has_tests = any(is_test_file(f) and f.endswith(".py") for f in lab.files(base))
    found = measured(lab, base, endless) if has_tests else Baseline()
    lab.record.save_report("baseline", found)
    return found


def measured(lab: Lab, base: str, endless: Collection[str] = ()) -> Baseline:
    """What the tests of a commit say, asked once per tree; known flaky tests do not decide."""
    tree, image, service = lab.tree_id(base), lab.image(base), lab.service(base)
    flakes, verdicts = lab.proof.flakes(lab.source), lab.proof.verdicts
    limits = {"limits": asdict(lab.limits), "timeout_s": lab.test_timeout_s, "extras": lab.extras(base)}
    key = key_of("baseline", {"tree": tree, "image": image, "service": service, "endless": set(endless), **limits})
    if (known := verdicts.find_baseline(key)) is not None:
        lab.record.emit("note", text="the repository's own tests were run on this very tree before")
        return settled(known, flakes.flaky()) if flakes else known
    found = _measure(lab, base, aside=endless, tell=lambda text: lab.record.emit("note", text=text))
    verdicts.save_baseline(key, found)
    return flakes.learn(found, tree) if flakes else found


def _measure(lab: Lab, base: str, **how: Any) -> Baseline:
    found = measure(
        lab.engine.supplied(lab.extras(base)),
        lab.image(base),
        source=lab.workspace.export(base),
        service=lab.service(base),
        run_id=lab.run_id,
        limits=lab.limits,
        timeout_s=lab.test_timeout_s,
        **how,
    )
    lab.engine.refuse_if_stopped()
    return found


def judge(
    lab: Lab,
    head: str,
    tests_commit: str,
    base: str,
    cases: Sequence[TestCase],
    held: Collection[str] = (),
    *,
    request: Request | None = None,
    plan: Plan | None = None,
    preserve: Preserve | None = None,
) -> Verdict:
    """Every gate in a fresh container; the same question is asked once only."""
    try:
        lab.image(head)
    except DependencyError as error:
        reason = f"the dependencies cannot be installed: {error}"
        gate = Gate(name="dependencies", passed=False, evidence=reason)
        return Verdict(word=Word.RED, commit=head, reason=reason, gates=(gate,))
    question = _question(lab, head, tests_commit, base, cases) | {"held_out": set(held)}
    verdicts, extras = lab.proof.verdicts, lab.extras(head)
    engine = lab.engine.supplied(extras)
    kind, may_break = (request.kind, request.allow_breaking) if request else ("feature", False)
    reported = plan if plan is not None and kind == "fix" else None
    known_by = {"proof": lab.proof.words(), "limits": asdict(lab.limits), "extras": extras}
    asked: dict[str, object] = {"gates": (lab.gates.words(), kind, may_break, reported, lab.tree_id(base))}
    asked |= {"preserve": preserve.words()} if preserve else {}
    key = key_of("verdict", question | {"source": lab.tree_id(head), **known_by, **asked})
    if (known := verdicts.find(key, head)) is not None:
        lab.record.emit("note", text="this tree was judged by the same tests before; that verdict stands")
        return known
    run: dict[str, Any] = {"limits": lab.limits, "run_id": lab.run_id, "timeout_s": lab.test_timeout_s}
    verdict = judge_commit(engine, commit=head, **question, **run)
    lab.engine.refuse_if_stopped()
    if _flaky_before(lab, verdict, base, cases):
        question |= {"baseline": baseline(lab, base)}
        verdict = judge_commit(engine, commit=head, **question, **run)
        lab.engine.refuse_if_stopped()
    if verdict.word is Word.GREEN:
        allowed = anything_asked if may_break else _asked(lab, reported, tests_commit, cases)
        before = baseline(lab, base)
        aside = left_aside(before, [case.node_id for case in cases])
        results = run_gates(
            lab, lab.gates, base=base, head=head, kind=kind, asked=allowed, preserve=preserve, aside=aside
        )
        if preserve is not None and lab.gates.on("preserved"):
            results += tests_preserved(lab, base, head, tests_commit, preserve, set(before.flaky), before.endless)
        lab.engine.refuse_if_stopped()
        verdict = with_gates(verdict, results)
    if preserve is None:
        verdict = _weighed(lab, verdict, base, head, engine, question, run)
    verdicts.save(key, verdict)
    return verdict


def _weighed(
    lab: Lab, verdict: Verdict, base: str, head: str, engine: Engine, question: dict[str, Any], run: dict[str, Any]
) -> Verdict:
    """The verdict with what mutants of the change say of its tests."""
    found = lab.proof.weigh(
        verdict,
        lambda: _sample(lab, base, head),
        engine=engine,
        image=question["image"],
        source=question["source"],
        tests=question["tests"],
        service=question["service"],
        expected=question["expected_service"],
        **run,
    )
    lab.engine.refuse_if_stopped()
    return found


def _asked(lab: Lab, reported: Plan | None, tests_commit: str, cases: Sequence[TestCase]) -> Asked:
    if reported is None:
        return nothing_asked
    source = lab.commit_source(tests_commit)
    return breaks_asked_for(reported, lambda path: (source.raw(path) or b"").decode("utf-8", "replace"), cases)


def _flaky_before(lab: Lab, verdict: Verdict, base: str, cases: Sequence[TestCase]) -> bool:
    """Whether some tests that a change seems to have broken fail now and then without it too; learns which."""
    ours = {case.node_id for case in cases}
    broken = [f.node_id for f in verdict.failures if f.node_id.split("[")[0] not in ours and "::" in f.node_id]
    if verdict.word is not Word.RED or not broken:
        return False
    return flaky_among(lab, broken, base)


def flaky_among(lab: Lab, broken: Sequence[str], base: str) -> bool:
    """Whether some of these tests, which a change seems to have broken, fail now and then without it; learns which."""
    lab.record.emit("note", text=f"running {counted(len(broken), 'broken test')} again on the code before the change")
    found = _measure(lab, base, repeats=DOUBTS, again=0, only=broken)
    if not found.flaky:
        return False
    if flakes := lab.proof.flakes(lab.source):
        flakes.learn(found, lab.tree_id(base))
    lab.record.save_report("baseline", settled(baseline(lab, base), set(found.flaky)))
    return True


def _question(lab: Lab, head: str, tests_commit: str, base: str, cases: Sequence[TestCase]) -> dict[str, Any]:
    """What a verdict depends on, as `sandbox.verdict.judge` takes it."""
    ids = {c.node_id for c in cases}
    return {
        "image": lab.image(head),
        "source": lab.workspace.export(head),
        "tests": lab.trusted_tests(tests_commit),
        "service": lab.service(head),
        "expected_service": {i for i in ids if i.startswith(ACCEPTANCE)},
        "expected_unit": {i for i in ids if not i.startswith(ACCEPTANCE)},
        "baseline": baseline(lab, base),
        "changed": {c.path for c in lab.workspace.changes(tests_commit, head)},
    }


def _sample(lab: Lab, base: str, head: str) -> list[Mutant]:
    """Mutants of the change, the same for the same tree."""
    before, after = lab.commit_source(base), lab.commit_source(head)
    return sample_of(before, after, {c.path for c in lab.workspace.changes(base, head)}, lab.tree_id(head))
