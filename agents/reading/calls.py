"""Following calls from a handler into the functions and methods it uses."""

import ast

from agents.reading.modules import Code, Found, Function, Module, walked
from agents.reading.orm import depends_target


def reachable(code: Code, start: Found, depth: int = 4) -> list[Found]:
    """The function and those of ours it calls, nearest first."""
    found, queue = [start], [start]
    for _ in range(depth):
        queue = [inner for outer in queue for inner in _called(code, outer)]
        queue = [q for q in queue if all(q.node is not f.node for f in found)]
        found += queue
    return found


def _called(code: Code, outer: Found) -> list[Found]:
    if not isinstance(outer.node, Function):
        return []
    calls = [n for n in walked(outer.node) if isinstance(n, ast.Call)]
    inner = [callee_of(code, outer.module, outer.node, call.func, outer.name.rpartition(".")[0]) for call in calls]
    unique: dict[int, Found] = {id(i.node): i for i in inner if i}
    return list(unique.values())


def callee_of(code: Code, module: Module, function: Function, func: ast.expr, within: str = "") -> Found | None:
    """The function of ours that a call inside `function` runs: plain, or a method of a typed parameter or variable.

    `within` is the class around `function`, if any.
    """
    found = code.find(module, func)
    if found:
        return found if isinstance(found.node, Function) else None
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return None
    own = func.value.id == "self" and within
    owner = code.find(module, within) if own else _class_of(code, module, function, func.value.id)
    for ancestor in code.ancestry(owner) if owner else ():
        for node in ancestor.node.body if isinstance(ancestor.node, ast.ClassDef) else ():
            if isinstance(node, Function) and node.name == func.attr:
                return Found(ancestor.module, f"{ancestor.name}.{node.name}", node)
    return None


def _class_of(code: Code, module: Module, function: Function, variable: str) -> Found | None:
    """The class a parameter (or a variable made by calling the class) is an instance of."""
    for argument in (*function.args.args, *function.args.kwonlyargs):
        if argument.arg == variable and argument.annotation is not None:
            named = code.find(module, argument.annotation)
            if named and isinstance(named.node, ast.ClassDef):
                return named
            target = depends_target(code, module, argument.annotation)
            if target and isinstance(target.node, ast.ClassDef):
                return target
            if target and isinstance(target.node, Function) and target.node.returns is not None:
                return code.find(target.module, target.node.returns)
    for node in walked(function):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if any(isinstance(t, ast.Name) and t.id == variable for t in node.targets):
            return code.find(module, node.value.func)
    return None
