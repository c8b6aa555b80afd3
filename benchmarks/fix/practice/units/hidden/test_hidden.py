import pytest

from units import PREFIXES, convert_temperature, format_duration, format_size, parse_duration, parse_size, read_varints, to_varint


def test_sizes_and_back():
    for power, prefix in enumerate(PREFIXES, start=1):
        for number in (1, 2.5, 999, 12.5):
            assert parse_size(f"{number} {prefix}B") == int(number * 1000**power)
            assert parse_size(f"{number}{prefix.upper() if prefix != 'k' else 'k'}iB") == int(number * 1024**power)
            assert parse_size(f"{number} {prefix}bit") == int(number * 1000**power / 8)
            assert format_size(number * 1024**power) == f"{number} {prefix.upper()}iB"
            assert format_size(number * 1000**power, binary=False) == f"{number} {prefix}B"
    assert parse_size(" 7 ") == 7 and parse_size("16 bit") == 2 and parse_size("3 B") == 3 and parse_size("1 K") == 1000


@pytest.mark.parametrize("text", ["kB", "1,5 kB", "1 kb", "1 Kibibyte", "1 EB", "2 ibit"])
def test_no_size(text):
    with pytest.raises(ValueError):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "binary", "text"),
    [
        (1024**3 - 1, True, "1 GiB"), (1024**4 - 10, True, "1 TiB"), (10**9 - 1, False, "1 GB"), (999, False, "999 B"), (1000, False, "1 kB"),
        (1048473, True, "1023.9 KiB"), (1048550, True, "1 MiB"), (999_949, False, "999.9 kB"), (5000 * 10**12, False, "5000 TB"),
    ],
)
def test_size_edges(size, binary, text):
    assert format_size(size, binary) == text


def test_durations_and_back():
    for seconds in (1, 59, 60, 61, 3599, 3600, 86399, 86400, 86401, 90061, 10**7):
        assert parse_duration(format_duration(seconds)) == seconds
        assert parse_duration(format_duration(seconds).replace(" ", "").upper()) == seconds
    assert parse_duration("30s 2m") == 150 and parse_duration(" 7 ") == 7 and format_duration(172800) == "2d"


@pytest.mark.parametrize("text", ["1", "1s1s", "1m 1h 1m", "-1h", "1 w", "1hm", "h1"])
def test_durations_refused(text):
    if text == "1":
        assert parse_duration(text) == 1
    else:
        with pytest.raises(ValueError):
            parse_duration(text)


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "result"),
    [(37, "C", "F", 98.6), (98.6, "F", "C", 37), (0, "F", "K", 255.37), (373.15, "K", "F", 212), (20, "C", "C", 20), (-459, "F", "K", 0.37), (10, "F", "F", 10)],
)
def test_temperatures(value, unit, wanted, result):
    assert convert_temperature(value, unit, wanted) == pytest.approx(result, abs=0.005)


def test_too_cold():
    for value, unit in ((-1, "K"), (-273.16, "C"), (-460, "F")):
        with pytest.raises(ValueError):
            convert_temperature(value, unit, "C")


def test_varints():
    numbers = [0, 1, 127, 128, 129, 255, 256, 16383, 16384, 16385, 2**21 - 1, 2**21, 2**32, 2**63]
    for number in numbers:
        data = to_varint(number)
        assert len(data) == max(1, -(-number.bit_length() // 7))
        assert read_varints(data) == [number]
        assert all(byte & 128 for byte in data[:-1]) and not data[-1] & 128
    assert read_varints(b"".join(map(to_varint, numbers))) == numbers
    assert read_varints(b"") == []
    for data in (b"\x80", b"\x01\xff\xff"):
        with pytest.raises(ValueError):
            read_varints(data)
