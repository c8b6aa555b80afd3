from wrapping import columns, justify, shorten, wrap


def test_wrap():
    assert wrap("the quick brown fox", 10) == ["the quick", "brown fox"]


def test_wrap_exactly():
    assert wrap("aa bb cc", 5) == ["aa bb", "cc"]


def test_wrap_no_room_for_the_space():
    assert wrap("aa bb cc", 4) == ["aa", "bb", "cc"]


def test_wrap_long_word():
    assert wrap("a reallylongword b", 5) == ["a", "reallylongword", "b"]


def test_wrap_nothing():
    assert wrap("", 5) == []


def test_justify():
    assert justify(["a", "b", "c"], 8) == "a   b  c"
    assert justify(["one", "two"], 10) == "one    two"


def test_justify_one_word():
    assert justify(["one"], 6) == "one   "


def test_shorten():
    assert shorten("hello big world", 12) == "hello big..."
    assert shorten("hello", 12) == "hello"
    assert shorten("hello  you", 9) == "hello you"


def test_columns():
    assert columns([["id", "name"], [1, "x"], [10, "yy"]]) == ["id  name", "1   x", "10  yy"]
