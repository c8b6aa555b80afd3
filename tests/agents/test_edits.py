"""Edits: what is applied, what is tolerated, and what a refusal tells the agent."""

import pytest

from agents.edits import apply_replace, check_python
from agents.errors import EditRefused

CLASS = "class Shop:\n    def open(self):\n        return True\n\n    def close(self):\n        return False\n"


def test_an_exact_occurrence_is_replaced() -> None:
    assert apply_replace("a = 1\nb = 2\n", "b = 2", "b = 3") == "a = 1\nb = 3\n"


@pytest.mark.parametrize("text", ["a = 1\n", "a = 1", "a = 1\r\n"])
def test_the_end_of_the_file_is_kept(text: str) -> None:
    assert apply_replace(text, "a = 1", "a = 2") == text.replace("1", "2")


def test_trailing_space_does_not_matter() -> None:
    assert apply_replace("a = 1   \nb = 2\n", "a = 1\nb = 2", "a = 5\nb = 6") == "a = 5\nb = 6\n"
    assert apply_replace("a = 1\nb = 2\n", "a = 1  \nb = 2\t", "c = 3") == "c = 3\n"


def test_a_shifted_block_is_found_and_its_replacement_shifted_alike() -> None:
    old = "def close(self):\n    return False"
    new = "def close(self):\n    if self.busy:\n        return True\n\n    return False"
    expected = CLASS.replace(
        "        return False", "        if self.busy:\n            return True\n\n        return False"
    )
    assert apply_replace(CLASS, old, new) == expected


def test_a_block_shifted_to_the_left() -> None:
    old = "        x = 1\n        y = 2"
    assert apply_replace("x = 1\ny = 2\n", old, "        x = 9\n        y = 8") == "x = 9\ny = 8\n"


def test_an_inconsistent_shift_is_not_a_match() -> None:
    with pytest.raises(EditRefused, match="indentation"):
        apply_replace("if a:\n    b()\nc()\n", "if a:\nb()\nc()", "c()")


def test_a_replacement_that_cannot_move_left_is_refused() -> None:
    with pytest.raises(EditRefused, match="cannot move left"):
        apply_replace("x = 1\ny = 2\n", "    x = 1\n    y = 2", "    x = 1\n  y = 3")


def test_crlf_is_kept_and_need_not_be_written() -> None:
    text = "a = 1\r\nb = 2\r\nc = 3\r\n"
    assert apply_replace(text, "a = 1\nb = 2\n", "x = 1\ny = 2\nz = 3\n") == "x = 1\r\ny = 2\r\nz = 3\r\nc = 3\r\n"
    assert apply_replace(text, "  b = 2\n  c = 3", "  q = 1\n  r = 2") == "a = 1\r\nq = 1\r\nr = 2\r\n"


def test_in_mixed_line_ends_only_the_replaced_lines_change() -> None:
    text = "a = 1\r\nb = 2\r\nc = 3\nd = 4\n"
    assert apply_replace(text, "c = 3\nd = 4", "c = 5\nd = 6") == "a = 1\r\nb = 2\r\nc = 5\nd = 6\n"


def test_blank_lines_around_the_old_text_do_not_matter() -> None:
    assert apply_replace("a = 1\nb = 2\n", "\n\nb = 2\n\n", "\n\nb = 3\n\n") == "a = 1\nb = 3\n"


def test_deleting_lines_leaves_no_hole() -> None:
    assert apply_replace("a = 1\nb = 2\nc = 3\n", "  b = 2", "") == "a = 1\nc = 3\n"
    assert apply_replace("a = 1\nb = 2", "  b = 2", "") == "a = 1\n"


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("a = 1\nb = 2\n", "b = 1", "b = 3"),
        (CLASS, "def close(self):\n    return False", "def close(self):\n    return None"),
        ("import a\n", "import a", "import a\nimport b"),
        ("x(y)\n", "x(y)", "x(y)  # why"),
    ],
)
def test_applying_twice_is_applying_once(text: str, old: str, new: str) -> None:
    try:
        once = apply_replace(text, old, new)
    except EditRefused:
        once = text.replace("b = 2", new)
    assert once != text
    assert apply_replace(once, old, new) == once


def test_an_ambiguous_text_names_the_lines() -> None:
    with pytest.raises(EditRefused, match=r"2 times, at lines 3, 6.*unchanged"):
        apply_replace(CLASS, "return ", "yield ")


def test_an_ambiguous_shifted_block_names_the_lines() -> None:
    with pytest.raises(EditRefused, match=r"at lines 2, 5"):
        apply_replace("if a:\n    x()\n    y()\nif b:\n    x()\n    y()\n", "  x()\n  y()", "z()")


def test_overlapping_occurrences_are_ambiguous() -> None:
    with pytest.raises(EditRefused, match="2 times"):
        apply_replace("aaa", "aa", "b")


def test_a_missing_text_is_answered_with_the_closest_lines() -> None:
    with pytest.raises(EditRefused) as refused:
        apply_replace(CLASS, "    def close(self, now):\n        return False", "pass")
    message = str(refused.value)
    assert "Did you mean" in message
    assert "    5      def close(self):" in message
    assert "line 5: it is 'def close(self):', you wrote 'def close(self, now):'" in message


def test_a_misspelt_line_is_answered_with_the_right_one() -> None:
    with pytest.raises(EditRefused, match="2      def open"):
        apply_replace(CLASS, "def opne(self):", "def shut(self):")


def test_a_refusal_of_a_large_file_comes_soon() -> None:
    text = "".join(f"line {number} of many\n" for number in range(20_000))
    with pytest.raises(EditRefused, match="15001  line 15000 of many"):
        apply_replace(text, "line 15000 of many\nline 15001 of few\nline 15002 of many", "nothing")


def test_nothing_similar_says_to_read_again() -> None:
    with pytest.raises(EditRefused, match="read the file again"):
        apply_replace("a = 1\n", "completely different words", "b")


@pytest.mark.parametrize(("old", "new"), [("", "x"), ("  \n", "x"), ("a", "a")])
def test_edits_that_say_nothing_are_refused(old: str, new: str) -> None:
    with pytest.raises(EditRefused):
        apply_replace("a\n", old, new)


def test_a_deletion_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(EditRefused):
        apply_replace("a = 1\n", "b = 2 + 3", "")


def test_a_new_syntax_error_is_refused_with_both_versions() -> None:
    with pytest.raises(EditRefused) as refused:
        check_python("app/main.py", "def f():\n    return 1\n", "def f():\n    return (1\n")
    message = str(refused.value)
    assert "app/main.py" in message
    assert "line 2" in message
    assert "would have become" in message
    assert "return (1" in message
    assert "It is now" in message
    assert "return 1" in message


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("m.py", "def f(:\n", "def f(:\n    pass\n"),
        ("m.py", "", "import re\nX = re.compile('\\d')\n"),
        ("m.py", "", "type Pair[T] = tuple[T, T]\n"),
        ("notes.md", "", "def f(:"),
        ("a.json", "// odd\n{}", "// odder\n{}"),
        ("a.toml", "", "[a]\nb = 1\n"),
    ],
)
def test_what_is_no_new_error_passes(path: str, before: str, after: str) -> None:
    check_python(path, before, after)


@pytest.mark.parametrize(
    ("path", "after", "where"),
    [
        ("new.py", "x = 1\ndef f(:\n", "line 2"),
        ("new.py", "x = '\0'\n", "line 1"),
        ("new.py", "type X = (\n", "line 1"),
        ("a.toml", "[a]\nb = \n", "line 2"),
        ("a.json", '{\n"a": 1,\n}', "line 3"),
        ("deep.json", "[" * 100_000, "line 1"),
        ("deep.py", "(" * 100_000, "line 1"),
    ],
)
def test_broken_new_files_are_refused(path: str, after: str, where: str) -> None:
    with pytest.raises(EditRefused, match=where):
        check_python(path, "", after)
