"""The whole verdict in a real container, and the pure parts of it on made-up reports."""

from collections.abc import Iterator, Mapping

import pytest

from sandbox import tars
from sandbox.baseline import Baseline, endless_in, measure, summarise
from sandbox.docker import DockerEngine
from sandbox.errors import EngineFault, ImageUnavailable
from sandbox.protocol import Limits
from sandbox.reports import SuiteReport, TestOutcome, TestResult, Verdict, Word
from sandbox.verdict import conclude, judge, settle
from tests.support.trees import ACCEPTANCE, ACCEPTANCE_IDS, APP, RUN_ID, SERVICE, UNIT, UNIT_IDS, fastapi_image

CONFIG = {"pyproject.toml": b"[tool.pytest.ini_options]\nasyncio_mode = 'auto'\n"}
TRUSTED = ACCEPTANCE | UNIT | CONFIG
BROKEN = APP | {"app/main.py": APP["app/main.py"].replace(b'"ok": True', b'"ok": False')}


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    engine = DockerEngine()
    yield engine
    assert engine.remove_run(RUN_ID) == []
    engine.close()


def verdict_on(engine: DockerEngine, tree: Mapping[str, bytes], **kwargs: object) -> Verdict:
    given = {
        "source": tars.build(tree),
        "tests": tars.build(TRUSTED),
        "commit": "c0ffee",
        "service": SERVICE,
        "expected_service": ACCEPTANCE_IDS,
        "expected_unit": UNIT_IDS,
        "limits": Limits(),
        "run_id": RUN_ID,
        "timeout_s": 60,
    }
    return judge(engine, fastapi_image(), **{**given, **kwargs})  # type: ignore[arg-type]


@pytest.mark.docker
def test_green_has_evidence_for_every_gate(engine: DockerEngine) -> None:
    verdict = verdict_on(engine, APP | TRUSTED)
    assert (verdict.word, verdict.reason, verdict.commit) == (Word.GREEN, "", "c0ffee")
    assert [(g.name, g.passed) for g in verdict.gates] == [
        ("acceptance tests", True),
        ("repository's own tests", True),
        ("test integrity", True),
    ]
    assert (verdict.passed, verdict.total) == (5, 5)
    assert verdict.levels[ACCEPTANCE_IDS[0]] == "service"
    assert verdict.levels["tests/test_unit.py::test_health"] == "in-process"


@pytest.mark.docker
def test_broken_code_with_rewritten_tests_is_judged_by_the_trusted_ones(engine: DockerEngine) -> None:
    forged = dict.fromkeys(UNIT, b"def test_health(): pass\ndef test_number(): pass\n")
    hook = b"import os\nos._exit(0)\n"
    verdict = verdict_on(engine, BROKEN | TRUSTED | forged | {"tests/conftest.py": hook, "conftest.py": hook})
    assert verdict.word is Word.TAMPERED
    assert "tests/test_unit.py was weakened" in verdict.reason
    assert {f.node_id for f in verdict.failures} == {"tests/test_unit.py::test_health", ACCEPTANCE_IDS[0]}
    assert [g.passed for g in verdict.gates] == [False, False, False]


@pytest.mark.docker
def test_hooks_and_shadows_the_change_adds_take_no_part(engine: DockerEngine) -> None:
    lies = {
        "conftest.py": b"def pytest_collection_modifyitems(items): items.clear()\n",
        "tests/conftest.py": b"raise SystemExit(0)\n",
        "tests/test_extra.py": b"def test_extra(): assert False\n",
    }
    verdict = verdict_on(engine, APP | TRUSTED | lies)
    assert (verdict.word, verdict.total) == (Word.GREEN, 5), verdict.reason
    assert "tests/conftest.py was added by the change and did not run" in verdict.gates[2].evidence
    assert "tests/test_extra.py (added by the change) did not run" in verdict.not_checked


@pytest.mark.docker
def test_red_names_only_what_the_change_broke(engine: DockerEngine) -> None:
    known = {"tests/test_known.py": b"def test_known(): assert False\n"}
    tests = tars.build(TRUSTED | known)
    baseline = Baseline(passing=("tests/test_unit.py::test_health",), failing=("tests/test_known.py::test_known",))
    fine = verdict_on(engine, APP | TRUSTED | known, tests=tests, baseline=baseline)
    assert fine.word is Word.GREEN, fine.reason
    assert "tests/test_known.py::test_known failed before the change too" in fine.not_checked
    red = verdict_on(engine, BROKEN | TRUSTED | known, tests=tests, baseline=baseline)
    assert red.word is Word.RED
    assert {f.node_id for f in red.failures} == {"tests/test_unit.py::test_health", ACCEPTANCE_IDS[0]}


@pytest.mark.docker
def test_an_expected_test_that_is_not_there(engine: DockerEngine) -> None:
    verdict = verdict_on(engine, APP | TRUSTED, expected_unit=("tests/test_unit.py::test_more",))
    assert verdict.word is Word.TAMPERED and "tests/test_unit.py::test_more" in verdict.reason


@pytest.mark.docker
def test_a_service_that_does_not_start(engine: DockerEngine) -> None:
    verdict = verdict_on(engine, APP | TRUSTED | {"app/main.py": b"import nothing_of_this_name\n"})
    assert verdict.word is Word.RED
    assert "service did not start" in verdict.reason and "nothing_of_this_name" in verdict.reason


@pytest.mark.docker
def test_an_engine_that_fails_is_no_verdict(engine: DockerEngine) -> None:
    with pytest.raises(ImageUnavailable):
        judge(
            engine, "greenloop/none:none", source=tars.build(APP), tests=tars.build(TRUSTED), commit="c", service=None,
            limits=Limits(), run_id=RUN_ID, timeout_s=5,
        )  # fmt: skip
    with pytest.raises(EngineFault):
        verdict_on(engine, APP, source=b"this is no archive" * 100)


@pytest.mark.docker
def test_the_baseline_of_a_tree(engine: DockerEngine) -> None:
    tree = APP | ACCEPTANCE | CONFIG | {
        "tests/test_mixed.py": b"""
def test_good(): pass
def test_bad(): assert False
""",
        "tests/test_broken.py": b"import nothing_of_this_name\n",
    }  # fmt: skip
    found = measure(
        engine, fastapi_image(), source=tars.build(tree), service=SERVICE, limits=Limits(), run_id=RUN_ID,
        timeout_s=60, repeats=2,
    )  # fmt: skip
    assert {"tests/test_mixed.py::test_good", *ACCEPTANCE_IDS} <= set(found.passing)
    assert {"tests/test_broken.py", "tests/test_mixed.py::test_bad"} <= set(found.failing)
    assert found.trouble == ()


@pytest.mark.docker
def test_a_test_that_fails_at_first_is_run_until_it_is_told_from_a_failing_one(engine: DockerEngine) -> None:
    slow_to_warm = b"""
import time
def test_warm():
    time.sleep(1)
    begun = int(open("/proc/1/stat").read().rpartition(")")[2].split()[19]) / 100
    assert float(open("/proc/uptime").read().split()[0]) - begun > 4
def test_bad(): assert False
def test_good(): pass
"""
    found = measure(
        engine, fastapi_image(), source=tars.build({"tests/test_warm.py": slow_to_warm}), limits=Limits(),
        run_id=RUN_ID, timeout_s=60, repeats=1, again=5,
    )  # fmt: skip
    assert (found.flaky, found.failing, found.passing) == tuple(
        (f"tests/test_warm.py::{name}",) for name in ("test_warm", "test_bad", "test_good")
    )


@pytest.mark.docker
def test_a_test_that_does_not_end_is_left_aside_and_costs_its_time_once(engine: DockerEngine) -> None:
    name = "tests/test_mixed.py::"
    mixed = b"""
import pytest
@pytest.mark.parametrize("n", [1, 2])
def test_hangs(n):
    while n == 2: pass
def test_good(): pass
def test_bad(): assert False
"""
    told: list[str] = []
    asked = {"limits": Limits(), "run_id": RUN_ID, "service": None, "timeout_s": 4}
    tree = tars.build({"tests/test_mixed.py": mixed})
    found = measure(engine, fastapi_image(), source=tree, tell=told.append, **asked)  # type: ignore[arg-type]
    assert found == Baseline(
        passing=(f"{name}test_good", f"{name}test_hangs[1]"), failing=(f"{name}test_bad",),
        endless=(f"{name}test_hangs[2]",),
    )  # fmt: skip
    assert sum("did not end" in line for line in told) == 1, told
    assert [line.partition(" (")[0] for line in told if "running" in line] == [
        "running the repository's own tests as they are, 1 of 2",
        "running the repository's own tests as they are, 1 of 2",
        "running the repository's own tests as they are, 2 of 2",
        *["running 1 failing test again"] * 3,
    ]
    given = {**asked, "source": tree, "tests": tree, "commit": "c", "baseline": found}
    verdict = judge(engine, fastapi_image(), expected_unit=[f"{name}test_good"], **given)  # type: ignore[arg-type]
    assert (verdict.word, verdict.total) == (Word.GREEN, 3), verdict.reason
    assert f"{name}test_hangs[2] did not end before the change and was left aside" in verdict.not_checked
    verdict = judge(engine, fastapi_image(), expected_unit=[f"{name}test_hangs"], **given)  # type: ignore[arg-type]
    assert (verdict.word, verdict.reason.split()[-1]) == (Word.TIMEOUT, f"{name}test_hangs[2]")


@pytest.mark.parametrize(("others_s", "name"), [(1.0, "t::c"), (7.0, "")])
def test_a_suite_that_takes_too_long_blames_none_of_its_tests(others_s: float, name: str) -> None:
    said = tuple(TestResult(node_id=i, outcome="passed", duration_s=others_s / 2) for i in ("t::a", "t::b"))
    cut = SuiteReport(word=Word.TIMEOUT, complete=False, results=said, unended="t::c", elapsed_s=10.0)
    assert endless_in(cut, 10.0) == name


def result(name: str, outcome: TestOutcome = "passed") -> TestResult:
    return TestResult(node_id=name, outcome=outcome, message="why")


def report(*results: TestResult, word: Word = Word.GREEN, complete: bool = True) -> SuiteReport:
    return SuiteReport(word=word, results=results, complete=complete, reason="" if word is Word.GREEN else "said so")


def test_held_out_checks_have_a_gate_of_their_own_and_are_named_last() -> None:
    expected = ["tests/acceptance/t.py::a", "tests/acceptance/t.py::b"]
    said = report(result(expected[0], "failed"), result(expected[1], "failed"), word=Word.RED)
    verdict = conclude([settle(said, expected, None, "service", expected[:1])], (), None, "c", 0.1, expected[:1])
    assert [f.node_id for f in verdict.failures] == expected[::-1]
    assert expected[1] in verdict.reason
    gate = next(g for g in verdict.gates if g.name == "held-out checks")
    assert (gate.passed, gate.evidence) == (False, "0 of 1 tests that the builder never saw passed")


def test_acceptance_tests_from_before_are_the_repositorys_own() -> None:
    new, old = ["tests/acceptance/n.py::a"], ["tests/acceptance/t.py::b", "tests/acceptance/t.py::c"]
    before = Baseline(passing=tuple(old))
    idle = settle(report(word=Word.NO_TESTS), [], before, "in-process")

    def gates(service: SuiteReport, expected: list[str]) -> dict[str, tuple[bool, str]]:
        settled = [settle(service, expected, before, "service"), idle]
        return {g.name: (g.passed, g.evidence) for g in conclude(settled, (), before, "c", 0.1).gates}

    said = gates(report(result(new[0]), result(old[0]), result(old[1])), new)
    assert said["acceptance tests"] == (True, "1 of 1 tests passed (service)")
    assert said["repository's own tests"] == (True, "2 of 2 tests passed (service)")
    said = gates(report(result(new[0]), result(old[0], "failed"), result(old[1]), word=Word.RED), new)
    assert said["acceptance tests"][0] and not said["repository's own tests"][0]
    assert old[0] in said["repository's own tests"][1]
    said = gates(report(result(new[0], "failed"), result(old[0]), result(old[1]), word=Word.RED), new)
    assert (said["acceptance tests"][0], said["repository's own tests"][0]) == (False, True)
    said = gates(report(result(new[0]), result(old[0])), new)
    assert said["acceptance tests"][0] and said["repository's own tests"][1].endswith(f"first {old[1]}")
    said = gates(report(result(old[0]), result(old[1])), [])
    assert "acceptance tests" not in said and said["repository's own tests"][0]
    assert not gates(report(result(old[0]), result(old[1])), new)["acceptance tests"][0], "what is expected is missing"


def test_a_run_cut_short_keeps_its_word_whatever_had_passed() -> None:
    cut = report(result("t.py::a"), word=Word.RED, complete=False)
    assert settle(cut, ["t.py::a"], Baseline(passing=("t.py::a",)), "service").word is Word.RED


@pytest.mark.parametrize("outcome", ["failed", "error", "skipped", "xfailed", "xpassed"])
def test_an_expected_test_has_to_pass(outcome: TestOutcome) -> None:
    settled = settle(report(result("t.py::a[1]", outcome), result("t.py::b")), ["t.py::a"], None, "in-process")
    assert settled.word is Word.RED and settled.failures[0].node_id == "t.py::a[1]"


def test_a_test_that_passed_before_and_is_gone_or_skipped_is_tampering() -> None:
    before = Baseline(passing=("t.py::a", "t.py::b", "tests/acceptance/t.py::c"))
    assert settle(report(result("t.py::a")), [], before, "in-process").word is Word.TAMPERED
    skipped = report(result("t.py::a"), result("t.py::b", "skipped"))
    assert settle(skipped, [], before, "in-process").word is Word.TAMPERED
    assert settle(report(result("t.py::a"), result("t.py::b")), [], before, "in-process").word is Word.GREEN


def test_flaky_and_failing_tests_of_the_baseline_are_not_held_against_the_change() -> None:
    before = Baseline(passing=("t.py::a",), failing=("t.py::b", "u.py"), flaky=("t.py::c",))
    bad = report(
        result("t.py::a"), result("t.py::b", "failed"), result("t.py::c", "failed"), result("u.py", "error"),
        word=Word.COLLECT_ERROR,
    )  # fmt: skip
    assert settle(bad, [], before, "in-process").word is Word.GREEN
    new = report(result("t.py::a"), result("t.py::d", "failed"), word=Word.RED)
    assert settle(new, [], before, "in-process").word is Word.RED


def test_nothing_proven_is_not_green() -> None:
    idle = settle(report(word=Word.NO_TESTS), [], None, "in-process")
    verdict = conclude([idle], (), None, "c", 0.0)
    assert verdict.word is Word.NO_TESTS
    good = settle(report(result("tests/acceptance/t.py::a")), ["tests/acceptance/t.py::a"], None, "service")
    assert conclude([good, idle], (), None, "c", 0.0).word is Word.GREEN
    no_acceptance = settle(report(word=Word.NO_TESTS), [], None, "service")
    own = settle(report(result("t.py::a")), [], None, "in-process")
    assert conclude([no_acceptance, own], (), None, "c", 0.0).word is Word.NO_TESTS


def test_acceptance_tests_without_a_service_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no service"):
        judge(
            DockerEngine(), "x", source=b"", tests=b"", commit="c", service=None, expected_service=ACCEPTANCE_IDS,
            limits=Limits(), run_id=RUN_ID, timeout_s=5,
        )  # fmt: skip


def test_a_baseline_is_put_together_from_its_repeats() -> None:
    first = report(result("a"), result("b"), result("c", "failed"), result("d", "skipped"), word=Word.RED)
    second = report(result("a"), result("b", "error"), result("c", "failed"), word=Word.RED)
    third = report(word=Word.TIMEOUT, complete=False)
    assert summarise([first, second, third]) == Baseline(
        passing=("a",), failing=("c",), flaky=("b",), trouble=("timeout: said so",)
    )
