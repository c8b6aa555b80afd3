import difflib

import pytest

from agents.blueprints.cst_edits import FileEdit
from agents.blueprints.cst_handlers import add_dependency, add_parameters, code_of
from agents.blueprints.cst_imports import add_imports, rename_names
from agents.blueprints.extend_query import Narrowing, narrow
from agents.errors import NotUnderstood

QUIRKY = '''"""Things."""
import os,  sys   # two at once

from fastapi import Depends, FastAPI
from sqlalchemy import Column,Integer


# ---- tables ----


class  Thing( Base ):
    __tablename__="things"

    id = Column( Integer, primary_key = True )   # the key

    others = relationship('Other')


class Empty: pass


app = FastAPI()


@app.get('/things')
def things(  db = Depends( get_db ) ):
    return db.query(Thing).all()


if __name__ == '__main__':
    print( 'hi' )
'''


def edit(text: str = QUIRKY, module: str = "main", own: frozenset[str] = frozenset()) -> FileEdit:
    return FileEdit.of("main.py", text, module, own)


def changes(before: str, after: str) -> tuple[list[str], list[str]]:
    """(removed lines, added lines)."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    return [x[1:] for x in lines if x[0] == "-"], [x[1:] for x in lines if x[0] == "+" and x.strip() != "+"]


def test_nothing_changes_without_an_edit() -> None:
    for text in (QUIRKY, QUIRKY.replace("\n", "\r\n"), "", "# only a comment"):
        assert edit(text).text == text


def test_a_file_that_does_not_parse_is_named() -> None:
    with pytest.raises(NotUnderstood, match=r"main\.py:2"):
        edit("x = 1\ndef f(:\n")


def test_a_class_is_put_after_another_and_the_rest_stays() -> None:
    e = edit()
    e.insert_after("Thing", "class Other(Base):\n    pass")
    removed, added = changes(QUIRKY, e.text)
    assert removed == []
    assert added == ["class Other(Base):", "    pass"]
    assert "\n\n\nclass Other(Base):\n    pass\n\n\nclass Empty: pass" in e.text


def test_windows_line_ends_are_kept() -> None:
    text = QUIRKY.replace("\n", "\r\n")
    e = edit(text)
    e.insert_after("Thing", "class Other(Base):\n    pass")
    e.append("def last():\n    return 1")
    add_imports(e, ["import re"])
    assert e.text.count("\n") == e.text.count("\r\n")


def test_a_heading_stays_above_what_is_put_below_it() -> None:
    e = edit()
    e.insert(e.index_of("Thing"), "links = Table()")
    assert e.text.index("# ---- tables ----") < e.text.index("links = Table()") < e.text.index("class  Thing")


def test_the_end_is_before_the_main_guard() -> None:
    e = edit()
    e.append("def last():\n    return 1")
    assert e.text.index("def last") < e.text.index("if __name__")
    assert changes(QUIRKY, e.text) == ([], ["def last():", "    return 1"])


def test_a_column_goes_after_the_columns_and_before_relationships() -> None:
    e = edit()
    e.add_to_class("Thing", "name = Column(String)", "column")
    assert changes(QUIRKY, e.text) == ([], ["    name = Column(String)"])
    assert e.text.index("name = Column") < e.text.index("others = relationship")


def test_a_lone_pass_makes_room() -> None:
    e = edit()
    e.add_to_class("Empty", "x: int")
    assert "class Empty:\n    x: int\n" in e.text


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("from fastapi import Query", "from fastapi import Depends, FastAPI, Query"),
        ("from sqlalchemy import String", "from sqlalchemy import Column,Integer,String"),
        ("import re", "import re"),
        ("from typing import Any", "from typing import Any"),
        ("from __future__ import annotations", "from __future__ import annotations"),
    ],
)
def test_imports_are_merged(statement: str, line: str) -> None:
    e = edit()
    assert add_imports(e, [statement]) == {}
    _, added = changes(QUIRKY, e.text)
    assert added == [line]
    assert add_imports(e, [statement]) == {}
    assert changes(QUIRKY, e.text)[1] == added


def test_a_name_that_means_something_else_gets_an_alias() -> None:
    e = edit("from datetime import datetime\nfrom pathlib import Path\n\nclass Table:\n    pass\n")
    renamed = add_imports(e, ["from fastapi import Path", "from sqlalchemy import Table", "import datetime"])
    assert set(renamed) == {"Path", "Table", "datetime"}
    assert f"from fastapi import Path as {renamed['Path']}" in e.text
    assert (
        rename_names("x: Path = Path(Path=a.Path)", renamed) == f"x: {renamed['Path']} = {renamed['Path']}(Path=a.Path)"
    )


def test_relative_imports_stay_relative() -> None:
    text = "from . import crud\nfrom ..db import get_db\n"
    e = edit(text, "api.routers.books", frozenset({"api"}))
    assert (
        add_imports(e, ["from api.db import Base", "from api.models import Book", "from api.routers import crud"]) == {}
    )
    assert "from ..db import Base, get_db" in e.text
    assert "from ..models import Book" in e.text
    assert e.text.count("crud") == 1


def test_a_long_import_is_broken() -> None:
    long = "from sqlalchemy import " + ", ".join(f"Something{i}" for i in range(6))
    e = edit(long + "\n")
    add_imports(e, ["from sqlalchemy import Zzzzzzzzzzzz"])
    assert max(map(len, e.text.splitlines())) <= 88
    assert e.text.count("Something") == 6


def test_parameters_go_before_depends() -> None:
    e = edit()
    add_parameters(e, "things", ["q: str | None = None", "db: int = 1"])
    assert "def things(  q: str | None = None, db = Depends( get_db ) ):" in e.text


def test_many_parameters_are_written_one_a_line() -> None:
    e = edit()
    add_parameters(e, "things", [f"parameter_{i}: str | None = None" for i in range(4)])
    assert "\n    parameter_3: str | None = None,\n    db = Depends( get_db ),\n" in e.text


def test_a_guard_is_added_once_to_the_right_decorator() -> None:
    e = edit()
    for _ in range(2):
        add_dependency(e, "things", lambda call: code_of(call.func) == "app.get", "get_user")
    removed, added = changes(QUIRKY, e.text)
    assert removed == ["@app.get('/things')"]
    assert added == ["@app.get('/things', dependencies=[Depends(get_user)])"]


def test_a_guard_joins_existing_dependencies() -> None:
    e = edit("@app.get('/x', dependencies=[Depends(a)])\ndef x(): ...\n")
    add_dependency(e, "x", lambda _: True, "b")
    assert "dependencies=[Depends(a), Depends(b)]" in e.text


def query(text: str, asked: Narrowing, model: str = "Thing") -> str:
    e = edit(text)
    narrow(e, "things", model, asked)
    return e.text


ALL = Narrowing((("name is not None", "Thing.name == name"),), ("Thing.id.desc()",), True)


def test_a_query_without_a_variable_gets_one() -> None:
    text = query("def things(db):\n    return db.query(Thing).all()\n", ALL)
    assert (
        text
        == """def things(db):
    query = db.query(Thing)
    if name is not None:
        query = query.filter(Thing.name == name)
    query = query.order_by(Thing.id.desc())
    if limit is not None:
        query = query.limit(limit)
    if offset:
        query = query.offset(offset)
    return query.all()
"""
    )


def test_an_order_that_is_there_is_replaced_not_added() -> None:
    before = "def things(s):\n    q = select(Thing).order_by(Thing.name)\n    return s.scalars(q).all()\n"
    assert query(before, ALL).count("order_by") == 1
    assert "order_by(Thing.id.desc())" in query(before, ALL)
    kept = query(before, Narrowing(order=("Thing.id",), paginated=True, keep_order=True))
    assert "order_by(Thing.name)" in kept and "Thing.id" not in kept


def test_filters_come_before_the_total_is_counted() -> None:
    before = """def things(s):
    q = select(Thing)
    total = s.scalar(select(func.count()).select_from(q.subquery()))
    rows = s.scalars(q.order_by(Thing.id))
    return rows, total
"""
    text = query(before, Narrowing((("a", "Thing.a == a"),)))
    assert text.index("q.where(Thing.a == a)") < text.index("total =")


@pytest.mark.parametrize(
    "body",
    [
        "    if x:\n        return db.query(Thing).all()\n",
        "    a = db.query(Thing)\n    b = db.query(Thing)\n    return a\n",
        "    return fetch(Thing)\n",
        "    q = db.query(Thing)\n    for x in q:\n        print(q)\n",
    ],
)
def test_what_is_not_plain_is_refused_with_file_and_line(body: str) -> None:
    with pytest.raises(NotUnderstood, match=r"main\.py:\d+"):
        query("def things(db):\n" + body, ALL)
