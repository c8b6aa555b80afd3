import pytest

from versions import Version, newest


def test_parse():
    assert str(Version.parse("v1.2.3-rc.1")) == "1.2.3-rc.1"
    assert str(Version.parse(" 10.0.1 ")) == "10.0.1"


@pytest.mark.parametrize("text", ["1.2", "a.b.c", "1.2.3.4", ""])
def test_no_version(text):
    with pytest.raises(ValueError):
        Version.parse(text)


@pytest.mark.parametrize(("part", "expected"), [("major", "2.0.0"), ("minor", "1.3.0"), ("patch", "1.2.4")])
def test_bump(part, expected):
    assert str(Version.parse("1.2.3").bump(part)) == expected


def test_bump_a_candidate():
    assert str(Version.parse("1.2.3-rc.1").bump("patch")) == "1.2.3"


def test_bump_unknown():
    with pytest.raises(ValueError):
        Version.parse("1.2.3").bump("huge")


def test_order():
    texts = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.0.10", "1.2.0"]
    versions = [Version.parse(text) for text in texts]
    assert [str(v) for v in sorted(versions[::-1])] == texts


@pytest.mark.parametrize(
    ("version", "wish", "fits"),
    [
        ("1.5.0", "^1.2.3", True),
        ("2.0.0", "^1.2.3", False),
        ("1.2.2", "^1.2.3", False),
        ("1.2.9", "~1.2.3", True),
        ("1.3.0", "~1.2.3", False),
        ("1.2.3", ">=1.2.3", True),
        ("1.2.3", "1.2.3", True),
        ("1.2.4", "1.2.3", False),
    ],
)
def test_satisfies(version, wish, fits):
    assert Version.parse(version).satisfies(wish) is fits


def test_newest():
    assert newest(["1.2.0", "1.10.0", "2.0.0-rc.1"]) == "1.10.0"
    assert newest(["1.2.0", "2.0.0-rc.1"], pre=True) == "2.0.0-rc.1"
    assert newest(["1.2.0", "1.3.0", "2.1.0"], "^1.0.0") == "1.3.0"
    assert newest(["1.2.0"], "^3.0.0") is None
