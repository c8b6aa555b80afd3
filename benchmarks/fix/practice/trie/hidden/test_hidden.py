import random
from fnmatch import fnmatchcase

import pytest

from trie import Trie


def some(rng, number=12):
    return ["".join(rng.choices("abc", k=rng.randint(1, 5))) for _ in range(number)]


def test_against_a_dict():
    rng = random.Random(2)
    for _ in range(60):
        trie, known = Trie(), {}
        for word in some(rng, 25):
            if rng.random() < 0.6:
                value = rng.choice([0, None, 3, ""])
                trie.insert(word, value)
                known[word] = value
            elif word in known:
                trie.delete(word)
                del known[word]
            else:
                with pytest.raises(KeyError):
                    trie.delete(word)
            assert len(trie) == len(known)
            assert list(trie.items()) == sorted(known.items())
            assert trie.nodes() == len({w[:n] for w in known for n in range(1, len(w) + 1)})
            assert (word in trie) == (word in known) and trie.get(word, "none") == known.get(word, "none")


def test_prefixes():
    rng = random.Random(3)
    for _ in range(60):
        words = set(some(rng))
        trie = Trie(words)
        for text in some(rng, 8):
            expected = [text[:n] for n in range(1, len(text) + 1) if text[:n] in words]
            assert trie.longest_prefix(text) == (expected[-1] if expected else None)
            assert [word for word, _ in trie.items(text[:2])] == sorted(w for w in words if w.startswith(text[:2]))


def test_patterns():
    rng = random.Random(4)
    for _ in range(60):
        words = set(some(rng))
        trie = Trie(words)
        for _ in range(8):
            pattern = "".join(rng.choices("abc?*", k=rng.randint(0, 5)))
            assert trie.matches(pattern) == sorted(w for w in words if fnmatchcase(w, pattern)), pattern


def test_suggestions():
    trie = Trie()
    for value, word in enumerate(["xb", "xa", "x", "y"]):
        trie.insert(word, value // 2)
    assert trie.suggest("x", 3) == ["x", "xa", "xb"]
    assert trie.suggest("", 2) == ["x", "y"]
    assert trie.suggest("z", 2) == [] and trie.suggest("x", 0) == []


def test_delete_keeps_longer_and_shorter_words():
    trie = Trie(["a", "abc", "abcde", "abd"])
    trie.delete("abcde")
    assert [w for w, _ in trie.items()] == ["a", "abc", "abd"] and trie.nodes() == 4
    trie.delete("a")
    assert [w for w, _ in trie.items()] == ["abc", "abd"] and trie.nodes() == 4
    trie.delete("abc")
    trie.delete("abd")
    assert trie.nodes() == 0 and len(trie) == 0
    with pytest.raises(KeyError):
        trie.delete("")
