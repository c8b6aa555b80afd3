"""A repository's own recipes: found, told apart, applied by ast-grep, and refused in one line."""

import pytest

from agents.recipes.own import apply_own, own_recipes
from agents.recipes.recipe import WrongArgument

RULE = """
id: no-print
message: Shout through the log
language: python
rule:
  pattern: shout($A)
fix: log.info($A)
"""
FILES = {
    ".greenloop/recipes/no-shout.yml": RULE,
    ".greenloop/recipes/tidy.py": '"""Tidy up.\n\nMore."""\n\ndef refactor(files):\n    return {}\n',
    ".greenloop/recipes/_helper.py": "",
    ".greenloop/recipes/README.md": "",
    "app.py": "import log\n\n\ndef f(é):\n    shout(shout('é'))  # kept\n",
    "tests/test_app.py": "shout(1)\n",
}


def own(text: str):
    return own_recipes({".greenloop/recipes/x.yml": text})[0]


def test_rules_and_programs_are_found_with_what_they_say_of_themselves() -> None:
    found = [(one.name, one.kind, one.summary) for one in own_recipes(FILES)]
    assert found == [("no-shout", "rule", "Shout through the log"), ("tidy", "program", "Tidy up.")]


def test_a_rule_is_applied_to_the_end_and_a_second_time_changes_nothing() -> None:
    rule = own_recipes(FILES)[0]
    outcome = apply_own(rule, FILES)
    assert outcome.changes == {"app.py": "import log\n\n\ndef f(é):\n    log.info(log.info('é'))  # kept\n"}
    assert apply_own(rule, {**FILES, **outcome.changes}).changes == {}


def test_paths_decide_where_a_rule_works() -> None:
    rule = own_recipes(FILES)[0]
    assert list(apply_own(rule, FILES, ["tests"]).changes) == ["tests/test_app.py"]
    assert apply_own(rule, FILES, ["other/**"]).changes == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE.replace("rule:", "rul:"), "missing field `rule`"),
        (RULE.replace("python", "javascript"), "only rules with `language: python` are recipes"),
        (RULE.replace("fix:", "note:"), "a rule without `fix` changes nothing"),
        (RULE.replace("pattern", "pattrn"), "unknown field `pattrn`"),
        ("- [", "while parsing"),
        ("7", "not ast-grep rules"),
    ],
)
def test_what_is_no_rule_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(WrongArgument) as refused:
        apply_own(own(text), FILES)
    message = str(refused.value)
    assert message.startswith(".greenloop/recipes/x.yml: ") and said in message and "\n" not in message


def test_a_rule_that_never_settles_is_left_out() -> None:
    outcome = apply_own(own(RULE.replace("log.info($A)", "shout([$A])")), FILES)
    assert outcome.changes == {}
    assert [str(note) for note in outcome.notes] == ["app.py: x finds something to change in its own result"]


def test_a_result_that_is_no_python_is_left_out() -> None:
    outcome = apply_own(own(RULE.replace("log.info($A)", "log.info($A")), FILES)
    assert outcome.changes == {} and "would not be Python" in str(outcome.notes[0])


def test_a_program_needs_a_sandbox_and_two_of_a_name_are_refused() -> None:
    with pytest.raises(WrongArgument, match="a program runs in a sandbox only"):
        apply_own(own_recipes(FILES)[1], FILES)
    with pytest.raises(WrongArgument, match="has the same name"):
        own_recipes({**FILES, ".greenloop/recipes/tidy.yaml": RULE})
