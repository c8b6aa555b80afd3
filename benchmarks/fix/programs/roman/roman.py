"""Roman numerals from 1 to 3999."""

VALUES = [
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
]
SINGLE = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def to_roman(number):
    """The numeral of a number.

    Raises ValueError for a number out of range.
    """
    if not 1 <= number <= 3999:
        raise ValueError(f"{number} has no numeral")
    parts = []
    for value, letters in VALUES:
        times, number = divmod(number, value)
        parts.append(letters * times)
    return "".join(parts)


def from_roman(text):
    """The number of a numeral in any case.

    Raises ValueError for text that is no numeral.
    """
    text = text.strip().upper()
    total = 0
    previous = 0
    for letter in reversed(text):
        if letter not in SINGLE:
            raise ValueError(f"{letter} is no numeral")
        value = SINGLE[letter]
        if value < previous:
            total -= value
        else:
            total += value
            previous = value
    if not text or to_roman(total) != text:
        raise ValueError(f"{text} is not written like that")
    return total
