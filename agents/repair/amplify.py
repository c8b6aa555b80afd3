"""Tests turned into questions: what they assert is noted instead, and what they give is varied a little."""

import ast
import copy
import re
from collections.abc import Iterator, Mapping, Sequence

from agents.trees import tree_or_nothing

NOTE = "__greenloop_note__"
"""What the sandbox calls with every value that was asserted about."""
PER_TEST = 10


def variants(node_id: str, tests: Mapping[str, str], most: int = PER_TEST) -> list[tuple[str, str]]:
    """Questions made of one test, each with a label for people and the source of its function.

    Nothing when the test cannot be read.
    """
    path, _, inside = node_id.partition("::")
    names = inside.partition("[")[0].split("::")
    function = _find(tests.get(path, ""), names)
    if function is None:
        return []
    asking = _Noting().visit(copy.deepcopy(function))
    asking.decorator_list = []
    ast.fix_missing_locations(asking)
    found = [(f"{node_id} without its assertions", ast.unparse(asking))]
    changes = [(n, new) for n, constant in enumerate(_constants(asking)) for new in _near(constant.value)]
    step = max(1, -(-len(changes) // max(1, most - 1)))
    for number, new in changes[::step]:
        changed = copy.deepcopy(asking)
        constant = list(_constants(changed))[number]
        label = f"{node_id} with {new!r} for {constant.value!r} in line {constant.lineno}"
        constant.value = new
        found.append((label[:300], ast.unparse(changed)))
    return found[:most]


def _find(text: str, names: Sequence[str]) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    body: list[ast.stmt] = tree_or_nothing(text).body
    for place, name in enumerate(names):
        node = next((one for one in body if getattr(one, "name", None) == name), None)
        if isinstance(node, ast.ClassDef):
            body = node.body
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and place == len(names) - 1:
            return node
        else:
            return None
    return None


class _Noting(ast.NodeTransformer):
    """`assert f(2) == 3` becomes a note of `f(2)`; of other comparisons both sides are noted."""

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        """See above."""
        noted: list[ast.expr] = [node.test]
        if isinstance(node.test, ast.Compare):
            plain = isinstance(node.test.comparators[-1], ast.Constant | ast.List | ast.Dict | ast.Tuple)
            noted = [node.test.left, *([] if plain else node.test.comparators)]
        call = ast.Call(ast.Name(NOTE, ast.Load()), noted, [])
        return ast.copy_location(ast.Expr(call), node)


def _constants(function: ast.AST) -> Iterator[ast.Constant]:
    """Numbers and strings that the test gives, always in the same order: no keys, no indices, no documentation."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.Constant):
            if type(node.value) in (int, float, str):
                yield node
        elif isinstance(node, ast.Dict):
            for value in node.values:
                yield from _constants(ast.Tuple([value], ast.Load()))
        elif isinstance(node, ast.Subscript):
            yield from _constants(node.value)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        elif not isinstance(node, ast.JoinedStr | ast.arguments):
            yield from _constants(node)


def _near(value: object) -> list[int | float | str]:
    if isinstance(value, bool):
        return []
    if isinstance(value, int):
        return [value + 1, value - 1] if value else [1]
    if isinstance(value, float):
        return [value + 0.5]
    text = str(value)
    numbered = re.sub(r"\d+", lambda found: str(int(found[0]) + 1), text)
    if numbered != text:
        return [numbered]
    return [] if "/" in text or not text else [text + text[-1], text[:-1]]
