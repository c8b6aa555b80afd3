"""Questions about where something of a client's ends up."""

import ast

from agents.rules.ask import local_values, method
from agents.rules.scopes import Scope
from agents.rules.taint import Flow


def built(scope: Scope, node: ast.expr) -> str:
    """The fixed parts of a text that is put together; empty for anything else."""
    if isinstance(node, ast.Name):
        values = local_values(scope, node.id)
        return " ".join(built(scope, v) for v in values if not isinstance(v, ast.Name))
    if isinstance(node, ast.JoinedStr | ast.BinOp) or (
        isinstance(node, ast.Call) and method(node) in ("format", "join")
    ):
        return " ".join(n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return ""


def says(flow: Flow, what: str) -> str:
    """A message that begins with what the client chooses, and where it comes in."""
    return f"`{flow.taint.source}` of {flow.taint.endpoint.shown} {what}"
