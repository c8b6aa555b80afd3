"""Tests turned into questions."""

from agents.repair.amplify import NOTE, variants

TESTS = '''
import pytest


@pytest.mark.parametrize("more", [1])
def test_total(client, more):
    """A total of 3."""
    answer = client.post("/carts/1", json={"name": "pen", "price": 2})
    assert answer.json()["total"] == 7
    assert more in range(answer.json()["count"])


class TestGame:
    async def test_score(self):
        assert self.score([4, 5]) == 9
'''


def asked(node_id: str, most: int = 30) -> dict[str, str]:
    return dict(variants(node_id, {"test_a.py": TESTS}, most))


def test_assertions_become_notes() -> None:
    source = asked("test_a.py::test_total[1]")["test_a.py::test_total[1] without its assertions"]
    assert f"{NOTE}(answer.json()['total'])" in source
    assert f"{NOTE}(more, range(answer.json()['count']))" in source
    assert "assert" not in source and "parametrize" not in source and "def test_total(client, more):" in source


def test_what_is_given_is_varied() -> None:
    found = asked("test_a.py::test_total")
    given = {label.partition(" with ")[2] for label in found}
    assert {"'/carts/2' for '/carts/1' in line 8", "3 for 2 in line 8", "1 for 2 in line 8"} <= given
    assert "'penn' for 'pen' in line 8" in given
    assert not any("'total'" in one or "'price'" in one or "7" in one for one in given)
    changed = next(source for label, source in found.items() if "3 for 2" in label)
    assert "'price': 3" in changed and "'/carts/1'" in changed


def test_methods_and_bounds() -> None:
    found = asked("test_a.py::TestGame::test_score")
    assert any("score([5, 5])" in source for source in found.values())
    assert all(source.startswith("async def test_score(self):") for source in found.values())
    assert len(asked("test_a.py::test_total", 3)) == 3


def test_what_cannot_be_read_is_not_asked() -> None:
    assert variants("test_a.py::test_other", {"test_a.py": TESTS}) == []
    assert variants("test_b.py::test_total", {"test_a.py": TESTS}) == []
    assert variants("test_a.py::test_total", {"test_a.py": "def ("}) == []
