"""Every rule finds exactly its own flaw in its bad example, and no rule finds anything in the good one."""

import ast
import re
from pathlib import Path

import pytest

from agents.rules.catalog import RULES, rule
from agents.rules.check import check, fix
from agents.rules.document import document, explained, listed
from agents.rules.explain import page
from agents.rules.rule import Rule
from tests.support.sources import Tree

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("known", RULES, ids=lambda known: known.id)
def test_the_bad_example_has_this_flaw_and_no_other(known: Rule) -> None:
    assert [f.rule for f in check(Tree(page(known.id).bad))] == [known.id]


@pytest.mark.parametrize("known", RULES, ids=lambda known: known.id)
def test_the_good_example_is_clean(known: Rule) -> None:
    assert check(Tree(page(known.id).good)) == ()


@pytest.mark.parametrize("known", [r for r in RULES if r.repairs], ids=lambda known: known.id)
def test_the_repair_is_clean_and_changes_nothing_else(known: Rule) -> None:
    bad = page(known.id).bad
    findings = check(Tree(bad))
    assert findings[0].edits
    fixed = bad | fix(Tree(bad), findings)
    assert check(Tree(fixed)) == ()
    assert all(ast.parse(text) for path, text in fixed.items() if path.endswith(".py"))


def test_ids_and_names_are_unique_and_speak() -> None:
    assert len({r.id for r in RULES}) == len({r.name for r in RULES}) == len(RULES) >= 42
    assert all(re.fullmatch(r"GL[1-9]\d\d", r.id) and re.fullmatch(r"[a-z0-9-]+", r.name) for r in RULES)
    assert rule("gl207") is rule("http-error-returned")


def test_every_page_belongs_to_a_rule() -> None:
    pages = {path.stem for path in (ROOT / "agents" / "rules" / "pages").glob("*.md")}
    assert pages == {r.id for r in RULES}


def test_the_documentation_is_in_step() -> None:
    assert (ROOT / "docs" / "rules.md").read_text() == document(), "run scripts/rules_doc.py"


def test_a_rule_is_explained_with_both_examples() -> None:
    text = explained(rule("GL207"))
    assert "return HTTPException" in text and "raise HTTPException" in text
    assert "# greenloop: ignore[GL207]" in text
    assert all(r.id in listed() for r in RULES)
