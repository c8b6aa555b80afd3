"""Tests of what code does, whatever that is, written down before it is refactored. By rule, from recorded answers."""

import builtins
import re
from collections.abc import Callable, Collection, Sequence

from agents.contracts import TestCase, TestFile
from sandbox.attack.render import TAKEN, docstring, source, step_rows
from sandbox.attack.script import Expect, Step
from sandbox.gates.side_by_side import Doing, Subject
from sandbox.recorded import Recorded

OVER_HTTP = "tests/acceptance/test_characterisation.py"
INSIDE = "tests/test_characterisation.py"
MARK = "What the code did before it was refactored, recorded by greenloop."
ROWS = 12
"""Argument lists kept of one function."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_BUILTIN = frozenset(n for n, v in vars(builtins).items() if isinstance(v, type) and issubclass(v, Exception))


def free_path(path: str, taken: Collection[str]) -> str:
    """The path, or one beside it when a file is there already."""
    number, found = 2, path
    while found in taken:
        found, number = f"{path.removesuffix('.py')}_{number}.py", number + 1
    return found


def over_http(
    recorded: Sequence[Recorded], without: Collection[str] = (), path: str = OVER_HTTP
) -> tuple[TestFile, list[TestCase]]:
    """Acceptance tests of recorded answers; what was not the same both times may be anything.

    `without`: node ids of tests to leave out.
    """
    names: set[str] = set()
    tests: list[str] = []
    for one in recorded:
        name = _free(f"test_{_slug(one.script.id)}", names)
        names.add(name)
        if f"{path}::{name}" not in without:
            tests.append(_http_test(name, one))
    body = "\n\n".join(tests)
    anything = "from unittest.mock import ANY\n" if "ANY" in body else ""
    login = next((_login(steps) for one in recorded if (steps := _once(one))), "") if "kept(" in body else ""
    helper = f"\n{TAKEN}\n" if "taken(" in body + login else "\n"
    head = f"from collections.abc import Callable\n{anything}\nimport httpx\n"
    text = f'"""{MARK}"""\n\n{head}{helper}{login}\n{body}'
    return TestFile(path=path, content=text), _cases(path, body)


def _once(one: Recorded) -> list[Step]:
    """Its steps that are carried out once for all."""
    return [step for step in one.script.steps if step.once]


def _login(steps: Sequence[Step]) -> str:
    """A helper that registers and logs in one user for all tests."""
    rows = [row for step in steps for row in step_rows(step, last=False, told="")]
    body = "\n".join(f"        {row}" for row in ["name = unique()", *rows, f'_kept["token"] = {_kept_name(steps)}'])
    return (
        "\n_kept: dict[str, object] = {}\n\n\n"
        "def kept(client: httpx.Client, unique: Callable[[], str]) -> object:\n"
        '    """A user\'s token; one user is enough."""\n'
        f'    if not _kept:\n{body}\n    return _kept["token"]\n\n'
    )


def _kept_name(steps: Sequence[Step]) -> str:
    return next((name for step in reversed(steps) for name in step.take), "token")


def _cases(path: str, body: str) -> list[TestCase]:
    names = re.findall(r"^def (test_\w+)", body, re.MULTILINE)
    return [TestCase(node_id=f"{path}::{name}", criteria=("C1",), guard=True) for name in names]


def _http_test(name: str, one: Recorded) -> str:
    rows: list[str] = []
    *before, last = one.script.steps
    if _once(one) and not last.once:
        rows.append(f"{_kept_name(_once(one))} = kept(client, unique)")
    for step in before:
        rows += [] if step.once else step_rows(step, last=False, told="")
    rows += step_rows(last.model_copy(update={"expect": Expect(status=(one.status,)), "take": {}}), last=True, told="")
    rows = [re.sub(r"status_code in \((\d+),\)", r"status_code == \1", row) for row in rows]
    rows += _body_rows(one)
    needs = ["    name = unique()"] if "{name}" in "".join(rows) else []
    head = f"def {name}(client: httpx.Client, unique: Callable[[], str]) -> None:"
    said = docstring(f"{one.script.id}: answers {one.status}.")
    return "\n".join([head, f"    {said}", *needs, *(f"    {row}" for row in rows)]) + "\n"


def _body_rows(one: Recorded) -> list[str]:
    if one.status == 422 or one.kind == "long" or one.status == 204:
        return []
    if one.kind == "text":
        return [f"assert answer.text == {source(one.answers[0])}"] if one.answers[0] == one.answers[1] else []
    sent = one.script.model_dump_json()
    expected = common(*one.data(), lambda text: _made_up(text, sent, shared=bool(_once(one))))
    if isinstance(expected, _Any):
        first = one.data()[0]
        return [f"assert isinstance(answer.json(), {type(first).__name__})"] if isinstance(first, list | dict) else []
    return [f"assert answer.json() == {_shown(expected)}"]


class _Any:
    """Stands for a value that is not always the same."""


def _made_up(text: str, sent: str, *, shared: bool) -> bool:
    """A text that is another one the next time: a point in time nobody sent, or the name of a user all tests share."""
    return (_TIME.match(text) is not None and text not in sent) or (shared and "token<<unique>>" in text)


def common(first: object, second: object, differs: Callable[[str], bool] = lambda _: False) -> object:
    """What two answers have in common; lists of different length have nothing.

    `differs`: whether a text that is the same here will be another one the next time.
    """
    if isinstance(first, dict) and isinstance(second, dict) and set(first) == set(second):
        return {key: common(first[key], second[key], differs) for key in first}
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        return [common(a, b, differs) for a, b in zip(first, second, strict=True)]
    same = first == second and type(first) is type(second) and not (isinstance(first, str) and differs(first))
    return first if same else _Any()


def _shown(value: object) -> str:
    if isinstance(value, _Any):
        return "ANY"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{source(k)}: {_shown(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return source(value)


def inside(
    found: Sequence[tuple[Subject, Sequence[Doing]]], without: Collection[str] = (), path: str = INSIDE
) -> tuple[TestFile, list[TestCase]]:
    """Tests that call functions with the arguments they were called with, and expect what came of it.

    `without`: node ids of tests to leave out.
    """
    imports: set[str] = set()
    tests: list[str] = []
    names: set[str] = set()
    for subject, did in found:
        returns, raises = _kept(subject, did)
        local = _free(subject.name, names) if subject.name in names else subject.name
        names.add(local)
        renamed = f" as {local}" if local != subject.name else ""
        rows = {f"test_{local}_returns": (returns, False), f"test_{local}_raises": (raises, True)}
        fresh = [
            _table(name, local, listed, raises=raising)
            for name, (listed, raising) in rows.items()
            if listed and f"{path}::{name}" not in without
        ]
        imports |= {f"from {subject.module} import {subject.name}{renamed}"} if fresh else set()
        tests += fresh
    body = "\n\n".join(tests)
    helpers = {
        "datetime.": "import datetime",
        "Decimal(": "from decimal import Decimal",
        "UUID(": "from uuid import UUID",
    }
    head = "\n".join(sorted(line for mark, line in helpers.items() if mark in body))
    text = (
        f'"""{MARK}"""\n\n{head}{chr(10) if head else ""}\nimport pytest\n\n'
        + "\n".join(sorted(imports))
        + f"\n\n\n{body}"
    )
    return TestFile(path=path, content=text), _cases(path, body)


def _kept(subject: Subject, did: Sequence[Doing]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Few argument lists with as many different results as there are: those that return, and those that raise."""
    pairs = sorted(zip(subject.inputs, did, strict=False), key=lambda pair: len(pair[0]))
    seen: dict[str, tuple[str, Doing]] = {}
    for text, doing in pairs:
        seen.setdefault(doing.get("raises") or doing.get("returns", ""), (text, doing))
    chosen = list(seen.values())[:ROWS]
    returns = [(text, doing["source"]) for text, doing in chosen if doing.get("source")]
    raises = [(text, doing["raises"]) for text, doing in chosen if doing.get("raises") in _BUILTIN]
    return returns, raises


def _table(name: str, function: str, rows: Sequence[tuple[str, str]], *, raises: bool) -> str:
    listed = "".join(f"        ({arguments}, {result}),\n" for arguments, result in rows)
    second, check = "expected", f"    assert {function}(*arguments) == expected\n"
    if raises:
        second, check = "error", f"    with pytest.raises(error):\n        {function}(*arguments)\n"
    types = "type[Exception]" if raises else "object"
    return (
        f'@pytest.mark.parametrize(\n    ("arguments", "{second}"),\n    [\n{listed}    ],\n)\n'
        f"def {name}(arguments: list, {second}: {types}) -> None:\n{check}"
    )


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:100]


def _free(name: str, taken: Collection[str]) -> str:
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
