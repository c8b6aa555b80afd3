"""The planner by rule."""

from collections.abc import Sequence

import pytest

from agents.blueprints.spec import FeatureSpec, FieldSpec
from agents.contracts import Answer, Plan, Request
from agents.errors import NotUnderstood
from agents.offline.planner import OfflinePlanner
from agents.profile import AppProfile, ExistingResource, Place, Route
from agents.roles import Brief

PLACE = Place(file="main.py", line=1, name="x")
SHOP = AppProfile(
    exists=True,
    target="main:app",
    resources=(
        ExistingResource(name="product", plural="products", path="/api/v1/products", fields=(FieldSpec(name="name"),)),
    ),
    routes=tuple(Route(method=m, path="/api/v1/products", handler=PLACE) for m in ("GET", "POST")),
)
TEXT = (
    "Add books with title (str, 1-200 chars), isbn (unique). List books by title, paginated. "
    "Require login to delete books."
)


class NoFiles:
    """A tree without files."""

    def files(self) -> list[str]:
        return []

    def read(self, path: str) -> str:
        raise FileNotFoundError(path)


async def plan(text: str, profile: AppProfile, answers: Sequence[Answer] = (), *, assume: bool = False) -> Plan:
    request = Request(text=text, assume=assume)
    brief = Brief(request=request, desk=NoFiles(), answers=tuple(answers))  # type: ignore[arg-type]
    return await OfflinePlanner(read_profile=lambda _: profile).plan(brief)


async def test_criteria_are_numbered_testable_sentences() -> None:
    made = await plan(TEXT, AppProfile())
    assert [c.id for c in made.criteria] == [f"C{n}" for n in range(1, len(made.criteria) + 1)]
    assert len({c.text for c in made.criteria}) == len(made.criteria)
    assert all(c.text.endswith(".") and not c.guard for c in made.criteria)
    text = "\n".join(c.text for c in made.criteria)
    for words in (
        "201",
        "404",
        "409",
        "422",
        "204",
        "401",
        "1 to 200 characters",
        "?title=",
        "limit 1-100",
        "/auth/token",
    ):
        assert words in text


async def test_the_spec_survives_the_plan() -> None:
    made = await plan(TEXT, AppProfile())
    spec = FeatureSpec.model_validate(made.spec)
    assert [r.name for r in spec.resources] == ["book"]
    assert spec.login and spec.health


async def test_the_same_request_gives_the_same_plan() -> None:
    assert await plan(TEXT, AppProfile()) == await plan(TEXT, AppProfile())


async def test_every_criterion_has_a_step_when_something_is_built() -> None:
    made = await plan(TEXT, AppProfile())
    assert {i for step in made.steps for i in step.criteria} == {c.id for c in made.criteria}
    assert [s.title for s in made.steps] == [
        "Lay out the application: settings, logs, error answers, database, migrations, containers",
        "Add books", "Add registration and login",
    ]  # fmt: skip


async def test_decisions_have_reasons_and_types_taken_from_names_are_assumptions() -> None:
    made = await plan(TEXT + " Add reviews of books with rating.", AppProfile())
    assert made.decisions and all(d.reason for d in made.decisions)
    assert any("rating is int" in a for a in made.assumptions)
    assert any("below their book" in d.choice for d in made.decisions)


async def test_what_exists_is_guarded_and_new_paths_follow_its_prefix() -> None:
    made = await plan("add reviews of products with rating 1-5", SHOP)
    guards = [c for c in made.criteria if c.guard]
    assert [c.text for c in guards] == ["What was there keeps answering: GET /api/v1/products."]
    assert any("POST /api/v1/products/{product_id}/reviews" in c.text for c in made.criteria)
    assert any("GET /api/v1/reviews/{id}" in c.text for c in made.criteria)
    assert "health" not in "".join(c.text for c in made.criteria)


async def test_questions_are_asked_answered_or_assumed() -> None:
    asked = await plan("Add books", AppProfile())
    assert [(q.id, q.default) for q in asked.questions] == [("Q1", "name (str, 1-200 chars, required)")]
    answered = await plan("Add books", AppProfile(), [Answer(question="Q1", text="title, pages (int)")])
    assert answered.questions == ()
    assert [f["name"] for f in answered.spec["resources"][0]["fields"]] == ["title", "pages"]
    assumed = await plan("Add books", AppProfile(), assume=True)
    assert assumed.questions == () and assumed.spec == asked.spec
    assert any("No fields of books were named" in a for a in assumed.assumptions)


async def test_what_is_not_understood_ends_planning() -> None:
    with pytest.raises(NotUnderstood, match="a picture upload"):
        await plan("Add books with title and a picture upload", AppProfile())
