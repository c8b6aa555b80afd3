"""Which tests are nearest to a place in the code, by the words they share; rare words count most."""

import ast
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sandbox.trust import TreeFile

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d{3}")
_ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|es|s|e)$")
_NAME = 3
"""A word in a test's name counts this many times as much as one in its body."""


def words(text: str) -> set[str]:
    """Lower-case words of at least three letters, cut to what `delete`, `deletes` and `deleted` have in common."""
    return {_ENDING.sub("", word.lower()) for word in _WORD.findall(text) if len(word) > 2}


def test_words(files: Mapping[str, TreeFile], node_ids: Collection[str]) -> dict[str, Counter[str]]:
    """Node id (without parameters) -> its words and how much each counts; a test that is not found has none."""
    bodies: dict[str, str] = {}
    for path, file in files.items():
        if path.endswith(".py"):
            bodies |= {f"{path}::{name}": body for name, body in _functions(file.content).items()}
    return {node_id: _weighed(node_id, bodies.get(node_id, "")) for node_id in node_ids}


test_words.__test__ = False  # type: ignore[attr-defined]


def _functions(source: bytes) -> dict[str, str]:
    try:
        text = source.decode("utf-8-sig")
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    lines = text.splitlines()
    found: dict[str, str] = {}
    for node in tree.body:
        for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{node.name}::{inner.name}" if isinstance(node, ast.ClassDef) else inner.name
                found[name] = "\n".join(lines[inner.lineno - 1 : inner.end_lineno])
    return found


def _weighed(node_id: str, body: str) -> Counter[str]:
    path, _, name = node_id.partition("::")
    named = words(name) | words(path.rpartition("/")[2])
    counted = Counter(words(body))
    counted.update(dict.fromkeys(named, _NAME))
    return counted


def nearest(place: str, tests: Mapping[str, Counter[str]], most: int) -> list[str]:
    """At most `most` tests that share words with a place (path, function, text), in the order they were given."""
    frequency = Counter(word for counted in tests.values() for word in counted)
    sought = {word: math.log((1 + len(tests)) / frequency[word]) for word in words(place) if word in frequency}
    scores = {node_id: sum(sought[w] * counted[w] for w in sought) for node_id, counted in tests.items()}
    best = set(_best(scores, most))
    return [node_id for node_id in tests if node_id in best]


def _best(scores: Mapping[str, float], most: int) -> Sequence[str]:
    return sorted((node_id for node_id, score in scores.items() if score > 0), key=lambda n: (-scores[n], n))[:most]
