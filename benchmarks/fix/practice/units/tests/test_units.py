import pytest

from units import convert_temperature, format_duration, format_size, parse_duration, parse_size, read_varints, to_varint


@pytest.mark.parametrize(
    ("text", "size"),
    [("512", 512), ("10kB", 10_000), ("10 KiB", 10_240), ("1.5 GiB", 1_610_612_736), ("2 Mbit", 250_000), ("3TB", 3 * 10**12), ("9 bit", 1)],
)
def test_parse_size(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "1 XB", "1 iB", "-1 kB", "1 kB s"])
def test_no_size(text):
    with pytest.raises(ValueError):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (5 * 1024**3, "5 GiB"), (2048 * 1024**4, "2048 TiB")]
)
def test_format_size(size, text):
    assert format_size(size) == text


def test_format_decimal_size():
    assert format_size(20_000, binary=False) == "20 kB"
    assert format_size(1_250_000, binary=False) == "1.2 MB"


def test_format_size_moves_on_to_the_next_unit():
    assert format_size(1024 * 1024 - 1) == "1 MiB"
    assert format_size(999_990, binary=False) == "1 MB"


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90m", 5400), ("1h30m15s", 5415), ("1d 2h", 93600), ("5 M", 300)])
def test_parse_duration(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "1x", "1h2h", "1h, 2m", "1.5h"])
def test_no_duration(text):
    with pytest.raises(ValueError):
        parse_duration(text)


def test_format_duration():
    assert format_duration(93784) == "1d 2h 3m 4s"
    assert format_duration(3600) == "1h"
    assert format_duration(0) == "0s"


def test_temperature():
    assert convert_temperature(0, "C", "K") == 273.15
    assert convert_temperature(212, "F", "C") == 100
    assert convert_temperature(-40, "C", "F") == -40
    assert convert_temperature(300, "K", "F") == 80.33


def test_absolute_zero():
    assert convert_temperature(0, "K", "C") == -273.15
    with pytest.raises(ValueError):
        convert_temperature(-300, "C", "K")


def test_to_varint():
    assert to_varint(0) == b"\x00"
    assert to_varint(127) == b"\x7f"
    assert to_varint(128) == b"\x80\x01"
    assert to_varint(300) == b"\xac\x02"


def test_read_varints():
    assert read_varints(b"\xac\x02\x05\x80\x01") == [300, 5, 128]
    assert read_varints(to_varint(1_000_000)) == [1_000_000]
    with pytest.raises(ValueError):
        read_varints(b"\x05\x80")
