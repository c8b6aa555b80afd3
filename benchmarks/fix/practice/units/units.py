"""Sizes, durations, temperatures and numbers of varying length."""

import re

PREFIXES = "kMGT"
SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)(B|bit)?\s*")
SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
SCALES = {"K": (1.0, 0.0), "C": (1.0, 273.15), "F": (5 / 9, 459.67 * 5 / 9)}
"""Kelvin are so many times the degrees, and so much more."""


def parse_size(text):
    """Bytes of `1.5 GiB`, `10kB`, `512` or `2 Mbit`, rounded down.

    Raises ValueError.
    """
    match = SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no size")
    number, prefix, binary, unit = match.groups()
    if binary and not prefix:
        raise ValueError(f"{text!r} has no prefix")
    base = 1024 if binary else 1000
    power = PREFIXES.lower().index(prefix.lower()) + 1 if prefix else 0
    size = float(number) * base**power
    if unit == "bit":
        size /= 8
    return int(size)


def format_size(size, binary=True):
    """At most one decimal and never four digits where a larger unit would do: `1.5 GiB`, `20 kB`."""
    step, mark = (1024, "i") if binary else (1000, "")
    power, value = 0, float(size)
    while round(value, 1) >= step and power < len(PREFIXES):
        value /= step
        power += 1
    number = f"{value:.1f}".removesuffix(".0")
    if power == 0:
        return f"{number} B"
    prefix = PREFIXES[power - 1]
    return f"{number} {prefix.upper() if binary else prefix}{mark}B"


def parse_duration(text):
    """Seconds of `1d 2h`, `90m` or `1h30m15s`; a number alone is seconds.

    Raises ValueError, for a unit that comes twice as well.
    """
    if text.strip().isdigit():
        return int(text)
    parts = re.findall(r"(\d+)\s*([a-z]+)", text.lower())
    if not parts or re.sub(r"\d+\s*[a-z]+|\s", "", text.lower()):
        raise ValueError(f"{text!r} is no duration")
    total, seen = 0, set()
    for number, unit in parts:
        if unit not in SECONDS or unit in seen:
            raise ValueError(f"{unit!r} cannot stand there")
        seen.add(unit)
        total += int(number) * SECONDS[unit]
    return total


def format_duration(seconds):
    """`1d 2h 3m 4s`, without what is zero."""
    parts = []
    for unit, length in SECONDS.items():
        number, seconds = divmod(seconds, length)
        if number:
            parts.append(f"{number}{unit}")
    return " ".join(parts) or "0s"


def convert_temperature(value, unit, wanted):
    """Degrees of another scale (K, C or F), to two decimals.

    Raises ValueError below absolute zero.
    """
    factor, offset = SCALES[unit]
    kelvin = value * factor + offset
    if kelvin < 0:
        raise ValueError("colder than nothing")
    factor, offset = SCALES[wanted]
    return round((kelvin - offset) / factor, 2)


def to_varint(number):
    """Seven bits a byte, the lowest first; the eighth says that more follows."""
    result = bytearray()
    while number > 127:
        result.append(number & 127 | 128)
        number >>= 7
    result.append(number)
    return bytes(result)


def read_varints(data):
    """Every number in the bytes.

    Raises ValueError when the last one is cut off.
    """
    numbers, number, shift = [], 0, 0
    for byte in data:
        number |= (byte & 127) << shift
        if byte & 128:
            shift += 7
        else:
            numbers.append(number)
            number = shift = 0
    if shift:
        raise ValueError("cut off")
    return numbers
