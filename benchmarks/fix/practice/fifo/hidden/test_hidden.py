import random
from datetime import date, timedelta

import pytest

from fifo import Lot, OutOfStock, Stock

DAY = date(2031, 12, 31)


def test_against_single_pieces():
    rng = random.Random(5)
    for _ in range(60):
        stock, pieces = Stock(), []
        for number in range(12):
            if rng.random() < 0.5:
                count, cents = rng.randint(1, 6), rng.randint(1, 50)
                until = None if rng.random() < 0.5 else DAY + timedelta(days=rng.randint(-1, 1))
                stock.buy(str(number), count, cents, until)
                pieces += [(cents, until)] * count
            else:
                wanted = rng.randint(1, 8)
                good = [p for p in pieces if p[1] is None or p[1] >= DAY]
                if wanted > len(good):
                    with pytest.raises(OutOfStock) as caught:
                        stock.sell(wanted, DAY)
                    assert caught.value.missing == wanted - len(good)
                else:
                    assert stock.sell(wanted, DAY) == sum(p[0] for p in good[:wanted])
                    for one in good[:wanted]:
                        pieces.remove(one)
            assert stock.on_hand() == len(pieces)
            assert stock.value() == sum(p[0] for p in pieces)
            if pieces:
                assert stock.average() == int(stock.value() / len(pieces) + 0.5)


def test_a_failed_sale_leaves_no_trace():
    stock = Stock([Lot("x", 3, 7), Lot("y", 2, 9)])
    with pytest.raises(OutOfStock):
        stock.sell(6)
    assert [lot.pieces for lot in stock.lots] == [3, 2]
    assert stock.history == []


def test_defaults_and_arguments_are_not_shared():
    first, second = Stock(), Stock()
    first.buy("x", 3, 7)
    assert second.lots == []
    second.take_back("r", 2, 3)
    assert Stock().lots == [] and len(first.lots) == 1
    given = [Lot("x", 1, 1)]
    Stock(given).take_back("r", 2, 3)
    assert [lot.number for lot in given] == ["x"]


def test_returns_in_order():
    stock = Stock([Lot("x", 1, 10)])
    stock.take_back("r", 1, 5)
    stock.take_back("s", 1, 4)
    assert [stock.sell(1) for _ in range(3)] == [4, 5, 10]
    assert stock.turnover() == (1, 10)


def test_scrap_counts():
    stock = Stock([Lot("x", 3, 7, DAY), Lot("y", 2, 9, DAY - timedelta(days=1)), Lot("z", 4, 1)])
    assert stock.scrap(DAY) == 18
    assert stock.history == [("scrap", 2, 18)]
    assert stock.on_hand() == 7
