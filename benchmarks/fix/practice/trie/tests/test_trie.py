import pytest

from trie import Trie


@pytest.fixture
def trie():
    return Trie(["car", "card", "care", "cat", "dog"])


def test_contains(trie):
    assert "car" in trie
    assert "ca" not in trie
    assert "cars" not in trie
    assert "" not in trie


def test_len(trie):
    assert len(trie) == 5
    trie.insert("car", 3)
    trie.insert("do")
    assert len(trie) == 6


def test_get(trie):
    trie.insert("dog", 7)
    assert trie.get("dog") == 7
    assert trie.get("do") is None
    assert trie.get("cow", 0) == 0


def test_delete(trie):
    trie.delete("car")
    assert "car" not in trie
    assert "card" in trie
    assert len(trie) == 4


def test_delete_prunes(trie):
    before = trie.nodes()
    trie.delete("dog")
    assert trie.nodes() == before - 3
    trie.delete("card")
    assert trie.nodes() == before - 4
    assert "car" in trie


@pytest.mark.parametrize("word", ["ca", "cow", "cards"])
def test_delete_unknown(trie, word):
    with pytest.raises(KeyError):
        trie.delete(word)
    assert len(trie) == 5


def test_items(trie):
    assert [word for word, _ in trie.items("car")] == ["car", "card", "care"]
    assert [word for word, _ in trie.items()] == ["car", "card", "care", "cat", "dog"]
    assert list(trie.items("x")) == []


def test_longest_prefix(trie):
    assert trie.longest_prefix("cardinal") == "card"
    assert trie.longest_prefix("carton") == "car"
    assert trie.longest_prefix("care") == "care"
    assert trie.longest_prefix("cow") is None


def test_longest_prefix_is_a_word(trie):
    trie.insert("cardigan")
    assert trie.longest_prefix("cardiff") == "card"


def test_matches(trie):
    assert trie.matches("ca?") == ["car", "cat"]
    assert trie.matches("car*") == ["car", "card", "care"]
    assert trie.matches("*d*") == ["card", "dog"]
    assert trie.matches("cat") == ["cat"]
    assert trie.matches("???") == ["car", "cat", "dog"]


def test_suggest():
    trie = Trie()
    for word, value in (("tea", 5), ("ten", 9), ("team", 9), ("to", 20)):
        trie.insert(word, value)
    assert trie.suggest("te", 2) == ["team", "ten"]
    assert trie.suggest("t", 10) == ["to", "team", "ten", "tea"]


def test_empty_word():
    trie = Trie([""])
    assert "" in trie
    assert trie.longest_prefix("x") == ""
