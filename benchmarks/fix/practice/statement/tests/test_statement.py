from datetime import date
from decimal import Decimal as D

import pytest

from statement import Entry, StatementError, balances, by_month, interest, lowest, parse, parse_amount, reconcile

TEXT = """
# March
2024-03-04; Rent ; -800,00
2024-03-01;Salary;1.500,25
2024-03-04;Books;20,5-
2024-04-02;Refund;+15
"""


def entry(day, amount, text="x"):
    return Entry(date.fromisoformat(day), text, D(amount))


@pytest.mark.parametrize(
    ("text", "amount"), [("12", "12.00"), ("-3,5", "-3.50"), ("1.234.567,89", "1234567.89"), (" 7,10- ", "-7.10"), ("+0,01", "0.01")]
)
def test_amounts(text, amount):
    assert parse_amount(text) == D(amount)


def test_parse():
    entries = parse(TEXT)
    assert [one.text for one in entries] == ["Salary", "Rent", "Books", "Refund"]
    assert entries[0] == entry("2024-03-01", "1500.25", "Salary")
    assert parse("") == []


def test_bad_lines():
    with pytest.raises(StatementError, match="line 3 "):
        parse("2024-03-01;a;1\n\n2024-03-32;b;2")
    with pytest.raises(StatementError, match="line 1 "):
        parse("2024-03-01;a")
    with pytest.raises(StatementError, match="line 2 "):
        parse("# 1\n2024-03-01;a;one")


def test_balances():
    found = balances(parse(TEXT), D(100))
    assert found == {date(2024, 3, 1): D("1600.25"), date(2024, 3, 4): D("779.75"), date(2024, 4, 2): D("794.75")}


def test_lowest():
    entries = [entry("2024-01-02", -30), entry("2024-01-03", 10), entry("2024-01-04", -10)]
    assert lowest(entries, D(5)) == (D(-25), date(2024, 1, 2))
    assert lowest([entry("2024-01-02", 3)], D(5)) == (D(5), None)


def test_interest():
    assert interest([], D(3600), date(2024, 1, 1), date(2024, 1, 31), D(2), D(10)) == D("6.00")


def test_interest_changes_with_the_balance():
    entries = [entry("2024-01-11", -7200)]
    assert interest(entries, D(3600), date(2024, 1, 1), date(2024, 1, 21), D(2), D(10)) == D("-8.00")


def test_interest_is_rounded_at_the_end():
    assert interest([], D(10), date(2024, 1, 1), date(2024, 12, 26), D(4), D(10)) == D("0.40")


def test_interest_does_not_eat_the_entries():
    entries = [entry("2024-01-11", 5)]
    interest(entries, D(0), date(2024, 1, 1), date(2024, 2, 1), D(2), D(10))
    assert len(entries) == 1


def test_by_month():
    assert by_month(parse(TEXT)) == {(2024, 3): (D("1500.25"), D("820.50")), (2024, 4): (D(15), D(0))}


def test_reconcile():
    ours = [entry("2024-01-01", 10), entry("2024-01-05", 20)]
    theirs = [entry("2024-01-03", 10), entry("2024-01-09", 20)]
    assert reconcile(ours, theirs) == ([ours[1]], [theirs[1]])
    assert reconcile(ours, theirs, days=4) == ([], [])


def test_reconcile_every_entry_once():
    ours = [entry("2024-01-01", 10), entry("2024-01-01", 10, "again")]
    theirs = [entry("2024-01-02", 10)]
    assert reconcile(ours, theirs) == ([ours[1]], [])
