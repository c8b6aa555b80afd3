import pytest

from roman import from_roman, to_roman


def test_round_trip():
    for number in range(1, 4000):
        assert from_roman(to_roman(number)) == number


@pytest.mark.parametrize(("number", "text"), [(49, "XLIX"), (95, "XCV"), (944, "CMXLIV"), (3888, "MMMDCCCLXXXVIII")])
def test_known(number, text):
    assert to_roman(number) == text
    assert from_roman(f" {text.lower()}\n") == number


@pytest.mark.parametrize("text", ["IC", "VV", "IXX", "MMMM", "X I", "IVI", "   "])
def test_bad(text):
    with pytest.raises(ValueError):
        from_roman(text)


def test_edges():
    for number in (0, 4000, -5, 10000):
        with pytest.raises(ValueError):
            to_roman(number)
