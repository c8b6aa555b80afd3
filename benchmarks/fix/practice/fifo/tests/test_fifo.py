from datetime import date

import pytest

from fifo import Lot, OutOfStock, Stock


@pytest.fixture
def stock():
    stock = Stock()
    stock.buy("A", 10, 100, date(2024, 3, 10))
    stock.buy("B", 5, 140)
    return stock


def test_on_hand_and_value(stock):
    assert stock.on_hand() == 15
    assert stock.value() == 1700


def test_oldest_goes_first(stock):
    assert stock.sell(4) == 400
    assert stock.sell(8) == 6 * 100 + 2 * 140
    assert [(lot.number, lot.pieces) for lot in stock.lots] == [("B", 3)]


def test_sell_everything(stock):
    assert stock.sell(15) == 1700
    assert stock.lots == []
    assert stock.value() == 0


def test_too_much(stock):
    with pytest.raises(OutOfStock) as caught:
        stock.sell(18)
    assert caught.value.missing == 3
    assert stock.on_hand() == 15
    assert [event[0] for event in stock.history] == ["buy", "buy"]


def test_expired_is_not_sold(stock):
    assert stock.on_hand(date(2024, 3, 11)) == 5
    assert stock.sell(3, date(2024, 3, 11)) == 420
    with pytest.raises(OutOfStock):
        stock.sell(3, date(2024, 3, 11))


def test_last_day(stock):
    assert stock.on_hand(date(2024, 3, 10)) == 15


def test_average(stock):
    assert stock.average() == 113
    assert Stock().average() == 0


def test_buy_refuses(stock):
    with pytest.raises(ValueError):
        stock.buy("C", 0, 10)
    with pytest.raises(ValueError):
        stock.buy("A", 1, 10)


def test_take_back(stock):
    stock.sell(2)
    stock.take_back("R", 1, 100)
    assert stock.lots[0].number == "R"
    assert stock.turnover() == (1, 100)


def test_returned_is_sold_next(stock):
    stock.take_back("R", 1, 90)
    assert stock.sell(2) == 190


def test_scrap(stock):
    assert stock.scrap(date(2024, 4, 1)) == 1000
    assert stock.on_hand() == 5
    assert stock.scrap(date(2024, 4, 1)) == 0
    assert [event[0] for event in stock.history] == ["buy", "buy", "scrap"]


def test_stocks_are_apart():
    Stock().buy("A", 1, 1)
    assert Stock().on_hand() == 0


def test_starts_with_lots():
    lots = [Lot("A", 2, 50)]
    stock = Stock(lots)
    stock.buy("B", 1, 50)
    assert stock.on_hand() == 3
    assert len(lots) == 1
