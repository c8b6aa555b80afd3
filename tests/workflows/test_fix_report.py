"""What is said of suspected lines and of what a search came to."""

from workflows.evidence import Place, Repair, Repairs, Where
from workflows.fix_report import where_text
from workflows.nodes.repair import told
from workflows.patches import briefing
from workflows.record import Record

PLACE = Place(
    path="shop/a.py", line=3, score=0.75, reasons=("every failing test runs it",), text="    return x \x1b[31m"
)
REPAIR = Repair(says="`<` becomes `<=`", where="shop/a.py:3", family="comparison", files={"shop/a.py": ""})


def test_the_ranking_has_lines_with_reasons_and_no_escape_sequences() -> None:
    text = where_text(Where(places=(PLACE,), note="located without coverage"))
    assert " 0.75  shop/a.py:3  return x" in text
    assert "every failing test runs it" in text
    assert "located without coverage" in text
    assert "\x1b" not in text
    assert where_text(Where()) == "no line is suspected"


def test_what_came_of_a_search_in_one_line() -> None:
    found = Repairs(ready=(REPAIR, REPAIR), tried=120, seconds=2.0)
    assert told(found) == "shop/a.py:3: `<` becomes `<=` (120 candidates in 2.0 s, 2 to try)"
    assert told(Repairs(tried=9, seconds=1.0)) == "no repair found by rule (9 candidates in 1.0 s)"
    assert "leave open" in told(found.model_copy(update={"open": True}))


def test_a_model_is_told_where_to_look_and_what_was_ruled_out(tmp_path) -> None:  # type: ignore[no-untyped-def]
    class Known:
        record = Record(tmp_path)

    Known.record.save_report("where", Where(places=(PLACE,)))
    doubted = REPAIR.model_copy(update={"doubt": "takes away a route"})
    Known.record.save_report("repairs", Repairs(ready=(REPAIR,), rejected=(doubted,), tried=300, seconds=3.0))
    text = briefing(Known)  # type: ignore[arg-type]
    assert "- shop/a.py:3 return x" in text
    assert "300 small edits" in text
    assert "`<` becomes `<=` (did not stand up to the verdict)" in text
    assert "(takes away a route)" in text
