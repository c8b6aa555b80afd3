"""Every example of every recipe's page: the result to the letter, what is said, twice is once, and it is Python."""

import ast

import pytest

from agents.recipes.apply import apply
from agents.recipes.catalog import RECIPES, recipe
from agents.recipes.explain import Example, page

CASES = [(one.name, example) for one in RECIPES for example in page(one.name).examples]
IDS = [f"{name}-{example.title}" for name, example in CASES]


def named(name: str, example: Example):
    return recipe(f"{name}:{example.argument}" if example.argument else name)


def result(name: str, example: Example, files: dict[str, str]) -> dict[str, str]:
    changes = apply(named(name, example), files).changes
    return {p: t for p, t in {**files, **changes}.items() if t is not None}


@pytest.mark.parametrize(("name", "example"), CASES, ids=IDS)
def test_the_example_comes_out_as_the_page_says(name: str, example: Example) -> None:
    found = result(name, example, example.before)
    assert found.keys() == example.after.keys()
    for path, text in example.after.items():
        assert found[path] == text, path


@pytest.mark.parametrize(("name", "example"), CASES, ids=IDS)
def test_what_is_left_out_is_named_with_its_place(name: str, example: Example) -> None:
    said = [str(note) for note in apply(named(name, example), example.before).notes if note.left_out]
    assert said == list(example.left_out)


@pytest.mark.parametrize(("name", "example"), CASES, ids=IDS)
def test_a_second_time_changes_nothing(name: str, example: Example) -> None:
    assert apply(named(name, example), result(name, example, example.before)).changes == {}


@pytest.mark.parametrize(("name", "example"), CASES, ids=IDS)
def test_both_sides_are_python(name: str, example: Example) -> None:
    for path, text in (*example.before.items(), *example.after.items()):
        if path.endswith(".py"):
            ast.parse(text)


@pytest.mark.parametrize("one", RECIPES, ids=lambda one: one.name)
def test_each_recipe_shows_what_it_changes_and_what_it_leaves(one) -> None:
    text = page(one.name)
    assert len(text.examples) >= 2 and len(text.why) > 100 and text.left_alone
    assert any(example.before != example.after for example in text.examples)
    assert any(
        example.left_out or set(example.before.items()) & set(example.after.items()) for example in text.examples
    )
