import itertools

import pytest

from versions import Version, newest


def test_every_order():
    texts = ["0.9.9", "1.0.0-1", "1.0.0-2", "1.0.0-11", "1.0.0-a", "1.0.0-a.1", "1.0.0-b", "1.0.0", "1.1.0", "2.0.0"]
    versions = [Version.parse(t) for t in texts]
    for (i, one), (j, two) in itertools.product(enumerate(versions), repeat=2):
        assert (one < two) is (i < j)
        assert (one == two) is (i == j)
        assert (one >= two) is (i >= j)


def test_bump():
    version = Version.parse("1.9.9")
    assert [str(version.bump(p)) for p in ("major", "minor", "patch")] == ["2.0.0", "1.10.0", "1.9.10"]
    assert str(Version.parse("1.0.0-rc.1").bump("minor")) == "1.1.0"
    assert str(Version.parse("1.2.3-rc.1").bump("major")) == "2.0.0"
    assert str(version) == "1.9.9"


def test_wishes():
    assert not Version.parse("2.2.5").satisfies("~1.2.3")
    assert not Version.parse("1.2.3-rc.1").satisfies(">=1.2.3")
    assert Version.parse("3.0.0").satisfies(">=1.2.3")
    assert not Version.parse("1.2.2").satisfies("~1.2.3")
    assert Version.parse("1.2.3").satisfies("^1.2.3")
    with pytest.raises(ValueError):
        Version.parse("1.2.3").satisfies("^x")


def test_newest():
    assert newest([]) is None
    assert newest(["1.0.0-rc.1"]) is None
    assert newest(["1.0.0-rc.1", "0.1.0"], "^1.0.0", pre=True) is None
    assert newest(["0.2.0", "0.10.0", "0.9.0"]) == "0.10.0"


def test_hash():
    assert len({Version.parse("1.0.0"), Version.parse("v1.0.0")}) == 1
