"""Refactorings by rule: which recipes words mean, what of a change can be left out, which requests reach code."""

import ast

import pytest

from agents.contracts import Request
from agents.desk import MemoryDesk
from agents.errors import NotUnderstood
from agents.profile import Place, Route
from agents.refactoring.characterise import common, free_path, inside, over_http
from agents.refactoring.matching import recipes_in
from agents.refactoring.parts import Part, files_of, places_of, with_parts
from agents.refactoring.planner import RecipePlanner
from agents.refactoring.scripts import reached_by, scripts
from agents.refactoring.steps import names_in, refactoring_of
from agents.roles import Brief
from sandbox.gates.side_by_side import Subject
from sandbox.recorded import Recorded

OLD = """\
from typing import List, Optional
import os

def f(x: Optional[int]):
    return x


def g(y: List[int]):
    return y


def h():
    return os.name
"""
NEW = """\
import os
from pathlib import Path

def f(x: int | None):
    return x


def g(y: list[int]):
    return Path(y)


def h():
    return os.name
"""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Use Annotated for dependencies", ["annotated"]),
        ("Optional and List to current typing; then replace naive utcnow", ["current-typing", "aware-utcnow"]),
        ("annotated, current-typing", ["annotated", "current-typing"]),
        ("Dead code out; print to logging.", ["dead-code", "logging"]),
        ("python-jose to PyJWT, passlib to pwdlib and on_event to lifespan", ["pyjwt", "pwdlib", "lifespan"]),
        ("Optional/Union/List to current typing", ["current-typing"]),
        ("Depends to Annotated", ["annotated"]),
        ("pydantic v1 to v2; SQLAlchemy Query to 2.0 select", ["pydantic-v2", "sqlalchemy-select"]),
        ("sync to async endpoints and sessions", ["async-sessions"]),
        ("deprecated FastAPI and Starlette names", ["fastapi-names"]),
        ("requests to httpx, naive utcnow", ["requests-to-httpx", "aware-utcnow"]),
        ("dict responses to response models", ["response-models"]),
        ("one-file app to routers, settings from os.environ to pydantic-settings", ["routers", "pydantic-settings"]),
    ],
)
def test_words_that_mean_recipes(text: str, names: list[str]) -> None:
    assert recipes_in(text) == names


@pytest.mark.parametrize("text", ["make it faster", "use Annotated and split the service", "please refactor"])
def test_words_that_mean_none_are_quoted_with_what_there_is(text: str) -> None:
    with pytest.raises(NotUnderstood, match="annotated, "):
        recipes_in(text)


def test_names_of_code_in_a_request() -> None:
    assert names_in("Move `price` and OrderLine out of app.main, rename _old and unit_price.") == (
        "price", "OrderLine", "app.main", "_old", "unit_price",
    )  # fmt: skip


async def test_only_steps_that_change_something_are_planned() -> None:
    desk = MemoryDesk({"main.py": "from typing import Optional\n\nx: Optional[int] = None\n", "logo.txt": "\xff"})
    said: list[str] = []
    request = Request(kind="refactor", text="Recipes", recipes=("current-typing", "aware-utcnow"))
    plan = await RecipePlanner().plan(Brief(request=request, desk=desk, tell=said.append))
    assert [step.title.partition(":")[0] for step in plan.steps] == ["current-typing"]
    assert refactoring_of(plan).steps[0].files == ("main.py",)
    assert said == ["aware-utcnow: nothing to do"]
    assert all(criterion.guard for criterion in plan.criteria)
    elsewhere = Request(kind="refactor", text="Recipes", recipes=("current-typing",), paths=("app/**",))
    assert (await RecipePlanner().plan(Brief(request=elsewhere, desk=desk))).steps == ()


def test_parts_of_a_change() -> None:
    before, after = {"a.py": OLD, "b.txt": "1\n"}, {"a.py": NEW, "b.txt": "2\n"}
    assert [part.words for part in files_of(before, after)] == ["a.py", "b.txt"]
    places = places_of("a.py", before, after)
    assert [part.words for part in places] == ["a.py:4", "a.py:8-9"]
    for part, has, has_not in (
        (places[0], ["int | None", "List[int]", "from typing import List\n"], ["Optional", "Path"]),
        (places[1], ["Optional[int]", "list[int]", "from typing import Optional\n", "import Path"], ["List"]),
    ):
        text = with_parts(before, after, [part])["a.py"]
        assert text is not None
        ast.parse(text)
        assert all(one in text for one in has), text
        assert not any(one in text for one in has_not), text
    assert with_parts(before, after, places)["a.py"] == NEW
    assert with_parts(before, after, [Part(path="b.txt")]) == {"b.txt": "2\n"}
    assert places_of("new.py", {}, {"new.py": "x = 1\n"}) == [Part(path="new.py")]


def test_handlers_that_reach_a_function_and_the_requests_for_them() -> None:
    code = {
        "main.py": b"from prices import total\n\n\n@app.get('/a/{n}')\ndef a(n: int): return helper(n)\n"
        b"def helper(n): return total(n)\n@app.get('/b')\ndef b(): return 1\n",
        "prices.py": b"def total(n): return rounded(n)\ndef rounded(n): return n\n",
    }
    reached = reached_by({("prices.py", "rounded")}, code)
    assert reached == {("prices.py", "rounded"), ("prices.py", "total"), ("main.py", "helper"), ("main.py", "a")}
    parameter = {"name": "n", "in": "path", "required": True, "schema": {"type": "integer"}}
    document = {"paths": {"/a/{n}": {"get": {"parameters": [parameter]}}, "/b": {"get": {}}}}
    route = Route(method="get", path="/a/{n}", handler=Place(file="main.py", line=5, name="a"))
    assert [(s.id, s.steps[-1].path) for s in scripts(document, [route])] == [
        ("GET /a/{n} valid", "/a/1"), ("GET /a/{n} unknown", "/a/999999"),
    ]  # fmt: skip
    assert len(scripts(document, None)) == 3


def test_recorded_answers_become_tests_of_what_is_always_the_same() -> None:
    (script,) = scripts({"paths": {"/b": {"get": {}}}}, None)
    first, second = '{"id": 1, "name": "<<unique>>", "tags": []}', '{"id": 2, "name": "<<unique>>", "tags": []}'
    file, cases = over_http([Recorded(script=script, status=200, kind="json", answers=(first, second))])
    ast.parse(file.content)
    assert free_path(file.path, {file.path}) == "tests/acceptance/test_characterisation_2.py"
    assert [case.node_id for case in cases] == ["tests/acceptance/test_characterisation.py::test_get_b_valid"]
    assert "assert answer.status_code == 200" in file.content
    assert "== {'id': ANY, 'name': name, 'tags': []}" in file.content or 'f"{name}"' in file.content
    assert (
        over_http([Recorded(script=script, status=200, kind="json", answers=(first, second))], [cases[0].node_id])[1]
        == []
    )
    assert common({"a": [1, 2]}, {"a": [1, 2]}) == {"a": [1, 2]}


def test_recorded_calls_become_a_table_that_runs() -> None:
    subject = Subject(module="prices", name="total", path="prices.py", line=1, inputs=("[1]", "[-1]", "[2, 3]"))
    did = [{"returns": "int 1", "source": "1"}, {"raises": "ValueError"}, {"returns": "Odd", "source": ""}]
    file, cases = inside([(subject, did)])
    assert [case.node_id.rpartition("::")[2] for case in cases] == ["test_total_returns", "test_total_raises"]
    assert "([1], 1)," in file.content and "([-1], ValueError)," in file.content and "[2, 3]" not in file.content
    ast.parse(file.content)
