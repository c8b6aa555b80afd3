"""Values that a repair takes from the failing tests: a right constant, or an answer made for one question only."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from agents.repair.candidate import Candidate, apply
from agents.repair.source import FUNCTIONS, called
from agents.trees import tree_or_nothing

Key = tuple[str, object]
"""The kind of a literal (number, text, collection) and what is the same for equal ones."""
_PARTS = re.compile(r"[/?&=]")
_LARGE, _LONG = 10, 2
"""Numbers below and texts shorter than that are met by chance."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a test gives to the code, and what it asserts about the answer."""

    given: frozenset[Key]
    expected: frozenset[Key]


@dataclass(frozen=True)
class Borrowing:
    """Judges edits of `sources` by the text of the failing tests' functions. Text that is no Python says nothing."""

    sources: Mapping[str, str]
    tests: Sequence[str]
    _trees: dict[str, ast.Module] = field(default_factory=dict, repr=False)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        return tuple(one for text in self.tests for one in _questions(tree_or_nothing(text)))

    @cached_property
    def known(self) -> frozenset[Key]:
        """Literals of the code as it is, and its names as texts."""
        found: set[Key] = set()
        for path in self.sources:
            tree = self._of(path)
            found.update(_literals(tree))
            for node in ast.walk(tree):
                names = (getattr(node, part, None) for part in ("id", "attr", "arg", "name"))
                found.update(("text", name) for name in names if isinstance(name, str))
        return frozenset(found)

    def _of(self, path: str) -> ast.Module:
        if path not in self._trees:
            self._trees[path] = tree_or_nothing(self.sources[path])
        return self._trees[path]

    def _comes(self, candidate: Candidate, *, bodies: bool) -> Counter[Key]:
        """Literals there are more of afterwards; `bodies`: of those in functions' bodies."""
        after, before = Counter[Key](), Counter[Key]()
        for path, text in apply(candidate, self.sources).items():
            after.update(_answering(tree_or_nothing(text), bodies=bodies))
            before.update(_answering(self._of(path), bodies=bodies))
        return after - before

    def special_case(self, candidate: Candidate, *, blind: bool = False) -> str:
        """Why it only makes an exception of what a failing test asks for, in words; empty when it does not.

        `blind`: it is two edits of which none alone made any test pass.
        """
        comes = self._comes(candidate, bodies=False)
        for question in self.questions:
            for given in question.given & comes.keys():
                for expected in question.expected & comes.keys() - {given}:
                    if any(_tells(one) and one not in self.known for one in (given, expected)):
                        told = f"both what a failing test gives ({_shown(given)}) and what it expects"
                        return f"writes {told} ({_shown(expected)}) into the code"
        for value in self._foreign(self._comes(candidate, bodies=True)):
            if not self._is_corrected(candidate, value):
                return f"answers what a failing test expects ({_shown(value)}) instead of working it out"
            if blind and not self._keeps_shape(candidate):
                return f"brings what a failing test expects ({_shown(value)}) and another edit that leads there"
        return ""

    def _is_corrected(self, candidate: Candidate, value: Key) -> bool:
        """Where the value comes, another one of its kind stood, or None."""
        for path, text in apply(candidate, self.sources).items():
            for old, new in _replaced(self._of(path), tree_or_nothing(text)):
                if not any(value in _answering(one, bodies=True, inside=True) for one in new):
                    continue
                was_none = any(isinstance(one, ast.Constant) and one.value is None for one in old)
                same_kind = len(new) == 1 and [_kind(one) for one in old] == [value[0]]
                if not was_none and not (same_kind and _key(_unsigned(new[0])) == value):
                    return False
        return True

    def _keeps_shape(self, candidate: Candidate) -> bool:
        """Nothing but constants changes."""
        after = apply(candidate, self.sources)
        return all(_shape(tree_or_nothing(text)) == _shape(self._of(path)) for path, text in after.items())

    def foreign(self, candidate: Candidate) -> str:
        """A value that it takes from what a failing test expects and that stands nowhere in the code; else empty."""
        return next((_shown(value) for value in self._foreign(self._comes(candidate, bodies=True))), "")

    def _foreign(self, comes: Iterable[Key]) -> Iterator[Key]:
        expected = {one for question in self.questions for one in question.expected}
        yield from (one for one in comes if one in expected and _tells(one) and one not in self.known)


def _replaced(old: ast.AST, new: ast.AST) -> Iterator[tuple[list[ast.AST], list[ast.AST]]]:
    """The smallest parts of one tree that are others in the other."""
    if type(old) is not type(new) or isinstance(old, ast.Constant):
        if ast.dump(old) != ast.dump(new):
            yield [old], [new]
        return
    for (_, before), (_, after) in zip(ast.iter_fields(old), ast.iter_fields(new), strict=True):
        olds, news = (
            [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)]
            for value in (before, after)
        )
        if len(olds) == len(news):
            for one, other in zip(olds, news, strict=True):
                yield from _replaced(one, other)
            continue
        while olds and news and ast.dump(olds[0]) == ast.dump(news[0]):
            olds, news = olds[1:], news[1:]
        while olds and news and ast.dump(olds[-1]) == ast.dump(news[-1]):
            olds, news = olds[:-1], news[:-1]
        yield olds, news


def _shape(tree: ast.Module) -> list[str]:
    """The tree without the values of its constants."""
    return [
        repr([(name, value) for name, value in ast.iter_fields(node) if isinstance(value, str)]) + type(node).__name__
        if not isinstance(node, ast.Constant)
        else ""
        for node in ast.walk(tree)
    ]


def _key(node: ast.AST) -> Key | None:
    """What a literal is; None for what is none, and for what is met everywhere: True, None, 0, 1, no text."""
    if isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, bool) or value in (None, 0, 1, ...):
            return None
        if isinstance(value, str | bytes):
            return ("text", value) if value.strip() else None
        return "number", value
    if (
        isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict)
        and len(getattr(node, "elts", node.__dict__.get("keys", ()))) > 1
    ):
        try:
            return "collection", repr(ast.literal_eval(node))
        except (ValueError, TypeError, SyntaxError, RecursionError):
            return None
    return None


def _unsigned(node: ast.AST) -> ast.AST:
    return node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node


def _kind(node: ast.AST) -> str:
    """The kind of any literal, those met everywhere included; empty for what is none."""
    node = _unsigned(node)
    if isinstance(node, ast.Constant) and not isinstance(node.value, bool):
        return "text" if isinstance(node.value, str | bytes) else "number"
    key = _key(node)
    return key[0] if key is not None else ""


def _tells(key: Key) -> bool:
    kind, value = key
    if kind == "number":
        return isinstance(value, complex) or value != int(value) or abs(value) >= _LARGE  # type: ignore[arg-type,call-overload]
    return kind == "collection" or len(value) >= _LONG  # type: ignore[arg-type]


def _shown(key: Key) -> str:
    text = str(key[1]) if key[0] == "collection" else repr(key[1])
    return text if len(text) <= 40 else f"{text[:37]}..."


def _literals(tree: ast.AST) -> Iterator[Key]:
    for node in ast.walk(tree):
        if (key := _key(node)) is not None:
            yield key


def _answering(tree: ast.AST, *, bodies: bool, inside: bool = False) -> Iterator[Key]:
    """Literals an answer may be made of: no decorators, no status codes; `bodies`: only those in functions' bodies,
    and not the wording of errors."""
    if (inside or not bodies) and (key := _key(tree)) is not None:
        yield key
    for name, value in ast.iter_fields(tree):
        deeper = inside or (isinstance(tree, FUNCTIONS) and name == "body")
        for child in value if isinstance(value, list) else (value,):
            declares = name in ("decorator_list", "annotation", "returns") or _is_status(child, tree)
            declares = declares or (bodies and isinstance(child, ast.Raise))
            if isinstance(child, ast.AST) and not declares:
                yield from _answering(child, bodies=bodies, inside=deeper)


def _is_status(node: object, parent: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg == "status_code"
    return called(parent) == "HTTPException" and node in getattr(parent, "args", ())[:1]


def _questions(tree: ast.Module) -> Iterator[Question]:
    """One for each assertion of a test, or for each row of what it is given by a table."""
    for test in tree.body:
        rows = [row for node in ast.walk(test) for row in _rows(node)]
        tabled = {name for row in rows for name in row}
        given, asked = set[Key](), list[tuple[set[Key], set[Key], set[str]]]()
        bound: dict[str, set[Key]] = {}
        for node in ast.walk(test):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                bound.setdefault(node.targets[0].id, set()).update(_values(node.value))
            if isinstance(node, ast.Call) and not _is_table(node):
                parts = [*node.args, *(one.value for one in node.keywords)]
                given.update(key for part in parts for key in _values(part))
        for node in ast.walk(test):
            if isinstance(node, ast.Assert):
                expected, names = _expected(node.test)
                expected |= {key for name in names for key in bound.get(name, ())}
                asked.append((_given_in(node, bound), expected, names & tabled))
        for inside, expected, names in asked:
            mine = frozenset(inside or given)
            if not names:
                yield Question(mine, frozenset(expected))
            for row in rows if names else ():
                answers = {key for name in names for key in row.get(name, ())}
                others = {key for name, keys in row.items() if name not in names for key in keys}
                yield Question(mine | others, frozenset(expected | answers))


def _is_table(node: ast.Call) -> bool:
    return called(node) in ("parametrize", "param")


def _rows(node: ast.AST) -> Iterator[dict[str, set[Key]]]:
    """What names stand for, row by row: `parametrize`, and `for` over a list that is written there."""
    names: list[str] = []
    table: ast.AST | None = None
    if isinstance(node, ast.For):
        targets = node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]
        names, table = [one.id for one in targets if isinstance(one, ast.Name)], node.iter
    elif isinstance(node, ast.Call) and called(node) == "parametrize" and len(node.args) > 1:
        first, table = node.args[0], node.args[1]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            names = [one.strip() for one in first.value.split(",")]
        elif isinstance(first, ast.List | ast.Tuple):
            names = [one.value for one in first.elts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    for item in table.elts if isinstance(table, ast.List | ast.Tuple) else ():
        parts = item.args if isinstance(item, ast.Call) and called(item) == "param" else [item]
        if len(names) > 1 and len(parts) == 1 and isinstance(parts[0], ast.List | ast.Tuple):
            parts = parts[0].elts
        if names and len(parts) == len(names):
            yield {name: set(_values(part)) for name, part in zip(names, parts, strict=True)}


def _values(node: ast.AST) -> Iterator[Key]:
    """Literals, but no names of fields (keys, what stands in brackets); of an address its parts as well."""
    if (key := _key(node)) is not None:
        yield key
        if isinstance(key[1], str) and key[0] == "text" and key[1].startswith("/"):
            for part in _PARTS.split(key[1]):
                yield ("number", int(part)) if part.isdecimal() else ("text", part)
    for name, value in ast.iter_fields(node):
        if not (isinstance(node, ast.Dict) and name == "keys") and not (
            isinstance(node, ast.Subscript) and name == "slice"
        ):
            for child in value if isinstance(value, list) else (value,):
                if isinstance(child, ast.AST):
                    yield from _values(child)


def _given_in(node: ast.AST, bound: Mapping[str, set[Key]]) -> set[Key]:
    """What the calls in an assertion are given, and what was put into the variables they are given."""
    found: set[Key] = set()
    for call in (part for part in ast.walk(node) if isinstance(part, ast.Call)):
        for part in (*call.args, *(one.value for one in call.keywords)):
            found.update(_values(part))
            found.update(key for one in ast.walk(part) if isinstance(one, ast.Name) for key in bound.get(one.id, ()))
    return found


def _expected(test: ast.expr) -> tuple[set[Key], set[str]]:
    """Literals and names that an assertion compares with, outside of calls."""
    keys, names = set[Key](), set[str]()
    stack: list[ast.AST] = [test]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                if not any(isinstance(part, ast.Call) for part in ast.walk(side)):
                    keys.update(_values(side))
                    names.update(part.id for part in ast.walk(side) if isinstance(part, ast.Name))
        else:
            stack.extend(ast.iter_child_nodes(node))
    return keys, names
