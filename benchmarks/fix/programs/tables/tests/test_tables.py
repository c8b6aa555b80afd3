import pytest

from tables import dump, numbers, parse, ranges, records


def test_parse():
    assert parse("a,b\nc,d\n") == [["a", "b"], ["c", "d"]]


def test_parse_without_line_end():
    assert parse("a,b\nc,") == [["a", "b"], ["c", ""]]


def test_parse_quotes():
    assert parse('"x,y",z\n') == [["x,y", "z"]]
    assert parse('"say ""hi""",2\n') == [['say "hi"', "2"]]
    assert parse('"a ""b,c"",d",2\n') == [['a "b,c",d', "2"]]
    assert parse('"two\nlines",1\n') == [["two\nlines", "1"]]


def test_parse_empty_cells():
    assert parse(",,\n") == [["", "", ""]]


def test_dump():
    assert dump([["a", "b,c"], ['"', ""]]) == 'a,"b,c"\n"""",\n'


def test_records():
    assert records("id,name\n1,x\n2\n") == [{"id": "1", "name": "x"}, {"id": "2", "name": None}]


def test_numbers():
    assert numbers("1-3,7") == [1, 2, 3, 7]
    assert numbers(" 5, 2-3 ,3") == [2, 3, 5]
    assert numbers("") == []


def test_numbers_down():
    with pytest.raises(ValueError):
        numbers("5-2")


def test_ranges():
    assert ranges([1, 2, 3, 7, 9, 10]) == "1-3,7,9-10"
    assert ranges([4, 4, 2]) == "2,4"
    assert ranges([]) == ""
