"""Reported Python examples as tests that run beside the code."""

import ast
import builtins
import re
from collections.abc import Iterable, Mapping, Sequence

from agents.bugs.report import Example
from agents.contracts import TestCase, TestFile
from agents.offline.source import docstring, short
from agents.reading.modules import Code

Named = tuple[str, Example]
"""The criterion an example proves, and the example."""


def names_of(expression: str) -> list[str]:
    """The names an expression needs from outside, in order, none that Python has itself."""
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
    bound = {n.id for n in nodes if isinstance(n.ctx, ast.Store)}
    wanted = [n.id for n in nodes if n.id not in bound and not hasattr(builtins, n.id)]
    return list(dict.fromkeys(wanted))


def importable(names: Iterable[str], code: Code) -> dict[str, str] | None:
    """Name -> the module it is defined in; None when one is nowhere, or in more than one place.

    A module's own name is imported as a module.
    """
    found: dict[str, str] = {}
    for name in names:
        homes = [m.name for m in code.modules.values() if name in m.definitions]
        if len(homes) == 1:
            found[name] = homes[0]
        elif not homes and name in {m.name for m in code.modules.values()}:
            found[name] = ""
        else:
            return None
    return found


def python_suite(
    stem: str, title: str, examples: Sequence[Named], code: Code
) -> tuple[TestFile, list[TestCase]] | None:
    """One test file, None when no example can be written down: its names are not found with certainty."""
    imports: dict[str, str] = {}
    tests: list[str] = []
    cases: list[TestCase] = []
    path = f"tests/test_{short(stem, 60)}.py"
    for criterion, example in examples:
        needed = importable(names_of(f"({example.call}, {example.expected or None})"), code)
        if needed is None:
            continue
        if example.raises and not hasattr(builtins, example.raises):
            needed |= importable([example.raises], code) or {}
        imports |= needed
        name = _free(_test_name(example), {c.node_id.rpartition("::")[2] for c in cases})
        tests.append(_test(name, criterion, example, set(imports)))
        cases.append(TestCase(node_id=f"{path}::{name}", criteria=(criterion,)))
    if not tests:
        return None
    body = "\n\n\n".join(tests)
    header = _imports(imports, body)
    return TestFile(path=path, content=f"{docstring(f'{title}')}\n\n{header}\n\n\n{body}\n"), cases


def _imports(needed: Mapping[str, str], body: str) -> str:
    ours = [f"from {module} import {name}" if module else f"import {name}" for name, module in sorted(needed.items())]
    return "\n\n".join(part for part in ("import pytest" if "pytest." in body else "", "\n".join(ours)) if part)


def _test(name: str, criterion: str, example: Example, known: set[str]) -> str:
    rows = [f"def {name}() -> None:", f"    {docstring(f'{criterion}: {says(example)}')}"]
    if example.raises and (hasattr(builtins, example.raises) or example.raises in known):
        rows += [f"    with pytest.raises({example.raises}):", f"        {example.call}"]
    elif example.raises:
        rows += ["    with pytest.raises(Exception) as caught:", f"        {example.call}"]
        rows.append(f'    assert type(caught.value).__name__ == "{example.raises}"')
    elif not example.expected:
        rows.append(f"    {example.call}")
    elif _is_float(example.expected):
        rows.append(f"    assert {example.call} == pytest.approx({example.expected})")
    elif example.expected in ("None", "True", "False"):
        rows.append(f"    assert ({example.call}) is {example.expected}")
    else:
        rows.append(f"    assert {example.call} == {example.expected}")
    return "\n".join(rows)


def says(example: Example) -> str:
    """The example as a sentence."""
    if example.raises:
        return f"{example.call} raises {example.raises}."
    if example.expected:
        return f"{example.call} is {example.expected}."
    return f"{example.call} does not raise {example.seen_error}."


def _test_name(example: Example) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "_", says(example)).strip("_").lower()
    return short(f"test_{words}", 90)


def _free(name: str, taken: set[str]) -> str:
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def _is_float(text: str) -> bool:
    return re.fullmatch(r"-?\d+\.\d+(?:e-?\d+)?", text) is not None
