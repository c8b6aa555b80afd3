from pathlib import Path

import pytest

from agents.blueprints.spec import FeatureSpec, FieldSpec, GuardSpec, ListingSpec, Relation, ResourceSpec
from agents.contracts import Plan, Request
from agents.desk import MemoryDesk
from agents.errors import NotUnderstood
from agents.offline.builder import OfflineBuilder, subject
from agents.profile import AppProfile
from agents.profile_reader import read_profile
from agents.roles import Brief
from sandbox.reports import TestResult

SHOP = Path(__file__).resolve().parents[2] / "examples/shop"
BOOK = ResourceSpec(name="book", plural="books", fields=(FieldSpec(name="title"),))
REVIEW = ResourceSpec(name="review", plural="reviews", relations=(Relation(kind="many_to_one", target="book"),),
                      fields=(FieldSpec(name="text", type="text"),))  # fmt: skip
FLAG = ResourceSpec(name="product", plural="products", exists=True,
                    fields=(FieldSpec(name="discontinued", type="bool", required=False, default="false"),))  # fmt: skip


def plan(spec: FeatureSpec) -> Plan:
    return Plan(summary="s", criteria=(), spec=spec.model_dump(mode="json"))


def brief(files: dict[str, str], **more: object) -> tuple[MemoryDesk, Brief]:
    desk = MemoryDesk(files)
    return desk, Brief(request=Request(text="add"), desk=desk, **more)  # type: ignore[arg-type]


def shop() -> dict[str, str]:
    return {
        p.relative_to(SHOP).as_posix(): p.read_text() for p in SHOP.rglob("*") if p.suffix in (".py", ".txt", ".md")
    }


async def test_an_empty_folder_becomes_an_application() -> None:
    desk, given = brief({})
    change = await OfflineBuilder().build(given, plan(FeatureSpec(resources=(BOOK, REVIEW), health=True)))
    assert change.message == "Add books and reviews"
    assert {e.path for e in change.edits} == set(desk.files())
    assert {("POST", "/books"), ("POST", "/books/{book_id}/reviews"), ("GET", "/health")} <= {
        (r.method, r.path) for r in read_profile(desk).routes
    }


async def test_files_the_user_has_already_are_kept() -> None:
    desk, given = brief({"README.md": "mine", ".gitignore": "mine"})
    change = await OfflineBuilder().build(given, plan(FeatureSpec(resources=(BOOK,))))
    assert desk.read("README.md") == "mine"
    assert "README.md" not in {e.path for e in change.edits}


async def test_an_existing_application_is_extended_and_the_missing_migration_is_told() -> None:
    desk, given = brief(shop())
    change = await OfflineBuilder().build(given, plan(FeatureSpec(resources=(FLAG,))))
    assert [e.path for e in change.edits] == ["main.py"]
    assert change.edits[0].content == desk.read("main.py")
    assert "no migrations" in change.note
    assert change.message == "Add discontinued to products"


async def test_a_later_round_changes_nothing() -> None:
    failures = (TestResult(node_id="tests/test_x.py::test_x", outcome="failed"),)
    desk, given = brief(shop(), round=1, failures=failures)
    before = {path: desk.read(path) for path in desk.files()}
    change = await OfflineBuilder().build(given, plan(FeatureSpec(resources=(FLAG,))))
    assert change.edits == ()
    assert {path: desk.read(path) for path in desk.files()} == before


async def test_nothing_is_written_when_part_of_it_cannot_be_placed() -> None:
    desk, given = brief(shop())
    before = {path: desk.read(path) for path in desk.files()}
    spec = FeatureSpec(resources=(FLAG,), listings=(ListingSpec(resource="product", filters=("colour",)),))
    with pytest.raises(NotUnderstood, match="colour"):
        await OfflineBuilder().build(given, plan(spec))
    assert {path: desk.read(path) for path in desk.files()} == before


@pytest.mark.parametrize("files", [{"tool.py": "print(1)"}, {"app/models.py": "x = 1"}])
async def test_python_without_fastapi_is_refused(files: dict[str, str]) -> None:
    _, given = brief(files)
    with pytest.raises(NotUnderstood, match="no FastAPI application"):
        await OfflineBuilder().build(given, plan(FeatureSpec(resources=(BOOK,))))


async def test_a_plan_for_a_model_is_refused() -> None:
    _, given = brief({})
    with pytest.raises(NotUnderstood, match="set a model"):
        await OfflineBuilder().build(given, Plan(summary="something free", criteria=()))


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        (FeatureSpec(resources=(BOOK, REVIEW), login=True), "Add books, reviews and login"),
        (FeatureSpec(resources=(BOOK,), health=True), "Add books"),
        (FeatureSpec(health=True), "Add health check"),
        (FeatureSpec(guards=(GuardSpec(resource="book", actions=("create",)),), login=True), "Add login"),
        (FeatureSpec(listings=(ListingSpec(resource="book", filters=("author",), paginated=True),),
                     resources=(BOOK.model_copy(update={"exists": True, "fields": ()}),)),
         "List books by author and in pages"),
    ],
)  # fmt: skip
def test_subjects_say_what_changed(spec: FeatureSpec, line: str) -> None:
    assert subject(spec, AppProfile()) == line


def test_a_long_subject_is_cut() -> None:
    many = tuple(ResourceSpec(name=f"thing_number_{i}", plural=f"thing_number_{i}s") for i in range(9))
    line = subject(FeatureSpec(resources=many), AppProfile())
    assert line == "Add thing number 0s and 8 more"
