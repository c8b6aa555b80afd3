import pytest

from money import Invoice, change, formatted, percent, split


def test_net():
    invoice = Invoice()
    invoice.add("tea", 250, 2)
    invoice.add("cup", 1000)
    assert invoice.net() == 1500


def test_same_line():
    invoice = Invoice()
    invoice.add("tea", 250)
    invoice.add("tea", 250, 3)
    invoice.add("tea", 300)
    assert [line.count for line in invoice.lines] == [4, 1]


def test_invoices_are_apart():
    Invoice().add("tea", 250)
    assert Invoice().net() == 0


def test_tax_rates():
    invoice = Invoice()
    invoice.add("pen", 1000)
    invoice.add("book", 2000, reduced=True)
    assert invoice.tax() == 190 + 140
    assert invoice.gross() == 3330


def test_discount():
    invoice = Invoice(discount=10)
    invoice.add("pen", 1000)
    assert invoice.net() == 900
    assert invoice.tax() == 171


def test_no_pieces():
    with pytest.raises(ValueError):
        Invoice().add("pen", 100, 0)


def test_percent_rounds_half_up():
    assert percent(50, 19) == 10
    assert percent(10, 4) == 0
    assert percent(10, 5) == 1


def test_split():
    assert split(100, 3) == [34, 33, 33]
    assert split(90, 3) == [30, 30, 30]


def test_change():
    assert change(388) == [200, 100, 50, 20, 10, 5, 2, 1]
    assert change(6, coins=(4, 3, 1)) == [3, 3]


def test_change_impossible():
    with pytest.raises(ValueError):
        change(3, coins=(2,))


def test_formatted():
    assert formatted(123450) == "1,234.50 €"
    assert formatted(-105) == "-1.05 €"
