"""Which requests a test sends, read from its text: what a person compares with the criterion it proves."""

import ast

METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
MOST = 3


def requests_of(module: str) -> dict[str, tuple[str, ...]]:
    """Test function -> `POST /books` ..., in order, those of the module's own helpers included; the last few of many.

    A module that cannot be parsed has none.
    """
    try:
        body = ast.parse(module).body
    except (SyntaxError, ValueError, RecursionError):
        return {}
    functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    own = {name: _sent(node, functions, frozenset({name})) for name, node in functions.items()}
    return {name: tuple(dict.fromkeys(sent))[-MOST:] for name, sent in own.items() if name.startswith("test")}


def _sent(
    node: ast.AST, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef], seen: frozenset[str]
) -> list[str]:
    """Requests in the order of the text."""
    found: list[tuple[tuple[int, int], list[str]]] = []
    for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
        place = (call.lineno, call.col_offset)
        if isinstance(call.func, ast.Attribute) and call.func.attr in METHODS and call.args:
            path = _path(call.args[0])
            if path.startswith("/"):
                found.append((place, [f"{call.func.attr.upper()} {path}"]))
        elif isinstance(call.func, ast.Attribute) and call.func.attr == "request" and len(call.args) > 1:
            method, path = _path(call.args[0]), _path(call.args[1])
            found.append((place, [f"{method.upper()} {path}"] if method and path.startswith("/") else []))
        elif isinstance(call.func, ast.Name) and call.func.id in functions and call.func.id not in seen:
            found.append((place, _sent(functions[call.func.id], functions, seen | {call.func.id})))
    return [one for _, sent in sorted(found, key=lambda pair: pair[0]) for one in sent]


def _path(node: ast.expr) -> str:
    """A literal path; what is filled in stands in braces, without the query."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        text = "".join(_part(part) for part in node.values)
    else:
        return ""
    return text.partition("?")[0]


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.FormattedValue):
        return f"{{{ast.unparse(node.value)}}}"
    return str(node.value) if isinstance(node, ast.Constant) else ""
