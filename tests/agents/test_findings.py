"""Findings: told apart without line numbers, compared before and after, repaired by edits."""

from agents.findings import Edit, Finding, apply_edits, identity, worse


def finding(rule: str = "GL101", path: str = "a.py", context: str = "f", text: str = "x()", nth: int = 0) -> Finding:
    fingerprint, shape = identity(rule, path, context, text, nth)
    return Finding(
        rule=rule, severity="error", path=path, line=1, column=1, end_line=1, end_column=4, message="It fails.",
        fingerprint=fingerprint, shape=shape,
    )  # fmt: skip


def test_a_finding_that_was_there_is_not_worse_wherever_its_line_is_now() -> None:
    moved = finding().model_copy(update={"line": 90})
    assert worse([finding()], [moved]) == ()


def test_one_more_of_the_same_is_worse() -> None:
    more = [finding(), finding(nth=1)]
    assert worse([finding()], more) == (more[1],)


def test_code_that_moved_to_another_file_is_not_worse_and_a_copy_of_it_is() -> None:
    there = finding(path="b.py")
    assert worse([finding()], [there]) == ()
    assert worse([finding()], [finding(), there]) == (there,)


def test_another_function_or_rule_is_worse() -> None:
    assert len(worse([finding()], [finding(context="g")])) == 1
    assert len(worse([finding()], [finding(rule="GL102")])) == 1


def test_less_of_a_habit_is_not_worse_and_a_new_habit_is() -> None:
    habit = finding(text="file").model_copy(update={"places": 5})
    single = [finding(context=name) for name in ("f", "g", "h")]
    assert worse([habit], single[:2]) == ()
    assert worse(single, [habit.model_copy(update={"places": 3})]) == ()
    assert worse(single[:2], [habit]) == (habit,)


def edit(line: int, column: int, end: int, new: str) -> Edit:
    return Edit(path="a.py", line=line, column=column, end_line=line, end_column=end, new=new)


def test_edits_are_made_from_the_end_and_count_characters() -> None:
    assert apply_edits("äö = 1\nb = 2\n", [edit(1, 5, 6, "3"), edit(2, 0, 1, "longer")]) == "äö = 3\nlonger = 2\n"


def test_of_two_edits_that_overlap_one_is_made() -> None:
    assert apply_edits("abcdef\n", [edit(1, 0, 4, "X"), edit(1, 2, 6, "Y")]) == "abY\n"


def test_an_edit_beyond_the_end_appends() -> None:
    assert apply_edits("a\n", [edit(9, 0, 0, "b\n")]).startswith("a")
