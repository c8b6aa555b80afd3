"""Whole repositories: blueprints, the example shop, switches, odd files."""

import random
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agents.blueprints.fragments import Style, Symbol
from agents.blueprints.new_app import NEW_APP_STYLE, new_app
from agents.blueprints.spec import FeatureSpec
from agents.errors import EditRefused
from agents.findings import worse
from agents.knowledge import pages
from agents.rules.catalog import RULES
from agents.rules.check import check, fix
from agents.rules.explain import page
from agents.rules.switches import Switches
from tests.support.blueprint_apps import ASYNC_HEAD, ONE_FILE, SYNC_HEAD, one_module
from tests.support.blueprint_specs import ALL, EVERYTHING, LIBRARY
from tests.support.sources import Tree, folder

ROOT = Path(__file__).resolve().parents[3]
SITE = Path(pytest.__file__).resolve().parents[1]
BLOCKING = """
import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def wait() -> int:
    \"\"\"Wait.\"\"\"
    time.sleep(1)
    return 1
"""


@pytest.mark.parametrize("name", ALL)
def test_a_new_application_is_clean(name: str) -> None:
    assert check(Tree(new_app(ALL[name], name="some-shop"))) == ()


@pytest.mark.parametrize("spec", [LIBRARY, EVERYTHING], ids=["library", "everything"])
@pytest.mark.parametrize("database", ["sqlalchemy_sync", "sqlalchemy_async"])
def test_what_is_placed_into_one_file_is_clean_but_for_being_in_one_file(spec: FeatureSpec, database: str) -> None:
    style: Style = replace(ONE_FILE, database=database)  # type: ignore[arg-type]
    head = SYNC_HEAD if database == "sqlalchemy_sync" else ASYNC_HEAD
    assert {f.rule for f in check(Tree({"main.py": one_module(spec, style, head)}))} == {"GL902"}


@pytest.mark.parametrize("style", [
    replace(NEW_APP_STYLE, prefix="/api/v1", timestamps=False),
    Style(repository_module=None, current_user=Symbol("shop.auth", "CurrentUser")),
])  # fmt: skip
def test_a_resource_is_clean_in_other_styles(style: Style) -> None:
    assert check(Tree({"shop/all.py": one_module(EVERYTHING, style)})) == ()


def test_the_shop_has_what_an_expert_finds_in_it() -> None:
    found = [(f.rule, f.line) for f in check(folder(ROOT / "examples" / "shop"))]
    assert found == [("GL104", 90), ("GL201", 112), ("GL901", 112), ("GL401", 117), ("GL701", 127), ("GL701", 173)]


def test_the_vulnerable_service_has_what_can_be_seen_without_running_it_and_its_twin_has_not() -> None:
    craft = {"GL901", "GL902"}
    flawed, repaired = (
        {f.rule for f in check(folder(ROOT / "examples" / "vulnerable" / kind))} for kind in ("flawed", "repaired")
    )
    assert flawed - craft == {
        "GL205", "GL503", "GL505", "GL509", "GL511", "GL601", "GL602", "GL603", "GL606", "GL609", "GL613", "GL704",
    }  # fmt: skip
    assert repaired == craft


def test_what_the_playbooks_teach_breaks_no_rule() -> None:
    for playbook in pages():
        for code in re.findall(r"```python\n(.*?)```", playbook.text, re.DOTALL):
            found = [f for f in check(Tree({"app/example.py": code})) if f.severity != "info"]
            assert found == [], playbook.name


def test_a_comment_switches_one_rule_off_in_its_line() -> None:
    off = BLOCKING.replace("time.sleep(1)", "time.sleep(1)  # greenloop: ignore[GL301] the boss waits too")
    other = BLOCKING.replace("time.sleep(1)", "time.sleep(1)  # greenloop: ignore[GL302] wrong one")
    assert check(Tree({"main.py": off})) == ()
    assert [f.rule for f in check(Tree({"main.py": off}), comments=False)] == ["GL301"]
    assert [f.rule for f in check(Tree({"main.py": other}))] == ["GL301"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("greenloop.toml", 'rules_off = ["GL301"]'),
        ("greenloop.toml", 'rules_off = ["GL3"]'),
        ("pyproject.toml", '[tool.greenloop]\nrules_off = ["GL301"]'),
        ("pyproject.toml", '[tool.greenloop]\nrules_ignore = { "old/*" = ["GL301"] }'),
    ],
)
def test_the_repository_switches_rules_off(name: str, text: str) -> None:
    tree = Tree({"old/main.py": BLOCKING, name: text})
    assert check(tree) == ()
    assert [f.rule for f in check(tree, switches=Switches())] == ["GL301"]


@pytest.mark.parametrize("text", ["rules_off = 7", "rules_off = [", "rules_ignore = { a = 1 }", 'rules_off = [""]'])
def test_a_configuration_that_is_wrong_switches_nothing_off(text: str) -> None:
    assert [f.rule for f in check(Tree({"main.py": BLOCKING, "greenloop.toml": text}))] == ["GL301"]


def test_only_what_a_change_brings_is_worse() -> None:
    before = check(Tree({"main.py": BLOCKING}))
    handler = BLOCKING.split("app = FastAPI()\n")[1]
    grown = '"""Longer."""\n\nLIMIT = 5\n' + BLOCKING + handler.replace("wait", "again").replace('"/"', '"/again"')
    after = check(Tree({"main.py": grown}))
    assert [f.rule for f in before] == ["GL301"]
    assert [f.rule for f in after] == ["GL301", "GL301"]
    assert worse(before, after) == (after[1],)


def test_a_repair_is_refused_when_the_file_would_break() -> None:
    tree = Tree({"main.py": BLOCKING})
    broken = [f.model_copy(update={"edits": (f.edits[0].model_copy(update={"new": "await ("}),)}) for f in check(tree)]
    with pytest.raises(EditRefused):
        fix(tree, broken)


def test_columns_are_characters_and_places_are_right() -> None:
    text = BLOCKING.replace("    time.sleep(1)", '    name = "äöü"; time.sleep(1)')
    found = check(Tree({"main.py": text}))[0]
    assert text.splitlines()[found.line - 1][found.column - 1 : found.end_column - 1] == "time.sleep(1)"


def test_tests_and_migrations_are_not_checked() -> None:
    assert check(Tree({f"{where}/a.py": BLOCKING for where in ("tests", "venv", ".hidden", "testing")})) == ()
    assert check(Tree({"test_a.py": BLOCKING, "conftest.py": BLOCKING})) == ()


def test_files_that_cannot_be_read_are_left_out() -> None:
    odd = {
        "a.py": "def (", "b.py": "\0", "c.py": "", "d.py": "x = " + "(" * 300 + ")" * 300, "e.py": "from . import *",
        "f.py": "from .f import f\nf = f\nclass A(A): ...\nx: x = x", "g.py": "type X = int\n",
        "h.py": "@app.get\ndef f(): ...",
    }  # fmt: skip
    assert [f.rule for f in check(Tree({**odd, "main.py": BLOCKING}))] == ["GL301"]


def test_no_file_of_this_environment_makes_it_fail() -> None:
    packages = (
        "pydantic",
        "httpx",
        "anyio",
        "rich",
        "typer",
        "_pytest",
        "libcst",
        "jinja2",
        "yaml",
        "uvicorn",
        "starlette",
    )
    files = sorted(p for name in packages for p in (SITE / name).rglob("*.py") if p.stat().st_size < 60_000)
    picked = random.Random(4).sample(files, 40)
    check(Tree({f"p{i}/{p.name}".replace("test", "t"): p.read_text("utf-8", "replace") for i, p in enumerate(picked)}))
    check(folder(SITE / "fastapi"))


def test_no_damaged_example_makes_it_fail() -> None:
    chance = random.Random(7)
    for rule in RULES:
        lines = page(rule.id).bad.get("main.py", "").splitlines()
        kept = [line for line in lines if chance.random() > 0.2]
        swapped = [line.replace("(", "", 1).replace(")", "", 1) if chance.random() < 0.1 else line for line in kept]
        check(Tree({**page(rule.id).bad, "main.py": "\n".join(kept), "other.py": "\n".join(swapped)}))


def test_services_of_one_repository_do_not_mix_and_two_hundred_files_take_about_a_second() -> None:
    parts = new_app(EVERYTHING, name="some-shop")
    many = {f"services/s{n}/{path}": text for n in range(5) for path, text in parts.items()}
    started = time.process_time()
    assert check(Tree(many)) == ()
    assert sum(path.endswith(".py") for path in many) > 200
    assert time.process_time() - started < 4
