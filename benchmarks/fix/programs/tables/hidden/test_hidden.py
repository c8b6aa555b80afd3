import csv
import io
import random

import pytest

from tables import dump, numbers, parse, ranges, records


def test_round_trip():
    rng = random.Random(12)
    for _ in range(300):
        width = rng.randint(2, 3)
        rows = [["".join(rng.choice('ab,"\n ') for _ in range(rng.randint(0, 4))) for _ in range(width)] for _ in range(rng.randint(0, 4))]
        text = dump(rows)
        assert parse(text) == rows
        assert list(csv.reader(io.StringIO(text, newline=""))) == rows


def test_the_end():
    assert parse("a,b\nc,") == [["a", "b"], ["c", ""]]
    assert parse(",") == [["", ""]]
    assert parse("a,b") == [["a", "b"]]


def test_other_separator():
    assert parse("a;b,c\n", separator=";") == [["a", "b,c"]]
    assert dump([["a;b", "c,d"]], separator=";") == '"a;b";c,d\n'


def test_numbers_and_ranges():
    rng = random.Random(13)
    for _ in range(200):
        values = [rng.randint(0, 15) for _ in range(rng.randint(0, 9))]
        text = ranges(values)
        assert numbers(text) == sorted(set(values))
    assert numbers("3-3") == [3]
    assert numbers("10-12,1") == [1, 10, 11, 12]
    with pytest.raises(ValueError):
        numbers("1-x")


def test_records():
    assert records("") == []
    assert records("a,b\n") == []
    assert records("a,b\n1,2,3\n") == [{"a": "1", "b": "2"}]
    assert records("a,b,c\n1\n") == [{"a": "1", "b": None, "c": None}]
