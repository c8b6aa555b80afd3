"""Every recipe on whole applications: the result is Python, a second time changes nothing, nothing fails."""

import ast
from pathlib import Path

import libcst as cst
import pytest

from agents.blueprints.new_app import new_app
from agents.recipes.apply import apply
from agents.recipes.catalog import RECIPES
from agents.recipes.pyfile import PyFile
from tests.support.blueprint_specs import LIBRARY

ROOT = Path(__file__).resolve().parents[3]


def folder(path: str) -> dict[str, str | bytes]:
    root = ROOT / path
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


APPS = {
    "a new application": dict(new_app(LIBRARY, name="some-shop")),
    "the shop": folder("examples/shop"),
    "a vulnerable service": folder("examples/vulnerable/flawed"),
    "odd files": {
        "a.py": "def (", "b.py": b"\xff", "c.py": "", "d.py": "x = " + "(" * 300 + ")" * 300, "e.py": "from . import *",
        "f.py": "print(f'{datetime.utcnow()}')\nfrom datetime import datetime", "g.py": "#!/bin/sh\n",
        "h.py": "\r\nx = 1\r\n",
        "pyproject.toml": "[", "requirements.txt": "-r x\n--hash=\n",
    },
}  # fmt: skip


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("recipe", [one for one in RECIPES if not one.argument], ids=lambda one: one.name)
def test_the_result_is_python_and_settles(recipe, app: str) -> None:
    outcome = apply(recipe, APPS[app])
    if app != "a new application":
        assert outcome == apply(recipe, dict(reversed(APPS[app].items())))
    for path, text in outcome.changes.items():
        if path.endswith(".py") and text is not None:
            ast.parse(text)
    both = {path: text for path, text in {**APPS[app], **outcome.changes}.items() if text is not None}
    assert apply(recipe, both).changes == {}


@pytest.mark.parametrize("recipe", [one for one in RECIPES if not one.argument], ids=lambda one: one.name)
def test_only_the_paths_that_were_named_are_changed(recipe) -> None:
    outcome = apply(recipe, APPS["the shop"], ["nowhere/**"])
    assert outcome.changes == {}


def test_files_with_the_same_text_share_no_edits_and_no_nodes() -> None:
    text = "import os\n\n\ndef home():\n    return os.getcwd()\n"
    first, second, other = PyFile("a.py", text), PyFile("a.py", text), PyFile("b.py", text)
    first.edit(first.calls("os.getcwd")[0], "None")
    first.need("sys")
    first.remark(first.tree.body[0], "told")
    assert (second.edited(), second.needs, second.notes) == (text, [], [])
    assert first.edited() == text.replace("os.getcwd()", "None")
    assert not any(other.knows(node) for node in first.find(cst.CSTNode))
