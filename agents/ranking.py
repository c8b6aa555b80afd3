"""Which definitions of a tree matter most: PageRank over who uses whose names, leaning towards the words of a request.

Everything is summed in a fixed order, so the same tree and words give the same ranking in every process.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from math import sqrt
from operator import mul
from typing import NamedTuple

from agents.symbols import Definition, FileSymbols, is_test_path

DEFINERS_MAX = 20
"""A name defined in more files than this says nothing about where it is used from."""
DAMPING = 0.85
ITERATIONS = 15
WORD_FACTOR = 30.0
"""How much more a name counts that alone in the tree shares a word with the request."""
PRIVATE_FACTOR = 0.1
CALLED_FACTOR = 0.3
"""How much less a name counts that is called on an object: nobody knows of which class."""
TEST_FACTOR = 0.1
"""How much less a definition in a test file counts."""
UNUSED = 0.05
"""What a definition counts that nobody uses."""
STOP_WORDS = frozenset(
    {"the", "and", "for", "with", "from", "that", "this", "not", "are", "was", "has", "have", "can", "add", "new"}
    | {"get", "set", "all", "any", "one", "two", "use", "should", "must", "when", "test", "file", "code", "make"}
    | {"into", "than", "then", "its", "which", "list", "read", "app", "api", "init", "self", "none", "true", "false"}
)


class Ranked(NamedTuple):
    """One definition and how much it matters; `number` is its index in its file."""

    score: float
    path: str
    number: int


class _Graph(NamedTuple):
    edges: list[dict[int, float]]
    """For each file: file whose names it uses -> weight."""
    pulls: list[dict[str, float]]
    """For each file: name it defines -> weight of its uses elsewhere."""


def words_of(text: str) -> frozenset[str]:
    """The words of a text or an identifier, lower case and singular; `BookShops` is book, shop and bookshop."""
    names = re.findall(r"[A-Za-z][A-Za-z0-9_]*", text)
    parts = [part for name in names for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    stems = (_stem(part.replace("_", "").lower()) for part in [*names, *parts])
    return frozenset(stem for stem in stems if len(stem) > 2 and stem not in STOP_WORDS)


def _stem(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def rank_definitions(files: Mapping[str, FileSymbols], words: frozenset[str]) -> list[Ranked]:
    """The definitions, most important first; of tests only files that share a word with the request, below the rest."""
    factors = _word_factors(files, words)
    code = sorted(path for path in files if not is_test_path(path))
    graph = _graph([files[path] for path in code], factors)
    ranks = _pagerank(graph.edges, _start(code, files, factors))
    ranked: list[Ranked] = []
    for path, rank, pull in zip(code, ranks, graph.pulls, strict=True):
        ranked += _scores(path, rank, files[path].definitions, pull, factors)
    tests = sorted(path for path in files if is_test_path(path) and _is_asked_for(path, files[path], factors))
    for path, share in zip(tests, _start(tests, files, factors), strict=True):
        ranked += _scores(path, TEST_FACTOR * share / len(files), files[path].definitions, {}, factors)
    ranked.sort(key=lambda entry: (-entry.score, entry.path, entry.number))
    return ranked


def _is_asked_for(path: str, file: FileSymbols, factors: Mapping[str, float]) -> bool:
    return path in factors or any(d.name in factors for d in file.definitions)


def _start(paths: Sequence[str], files: Mapping[str, FileSymbols], factors: Mapping[str, float]) -> list[float]:
    """Where the walk begins: half anywhere, half in files whose path or names share words with the request."""
    extra = {name: factor - 1.0 for name, factor in factors.items()}
    asked = [
        extra.get(path, 0.0) + sum([extra[d.name] for d in files[path].definitions if d.name in extra])
        for path in paths
    ]
    everywhere, wanted = len(paths) or 1, sum(asked) or 1.0
    return [1.0 / everywhere + wish / wanted for wish in asked]


def _word_factors(files: Mapping[str, FileSymbols], words: frozenset[str]) -> dict[str, float]:
    """Names and paths that share a word with the request -> how much more they count; a rare word counts most."""
    if not words:
        return {}
    maybe = re.compile("|".join(sorted(map(re.escape, words)))).search
    names = {path: [path, *[d.name for d in file.definitions]] for path, file in files.items()}
    hits = {
        name: words & words_of(name.removesuffix(".py"))
        for name in dict.fromkeys(chain.from_iterable(names.values()))
        if maybe(name.lower().replace("_", ""))
    }
    seen: dict[str, int] = dict.fromkeys(sorted(words), 0)
    for here in names.values():
        for word in frozenset().union(*[hits[name] for name in here if name in hits]):
            seen[word] += 1
    return {
        name: 1.0 + sum(WORD_FACTOR / sqrt(seen[word]) for word in sorted(found))
        for name, found in hits.items()
        if found
    }


def _graph(symbols: Sequence[FileSymbols], factors: Mapping[str, float]) -> _Graph:
    definers = _definers(symbols)
    worth: dict[str, float] = {}
    edges: list[dict[int, float]] = [{} for _ in symbols]
    pulls: list[dict[str, float]] = [{} for _ in symbols]
    for number, file in enumerate(symbols):
        targets = edges[number]
        for name, count in file.uses.items():
            places = definers.get(name)
            if places is None or len(places) > DEFINERS_MAX or number in places:
                continue
            plain = name.lstrip(".")
            if name not in worth:
                worth[name] = _worth(name, plain, factors) / len(places)
            weight = worth[name] * sqrt(count)
            for place in places:
                targets[place] = targets.get(place, 0.0) + weight
                pulls[place][plain] = pulls[place].get(plain, 0.0) + weight
    return _Graph(edges, pulls)


def _worth(name: str, plain: str, factors: Mapping[str, float]) -> float:
    """What one use of a name is worth, before it is shared by those who define it."""
    private = PRIVATE_FACTOR if plain.startswith("_") else 1.0
    return factors.get(plain, 1.0) * private * (CALLED_FACTOR if name != plain else 1.0)


def _definers(symbols: Sequence[FileSymbols]) -> dict[str, list[int]]:
    """Name -> the files defining it: as a name of the module, or (`.name`) as something called on an object."""
    definers: dict[str, list[int]] = {}
    for number, file in enumerate(symbols):
        names: dict[str, None] = {}
        for name, _, parent, attribute in file.definitions:
            if not attribute:
                names[f".{name}"] = None
                if parent < 0:
                    names[name] = None
        for name in names:
            definers.setdefault(name, []).append(number)
    return definers


def _pagerank(edges: Sequence[Mapping[int, float]], start: Sequence[float]) -> list[float]:
    """Rank of each node; `start` (any positive scale) is where the walk begins and restarts."""
    whole = sum(start)
    if not whole:
        return []
    home = [share / whole for share in start]
    sources: list[list[int]] = [[] for _ in edges]
    shares: list[list[float]] = [[] for _ in edges]
    dangling: list[int] = []
    for node, targets in enumerate(edges):
        total = sum(targets.values())
        if not total:
            dangling.append(node)
        for target, weight in targets.items():
            sources[target].append(node)
            shares[target].append(DAMPING * weight / total)
    ranks = home
    for _ in range(ITERATIONS):
        restart = 1 - DAMPING + DAMPING * sum(ranks[node] for node in dangling)
        at = ranks.__getitem__
        ranks = [
            restart * base + sum(map(mul, map(at, source), share))
            for base, source, share in zip(home, sources, shares, strict=True)
        ]
    return ranks


def _scores(
    path: str,
    rank: float,
    definitions: Sequence[Definition],
    pull: Mapping[str, float],
    factors: Mapping[str, float],
) -> list[Ranked]:
    """Share the file's rank among its definitions; an attribute follows its class."""
    own = [pull.get(d.name, 0.0) + UNUSED * factors.get(d.name, 1.0) for d in definitions]
    wanted = [0.3 * own[d.parent] if d.attribute else worth for d, worth in zip(definitions, own, strict=True)]
    total = sum(wanted) or 1.0
    return [Ranked(rank * want / total, path, number) for number, want in enumerate(wanted)]
