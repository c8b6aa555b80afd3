"""Every example of every recipe's page: the result to the letter, what is said, twice is once, and it is Python."""

import ast
from functools import cache

import pytest

from agents.recipes.apply import apply
from agents.recipes.catalog import RECIPES, recipe
from agents.recipes.explain import Example, page
from agents.recipes.recipe import Outcome

CASES = [(one.name, example) for one in RECIPES for example in page(one.name).examples]
IDS = [f"{name}-{example.title}" for name, example in CASES]


def named(name: str, example: Example):
    return recipe(f"{name}:{example.argument}" if example.argument else name)


@cache
def outcome(case: int) -> Outcome:
    name, example = CASES[case]
    return apply(named(name, example), example.before)


def result(case: int) -> dict[str, str]:
    both = {**CASES[case][1].before, **outcome(case).changes}
    return {path: text for path, text in both.items() if text is not None}


@pytest.mark.parametrize("case", range(len(CASES)), ids=IDS)
def test_the_example_comes_out_as_the_page_says_and_what_is_left_out_is_named(case: int) -> None:
    example = CASES[case][1]
    found = result(case)
    assert found.keys() == example.after.keys()
    for path, text in example.after.items():
        assert found[path] == text, path
    assert [str(note) for note in outcome(case).notes if note.left_out] == list(example.left_out)


@pytest.mark.parametrize("case", range(len(CASES)), ids=IDS)
def test_a_second_time_changes_nothing(case: int) -> None:
    name, example = CASES[case]
    assert apply(named(name, example), result(case)).changes == {}


@pytest.mark.parametrize("case", range(len(CASES)), ids=IDS)
def test_both_sides_are_python(case: int) -> None:
    example = CASES[case][1]
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
