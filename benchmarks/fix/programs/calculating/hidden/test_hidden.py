import random

import pytest

from calculating import CalculationError, calculate


def test_like_python():
    rng = random.Random(9)

    def make(depth):
        if depth == 0 or rng.random() < 0.25:
            return str(rng.randint(1, 9))
        left, right = make(depth - 1), make(depth - 1)
        sign = rng.choice("+-*/")
        text = f"{left} {sign} {right}"
        return f"({text})" if rng.random() < 0.4 else text

    for _ in range(400):
        text = make(3)
        try:
            expected = eval(text)
        except ZeroDivisionError:
            with pytest.raises(CalculationError):
                calculate(text)
            continue
        assert calculate(text) == pytest.approx(expected)


@pytest.mark.parametrize(("text", "value"), [("2^-1", 0.5), ("-(2 + 3)", -5), ("2 - -2", 4), ("3 * 2 ^ 2", 12), ("8 - 2 ^ 2 - 1", 3), ("-2 * 3", -6), ("(-2) ^ 2", 4)])
def test_more(text, value):
    assert calculate(text) == value


@pytest.mark.parametrize("text", ["()", "* 3", "1 (", "2 +* 3", "((1)", ")", "a"])
def test_wrong(text):
    with pytest.raises(CalculationError):
        calculate(text)
