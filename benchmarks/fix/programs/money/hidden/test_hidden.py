import random

import pytest

from money import Invoice, change, formatted, percent, split


def test_split_random():
    rng = random.Random(11)
    for _ in range(200):
        cents, people = rng.randint(0, 500), rng.randint(1, 9)
        parts = split(cents, people)
        assert sum(parts) == cents and len(parts) == people
        assert max(parts) - min(parts) <= 1 and parts == sorted(parts, reverse=True)


def test_change_is_least():
    import itertools

    coins = (5, 4, 1)
    for cents in range(0, 21):
        least = min(n for n in range(0, 21) if any(sum(c) == cents for c in itertools.combinations_with_replacement(coins, n)))
        result = change(cents, coins)
        assert len(result) == least and sum(result) == cents and result == sorted(result, reverse=True)


def test_formatted():
    assert formatted(0) == "0.00 €"
    assert formatted(7) == "0.07 €"
    assert formatted(-100000, "$") == "-1,000.00 $"
    assert formatted(-5) == "-0.05 €"


def test_discount_on_both_rates():
    invoice = Invoice(discount=25)
    invoice.add("pen", 399, 3)
    invoice.add("book", 999, 2, reduced=True)
    assert invoice.net() == 1197 + 1998 - percent(1197 + 1998, 25)
    assert invoice.tax() == percent(1197 - percent(1197, 25), 19) + percent(1998 - percent(1998, 25), 7)
    assert invoice.gross() == invoice.net() + invoice.tax()


def test_pieces():
    invoice = Invoice()
    invoice.add("a", 1, 1)
    with pytest.raises(ValueError):
        invoice.add("a", 1, -1)
    assert invoice.add("a", 1, 2).count == 3


def test_same_name_other_price():
    invoice = Invoice()
    invoice.add("a", 100)
    invoice.add("a", 50)
    assert invoice.net() == 150


def test_percent():
    for cents in range(0, 300):
        for rate in (0, 7, 19, 50):
            assert percent(cents, rate) == int(cents * rate / 100 + 0.5)
