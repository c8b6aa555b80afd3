"""A model asks for blueprints by name and gets them whole, or not at all."""

import ast

from agents.builder import ModelBuilder
from tests.support import model_server as served
from tests.support.desk import FILES, PLAN, brief, desk_with, desks
from tests.support.model_server import ModelServer

DONE = served.call("finish", summary="Add books.")
SHOP = "Add books with title (str, 1-200 chars) and price (decimal, > 0). Require login to delete books"


def place(text: str) -> served.Answer:
    return served.call("place_blueprint", request=text)


async def test_a_model_places_a_blueprint_instead_of_writing_it() -> None:
    at = desk_with()
    with ModelServer([place(SHOP), served.call("run_tests"), DONE]) as server:
        change = await ModelBuilder(desks(server)).build(brief(desk=at), PLAN)
        told = server.requests[1].last
        offered = {tool["function"]["name"] for tool in server.requests[0].body["tools"]}
    assert "place_blueprint" in offered
    written = {edit.path for edit in change.edits}
    assert "app/main.py" in written and "app/db.py" in written and "written: app/db.py" in told
    texts = {path: at.read(path) for path in at.files() if path.endswith(".py")}
    assert all(ast.parse(text) for text in texts.values())
    assert any("class Book(Base)" in text for text in texts.values())
    assert any("get_current_user" in text for text in texts.values())


async def test_an_empty_repository_gets_a_whole_application() -> None:
    at = desk_with()
    for path in FILES:
        at.delete(path)
    with ModelServer([place("Add notes with text"), DONE]) as server:
        change = await ModelBuilder(desks(server)).build(brief(desk=at), PLAN)
    assert {"app/main.py", "alembic.ini", "Dockerfile"} <= {edit.path for edit in change.edits}


async def test_what_is_not_understood_is_told_and_changes_nothing() -> None:
    at = desk_with()
    strange = ("Add books with title. Paint the fence blue", "Add books with year (int, >= 2000, <= 1900)")
    with ModelServer([*(place(text) for text in strange), DONE]) as server:
        change = await ModelBuilder(desks(server)).build(brief(desk=at), PLAN)
        told = [m["content"] for m in server.requests[-1].messages if m["role"] == "tool"]
    assert change.edits == () and {path: at.read(path) for path in at.files()} == FILES
    assert "Nothing was placed" in told[0] and "Paint the fence blue" in told[0] and "1900" in told[1]


async def test_a_file_that_may_not_be_written_undoes_the_rest() -> None:
    at = desk_with(protected=("app/main.py",))
    with ModelServer([place(SHOP), DONE]) as server:
        change = await ModelBuilder(desks(server)).build(brief(desk=at), PLAN)
        told = server.requests[1].last
    assert "protected" in told and change.edits == ()
    assert {path: at.read(path) for path in at.files()} == FILES
