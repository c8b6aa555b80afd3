"""Which checks are held out, what the builder gets to read of the suite, and what it is told of a failure."""

import ast

import pytest

from agents.contracts import Criterion, Plan, TestCase, TestFile, TestSuite
from agents.heldout import concealed, seed_of, split, visible_suite
from sandbox.reports import TestResult

PATH = "tests/acceptance/test_books.py"
PLAN = Plan(summary="Books", criteria=tuple(Criterion(id=f"C{n}", text=f"Criterion {n}.") for n in range(1, 6)))


def case(name: str, *criteria: str, guard: bool = False) -> TestCase:
    return TestCase(node_id=f"{PATH}::test_{name}", criteria=criteria, guard=guard)


def many() -> list[TestCase]:
    return [case(f"{n}_{i}", f"C{n}", *(["C1"] if i == 2 else [])) for n in range(1, 6) for i in range(4)]


@pytest.mark.parametrize("seed", [f"seed{n}" for n in range(25)])
def test_about_a_third_is_held_out_and_every_criterion_stays_visible(seed: str) -> None:
    cases = many()
    visible, held = split(cases, seed)
    assert sorted((*visible, *held), key=cases.index) == cases
    assert len(held) == len(cases) // 3
    assert {c for one in visible for c in one.criteria} == {f"C{n}" for n in range(1, 6)}


def test_the_split_depends_on_the_seed_and_on_nothing_else() -> None:
    assert split(many(), "a") == split(many(), "a")
    assert set(split(list(reversed(many())), "a")[1]) == set(split(many(), "a")[1])
    assert len({split(many(), f"s{n}")[1] for n in range(10)}) > 5
    assert seed_of(PLAN) == seed_of(PLAN.model_copy()) != seed_of(PLAN.model_copy(update={"summary": "B"}))


def test_the_only_test_of_a_criterion_is_never_held_out() -> None:
    cases = [case("a", "C1"), case("b", "C2"), case("c", "C3"), case("d", "C1", "C4")]
    assert all({h.node_id for h in split(cases, f"s{n}")[1]} <= {cases[0].node_id} for n in range(20))


def test_guards_are_not_held_out_and_do_not_stand_for_a_visible_test() -> None:
    cases = [case("a", "C1"), case("b", "C1", guard=True), case("c", "C1", guard=True), case("d"), case("e")]
    assert split(cases, "seed") == (tuple(cases), ())


SOURCE = '''"""Books."""

import pytest

LIMITS = [(1, 2), (3, 4)]


def book(client):
    return client.post("/books").json()


def test_a(client):
    assert book(client)


@pytest.mark.parametrize(
    ("low", "high"),
    LIMITS,
)
def test_b(client, low, high):
    text = """
def test_inside_a_text():
"""
    assert low < high, text


async def test_c(client):
    assert True
'''


def suite(source: str, *names: str) -> TestSuite:
    helper = TestFile(path="tests/acceptance/helpers.py", content="X = 1\n")
    return TestSuite(files=(TestFile(path=PATH, content=source), helper), cases=tuple(case(n, "C1") for n in names))


def test_held_out_tests_leave_no_trace_in_what_the_builder_reads() -> None:
    shown, held = visible_suite(suite(SOURCE, "a", "b", "c"), "seed")
    assert len(held) == 1
    name = held[0].node_id.rpartition("::")[2]
    text = shown.files[0].content
    functions = [n.name for n in ast.parse(text).body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert functions == [n for n in ("book", "test_a", "test_b", "test_c") if n != name]
    assert {c.node_id.rpartition("::")[2] for c in shown.cases} == {"test_a", "test_b", "test_c"} - {name}
    assert (shown.files[1], "LIMITS = " in text) == (suite(SOURCE).files[1], True)


def test_each_function_can_be_cut_with_its_decorators() -> None:
    taken = set()
    for number in range(40):
        shown, held = visible_suite(suite(SOURCE, "a", "b", "c"), f"s{number}")
        taken.add(held[0].node_id.rpartition("::")[2])
        text = shown.files[0].content
        assert ("parametrize" in text) is (not held[0].node_id.endswith("test_b"))
        assert "\n\n\n\n" not in text
    assert taken == {"test_a", "test_b", "test_c"}


@pytest.mark.parametrize(
    "source",
    [
        "def test_a(:\n",
        SOURCE + "\n\ndef test_a(client):\n    pass\n",
        "class TestBooks:\n    def test_a(self): pass\n",
    ],
    ids=["broken", "twice", "class"],
)
def test_a_file_that_cannot_be_cut_stays_visible(source: str) -> None:
    whole = suite(source, "a", "b", "c")
    assert visible_suite(whole, "seed") == (whole, ())


def test_a_module_with_nothing_left_is_not_shown() -> None:
    files = tuple(TestFile(path=f"tests/acceptance/test_{n}.py", content=f"def test_{n}(): pass\n") for n in "abc")
    cases = tuple(TestCase(node_id=f"{f.path}::test_{f.path[-4]}", criteria=("C1",)) for f in files)
    shown, held = visible_suite(TestSuite(files=files, cases=cases), "seed")
    assert len(held) == 1
    assert {f.path for f in shown.files} == {f.path for f in files} - {held[0].node_id.split("::")[0]}


def test_a_failure_of_a_held_out_check_names_its_criteria_and_nothing_else() -> None:
    held = [case("secret", "C2", "C3")]
    failures = [
        TestResult(node_id=f"{PATH}::test_secret[41]", outcome="failed", message="assert 41", details="secret"),
        TestResult(node_id=f"{PATH}::test_secret[43]", outcome="error", message="assert 43", details="secret"),
        TestResult(node_id=f"{PATH}::test_open", outcome="failed", message="assert 1 == 2", details="open"),
    ]
    told = concealed(failures, held, PLAN)
    assert [t.node_id for t in told] == ["held-out check of C2, C3", f"{PATH}::test_open"]
    assert told[1] == failures[2]
    assert told[0].message == "not met in every case: C2 Criterion 2.; C3 Criterion 3."
    assert not any(word in told[0].model_dump_json() for word in ("secret", "41", "43", "test_books"))
