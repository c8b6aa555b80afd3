from agents.repair.candidate import Candidate, Edit, apply, key

SOURCES = {"a.py": "x = 1 < 2\n", "b.py": "y = 3\n"}


def made(*edits: Edit) -> Candidate:
    return Candidate(edits, "comparison", 1, 0.5, "`<` becomes `<=`")


def test_only_changed_files_are_given() -> None:
    assert apply(made(Edit("a.py", 6, 7, "<=")), SOURCES) == {"a.py": "x = 1 <= 2\n"}


def test_edits_of_one_file_are_applied_to_its_original_text_in_any_order() -> None:
    edits = Edit("a.py", 8, 9, "30"), Edit("a.py", 4, 5, "100"), Edit("b.py", 4, 5, "")
    assert apply(made(*edits), SOURCES) == {"a.py": "x = 100 < 30\n", "b.py": "y = \n"}


def test_edits_that_do_not_fit_change_nothing() -> None:
    for edit in (Edit("c.py", 0, 0, "z"), Edit("a.py", 5, 99, ""), Edit("a.py", 5, 4, ""), Edit("a.py", 4, 5, "1")):
        assert apply(made(edit), SOURCES) == {}
    assert apply(made(Edit("a.py", 0, 5, "q"), Edit("a.py", 4, 7, "p")), SOURCES) == {}


def test_candidates_with_one_result_have_one_key() -> None:
    whole = made(Edit("a.py", 0, 10, "x = 1 <= 2\n"))
    assert (
        key(whole, SOURCES)
        == key(made(Edit("a.py", 7, 7, "=")), SOURCES)
        != key(made(Edit("a.py", 6, 7, ">")), SOURCES)
    )
    assert key(made(), SOURCES) == ""
