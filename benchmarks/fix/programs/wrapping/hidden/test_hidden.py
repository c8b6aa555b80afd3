import random
import textwrap

from wrapping import columns, justify, shorten, wrap


def test_like_the_standard_library():
    rng = random.Random(4)
    for _ in range(200):
        words = ["x" * rng.randint(1, 7) for _ in range(rng.randint(0, 12))]
        width = rng.randint(4, 15)
        assert wrap(" ".join(words), width) == textwrap.wrap(" ".join(words), width, break_long_words=False)


def test_justified():
    rng = random.Random(5)
    for _ in range(200):
        words = ["x" * rng.randint(1, 4) for _ in range(rng.randint(2, 5))]
        width = sum(map(len, words)) + len(words) + rng.randint(0, 9)
        line = justify(words, width)
        assert len(line) == width and line.split() == words
        blanks = [len(b) for b in line.replace("x", "|").split("|") if b]
        assert max(blanks) - min(blanks) <= 1 and blanks == sorted(blanks, reverse=True)


def test_shorten():
    assert shorten("aaa bbb ccc", 10) == "aaa bbb..."
    assert shorten("aaa bbb ccc", 9) == "aaa..."
    assert shorten("aaa bbb ccc", 11) == "aaa bbb ccc"
    assert shorten("aaaaaaaa", 5) == "..."
    assert shorten("a b c d e", 5, mark="!") == "a b!"


def test_columns():
    assert columns([["a", "b"]], gap=1) == ["a b"]
    assert columns([["aaa", ""], ["b", "c"]]) == ["aaa", "b    c"]
