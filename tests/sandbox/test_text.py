"""Program output for people: nothing of it may steer a terminal or run without end."""

import pytest

from sandbox.text import clean, cut, last_line, shown


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]52;c;cGF5bG9hZA==\x07after", "after"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1bPpayload\x1b\\after", "after"),
        (b"\x1b]never ended\nnext line", "\nnext line"),
        (b"\x1b(Bplain\x1bc", "plain"),
        ("a\x9b31mb".encode(), "a31mb"),
        (b"tab\tkept\nline\r\nover\rwritten", "tab\tkept\nline\nover\nwritten"),
        (b"bell\x07 null\x00 back\x08", "bell null back"),
        ("bidi \u202e\u2066x".encode(), "bidi x"),
        (b"caf\xc3\xa9 \xff", "caf\u00e9 \ufffd"),
        ("lone \udc80", "lone ?"),
    ],
)
def test_clean(raw: bytes | str, expected: str) -> None:
    assert clean(raw) == expected


def test_cut_keeps_head_and_tail_and_says_how_much_is_missing() -> None:
    text = "a" * 1000 + "b" * 5000 + "c" * 1000
    short = cut(text, 300)
    assert short.startswith("a" * 100 + "\n") and short.endswith("\n" + "c" * 200)
    assert "6700 characters cut" in short
    assert cut("abc", 3) == "abc"


def test_last_line() -> None:
    assert last_line(b"Traceback\n  \x1b[1mValueError: no\x1b[0m  \n\n") == "ValueError: no"
    assert last_line(b" \n") == ""
    assert shown(b"\n\nx\n") == "x"
