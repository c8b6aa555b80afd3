import pytest

from calculating import CalculationError, calculate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2", 3),
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("10 - 4 - 3", 3),
        ("100 / 10 / 5", 2),
        ("2 ^ 3 ^ 2", 512),
        ("-3 + 5", 2),
        ("2 * -3", -6),
        ("-2 ^ 2", -4),
        ("1.5 * 4", 6),
        ("((7))", 7),
    ],
)
def test_value(text, value):
    assert calculate(text) == value


@pytest.mark.parametrize("text", ["", "1 +", "(1", "1)", "1 2", "2 $ 3", "1 / 0"])
def test_wrong(text):
    with pytest.raises(CalculationError):
        calculate(text)
