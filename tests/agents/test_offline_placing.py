"""New acceptance tests go beside the old ones."""

from agents.contracts import Criterion, Plan, TestCase, TestFile, TestSuite
from agents.desk import MemoryDesk
from agents.offline.placing import beside

PATH = "tests/acceptance/test_books.py"
PLAN = Plan(summary="s", criteria=(Criterion(id="C1", text="books have tags"),))
SUITE = TestSuite(
    files=(TestFile(path=PATH, content="def test_tags(): ...\n"),),
    cases=(TestCase(node_id=f"{PATH}::test_tags", criteria=("C1",)),),
)


def test_a_free_name_is_taken_as_it_is() -> None:
    assert beside(SUITE, PLAN, MemoryDesk({})).files[0].path == PATH


def test_a_file_of_somebody_else_is_left_alone() -> None:
    placed = beside(SUITE, PLAN, MemoryDesk({PATH: "def test_old(): ...\n"}))
    assert placed.files[0].path == "tests/acceptance/test_books_2.py"
    assert placed.cases[0].node_id == "tests/acceptance/test_books_2.py::test_tags"


def test_a_second_try_of_the_same_plan_replaces_the_first() -> None:
    desk = MemoryDesk({PATH: "def test_old(): ...\n"})
    first = beside(SUITE, PLAN, desk)
    desk.write(first.files[0].path, first.files[0].content)
    assert beside(SUITE, PLAN, desk).files[0].path == first.files[0].path


def test_the_next_plan_finds_the_next_name() -> None:
    desk = MemoryDesk({PATH: "def test_old(): ...\n"})
    first = beside(SUITE, PLAN, desk)
    desk.write(first.files[0].path, first.files[0].content)
    other = Plan(summary="s", criteria=(Criterion(id="C1", text="books have covers"),))
    assert beside(SUITE, other, desk).files[0].path == "tests/acceptance/test_books_3.py"
