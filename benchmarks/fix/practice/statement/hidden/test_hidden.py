import random
from datetime import date, timedelta
from decimal import Decimal as D

import pytest

from statement import Entry, StatementError, balances, by_month, interest, lowest, parse, parse_amount, reconcile

START = date(2027, 12, 20)


def some(rng, number):
    entries = [Entry(START + timedelta(days=rng.randint(0, 25)), str(n), D(rng.randint(-9999, 9999)) / 100) for n in range(number)]
    return sorted(entries, key=lambda entry: entry.day)


@pytest.mark.parametrize(("text", "amount"), [("0", "0"), ("999.999", "999999"), ("-1.000,01", "-1000.01"), ("1.000,5-", "-1000.50"), ("00,07", "0.07")])
def test_amounts(text, amount):
    assert parse_amount(text) == D(amount)


@pytest.mark.parametrize(
    ("text", "line"),
    [("\n\n\nx", 4), ("# a\n# b\n;;", 3), ("2027-01-01;a;1;2", 1), ("2027-01-01;a;1\n  \n#\n2027-01-01;a;", 4), ("2027-13-01;a;1", 1)],
)
def test_lines(text, line):
    with pytest.raises(StatementError) as caught:
        parse(text)
    assert str(caught.value) == f"line {line} is no entry"


def test_same_day_stays_in_order():
    found = parse("2027-02-02;b;2\n2027-02-01;c;1\n2027-02-02;a;3\n")
    assert [one.text for one in found] == ["c", "b", "a"]


def test_interest_against_every_day():
    rng = random.Random(8)
    for _ in range(40):
        entries, opening, days = some(rng, 9), D(rng.randint(-500, 500)), rng.randint(0, 40)
        total = D(0)
        for n in range(days):
            day = START + timedelta(days=n)
            balance = opening + sum(entry.amount for entry in entries if entry.day <= day)
            total += balance * (D("1.25") if balance >= 0 else D("9.9")) / 100 / 360
        found = interest(entries, opening, START, START + timedelta(days=days), D("1.25"), D("9.9"))
        assert found == round(total, 2) and len(entries) == 9


def test_half_a_cent():
    assert interest([], D(18), START, START + timedelta(days=10), D(1), D(9)) == D("0.00")
    assert interest([], D(54), START, START + timedelta(days=10), D(1), D(9)) == D("0.02")
    assert interest([], D(90), START, START + timedelta(days=10), D(1), D(9)) == D("0.02")


def test_balances_and_lowest():
    rng = random.Random(9)
    for _ in range(40):
        entries, opening = some(rng, 6), D(rng.randint(-20, 20))
        evenings = {d: opening + sum(e.amount for e in entries if e.day <= d) for d in {e.day for e in entries}}
        assert balances(entries, opening) == evenings
        least = min([opening, *evenings.values()])
        day = None if least == opening else min(d for d, b in evenings.items() if b == least)
        assert lowest(entries, opening) == (least, day)


def test_by_month():
    found = by_month(some(random.Random(4), 30))
    assert set(found) == {(2027, 12), (2028, 1)}
    for (_, month), (coming, going) in found.items():
        own = [e.amount for e in some(random.Random(4), 30) if e.day.month == month]
        assert coming == sum(a for a in own if a > 0) and going == -sum(a for a in own if a < 0)


def test_reconcile_takes_the_nearest():
    def entry(day, text, amount=5):
        return Entry(START + timedelta(days=day), text, D(amount))

    ours = [entry(3, "a"), entry(0, "b"), entry(9, "c"), entry(9, "d", 6)]
    theirs = [entry(1, "e"), entry(4, "f"), entry(12, "g"), entry(13, "h", 6)]
    assert reconcile(ours, theirs) == ([ours[3]], [theirs[3]])
    assert reconcile(ours[:2] * 2, theirs[:2]) == (ours[:2], [])
    assert reconcile([], theirs) == ([], theirs)
