"""Routers: not included, under another prefix than requests ask for; pages that are not cut out."""

import ast
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family
from agents.repair.families.names import names_of
from agents.repair.ingredients import module_names
from agents.repair.source import called

_FIRST = ("offset", "skip", "start", "first")
_MANY = ("limit", "size", "page_size", "per_page", "count", "take")


@family(ast.Expr, ast.Assign)
def router_not_included(node: ast.Expr | ast.Assign, at: Place) -> Iterator[Change]:
    """A router that no application knows."""
    value = node.value
    if at.parent(node) is not at.source.tree or called(value) not in ("include_router", "FastAPI"):
        return
    app = at.code(value.func.value) if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) else ""
    app = app or (at.code(node.targets[0]) if isinstance(node, ast.Assign) else "")
    routers = {
        n for s in at.repo.sources for n, text in at.repo.constants[s.path].items() if text.startswith("APIRouter(")
    }
    modules = {s.path.rpartition("/")[2][:-3] for s in at.repo.sources if "APIRouter(" in s.text}
    for name in sorted(module_names(at.source)):
        text = name if name in routers or "router" in name else f"{name}.router" if name in modules else ""
        if text and f"include_router({text}" not in at.source.text and app:
            last = at.source.tree.body[-1] if isinstance(node, ast.Assign) else node
            yield at.behind(last, f"{app}.include_router({text})", 0.7, f"`{text}` is included")


@family(ast.keyword)
def other_prefix(node: ast.keyword, at: Place) -> Iterator[Change]:
    """The prefix that requests have."""
    if node.arg != "prefix" or not isinstance(node.value, ast.Constant):
        return
    lost = "404" in at.hints.answers
    for url in at.hints.urls:
        parts = url.strip("/").split("/")
        for size in range(1, min(len(parts), 3) + 1):
            text = "/" + "/".join(parts[:size])
            if "{" not in text and text != node.value.value:
                yield at.swap(node.value, f'"{text}"', 0.4 if lost else 0.05)


@family(ast.Return, ast.Assign)
def page_dropped(node: ast.Return | ast.Assign, at: Place) -> Iterator[Change]:
    """Parameters for a page that nothing reads: the page is cut out of what is returned or kept."""
    names = names_of(node, at)
    if names is None or node.value is None:
        return
    unused = [name for name in names.unused() if name in names.parameters]
    first = next((name for name in unused if name in _FIRST), "")
    many = next((name for name in unused if name in _MANY), "")
    known = next((name for name in names.parameters if name in _FIRST), "")
    if not first and not many:
        return
    text = at.code(node.value)
    if "select(" in text or ".query(" in text or "order_by" in text:
        clause = (f".offset({first})" if first else "") + (f".limit({many})" if many else "")
        if isinstance(node, ast.Assign):
            yield at.span(
                at.source.end(node.value), at.source.end(node.value), clause, 0.8, f"`{clause}` is asked as well"
            )
    elif isinstance(node.value, ast.Name | ast.Call | ast.ListComp | ast.Attribute):
        begin = first or known
        end = f"{begin} + {many}" if begin and many else many
        yield at.swap(node.value, f"{text}[{begin} : {end}]" if begin else f"{text}[:{end}]", 0.6)
        if begin and not first:
            yield at.swap(node.value, f"{text}[:{end}]", 0.2)
