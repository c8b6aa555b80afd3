"""Routes that nobody reaches, and paths that say something else than their handlers."""

import ast
import re
from collections.abc import Iterator

from agents.reading.modules import Module, dotted_name, keyword
from agents.rules.ask import method, text_of
from agents.rules.guards import Dependency
from agents.rules.params import params_of, path_names
from agents.rules.project import Project
from agents.rules.routers import MUTATING, Endpoint, Router
from agents.rules.rule import Hit, Rule, hit
from agents.rules.scopes import Scope

_CHANGES = re.compile(r"^(delete|remove|create|clear|purge|destroy|drop)(_|$)")
_HANDED_OUT = re.compile(r"(?i)token|csrf|session|link|url|report|preview|export|captcha|nonce|challenge|code")
"""What a GET may make because it hands it out."""
_WRITES = {"commit", "delete", "add", "save", "insert", "delete_one", "insert_one", "update_one", "delete_many"}


def in_order(router: Router, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Endpoint]]:
    """Operations of a router and of what it includes, as they are registered, as far as one scope's lines tell."""
    own: list[tuple[tuple[int, int], list[tuple[str, Endpoint]]]] = []
    start = prefix + (router.prefix or "")
    for endpoint in router.endpoints:
        if endpoint.at is router.scope:
            own.append((_place(endpoint), [(start + endpoint.path, endpoint)]))
    for include in router.includes:
        if (
            include.scope is router.scope
            and depth < 6
            and include.prefix is not None
            and include.child.prefix is not None
        ):
            own.append(((include.call.lineno, 0), list(in_order(include.child, start + include.prefix, depth + 1))))
    for _, group in sorted(own, key=lambda pair: pair[0]):
        yield from group


def _place(endpoint: Endpoint) -> tuple[int, int]:
    """Functions from the top, the decorators of each from the bottom."""
    decorated = endpoint.call in endpoint.handler.function.decorator_list
    return (endpoint.handler.function.lineno, -endpoint.call.lineno) if decorated else (endpoint.call.lineno, 0)


def _tops(project: Project) -> list[Router]:
    included = {id(i.child) for r in project.web.routers for i in r.includes}
    return [r for r in project.web.routers if r.prefix is not None and (r.is_app or id(r) not in included)]


def _straight(project: Project, endpoint: Endpoint) -> bool:
    """Registered unconditionally."""
    node = (
        endpoint.handler.node
        if endpoint.call in getattr(endpoint.handler.node, "decorator_list", [])
        else endpoint.call
    )
    return not any(isinstance(a, ast.If | ast.Try | ast.For) for a in project.view(endpoint.at).above(node))


def shadowed(project: Project) -> Iterator[Hit]:
    """A fixed path behind one with a parameter that matches it first."""
    for router in _tops(project):
        earlier: list[tuple[list[str], Endpoint]] = []
        for full, endpoint in in_order(router):
            parts = full.split("/")
            for before, first in earlier:
                if first.handler is endpoint.handler:
                    continue
                if first.method == endpoint.method and _covers(before, parts) and _straight(project, first):
                    yield hit(
                        endpoint.handler,
                        endpoint.call,
                        f"{endpoint.method} {full} is never reached: {first.method} {'/'.join(before)} ({first.name}) "
                        f"stands before it and takes `{_difference(before, parts)}` for its parameter. Register the "
                        "fixed path first.",
                    )
                    break
            earlier.append((parts, endpoint))


def _covers(before: list[str], after: list[str]) -> bool:
    """Everything the second path matches, the first one matches, and a parameter stands for something fixed."""
    fixed = False
    for index, part in enumerate(before):
        if part.startswith("{") and part.endswith(":path}") and index == len(before) - 1 and index < len(after):
            return any(p and not p.startswith("{") for p in after[index:])
        if index >= len(after):
            return False
        if part == after[index]:
            continue
        whole = part.startswith("{") and part.endswith("}") and part.count("{") == 1
        if not whole or not after[index] or _converter(part) not in ("", "str"):
            return False
        fixed = fixed or "{" not in after[index]
    return fixed and len(before) == len(after)


def _converter(part: str) -> str:
    return part.strip("{}").partition(":")[2]


def _difference(before: list[str], after: list[str]) -> str:
    return next(
        (a for b, a in zip(before, after, strict=False) if b.startswith("{") and not a.startswith("{")), after[-1]
    )


def repeated(project: Project) -> Iterator[Hit]:
    """The same method and path twice."""
    for router in _tops(project):
        known: dict[tuple[str, str], Endpoint] = {}
        for full, endpoint in in_order(router):
            key = (endpoint.method, re.sub(r"\{[^{}:]*", "{", full))
            first = known.setdefault(key, endpoint)
            both = first.handler is not endpoint.handler and _straight(project, first) and _straight(project, endpoint)
            if both:
                yield hit(
                    endpoint.handler,
                    endpoint.call,
                    f"{endpoint.method} {full} is registered twice: `{first.name}` answers, `{endpoint.name}` is "
                    "never reached.",
                )


def same_id(project: Project) -> Iterator[Hit]:
    """An operation id given twice."""
    known: dict[str, Endpoint] = {}
    for endpoint in project.endpoints:
        given = text_of(endpoint.option("operation_id"))
        first = known.setdefault(given, endpoint) if given else endpoint
        if first is not endpoint and first.call is not endpoint.call:
            yield hit(
                endpoint.at,
                endpoint.option("operation_id") or endpoint.call,
                f"The operation id `{given}` is also that of {first.shown}: generated clients lose one of the two "
                "methods.",
            )


def lost_parameter(project: Project) -> Iterator[Hit]:
    """A path parameter nobody takes."""
    for handler, endpoint in project.handlers.items():
        wanted = path_names(endpoint.path)
        if not wanted or handler.function.args.kwarg is not None:
            continue
        dependencies = project.guards.of(endpoint)
        if any("Request" in p.names or p.kind == "unknown" for p in project.inputs(endpoint)) or any(
            _unknown(d) for d in dependencies
        ):
            continue
        taken = {n for s in (handler, *(d.scope for d in dependencies if d.scope)) for n in _taken(project, s)}
        taken |= {
            name
            for d in dependencies
            if d.found and isinstance(d.found.node, ast.ClassDef)
            for name in project.fields(d.found)
        }
        lost = [name for name in wanted if name not in taken]
        if lost and not any(_takes_request(project, d.scope) for d in dependencies if d.scope):
            yield hit(
                handler,
                endpoint.call,
                f"`{{{lost[0]}}}` of {endpoint.shown} is in no parameter of `{endpoint.name}`: the value is ignored, "
                "and a parameter meant for it under another name is read from the query.",
            )


def _unknown(dependency: Dependency) -> bool:
    """It runs code that is not here."""
    if dependency.scope is not None:
        return False
    return not (dependency.found and isinstance(dependency.found.node, ast.Call | ast.ClassDef))


def _taken(project: Project, scope: Scope) -> Iterator[str]:
    for param in params_of(project.names, scope):
        alias = text_of(param.limit("alias", "validation_alias"))
        yield alias or param.name
        if param.type and param.type.found and isinstance(param.type.found.node, ast.ClassDef):
            yield from project.fields(param.type.found)


def _takes_request(project: Project, scope: Scope) -> bool:
    return any("Request" in p.names or "HTTPConnection" in p.names for p in params_of(project.names, scope))


def no_such_part(project: Project) -> Iterator[Hit]:
    """A `Path()` parameter the path does not have."""
    for handler, endpoint in project.handlers.items():
        fulls = [full for full, _ in endpoint.mounts] or [None]
        if None in fulls or endpoint.router.prefix is None:
            continue
        known = {name for full in fulls if full for name in path_names(full)}
        for param in project.inputs(endpoint):
            name = text_of(param.limit("alias", "validation_alias")) or param.name
            if param.kind == "path" and param.marker is not None and name not in known:
                yield hit(
                    handler,
                    param.node,
                    f"`{param.name}` is to come from the path of {endpoint.shown}, which has no `{{{name}}}`: every "
                    "request is a 422.",
                )


def too_late(project: Project) -> Iterator[Hit]:
    """A route added after its router was included."""
    for router in project.web.routers:
        for include in router.includes:
            for endpoint in include.child.endpoints:
                same = endpoint.at is include.scope and include.child.scope is include.scope
                if same and endpoint.call.lineno > include.call.lineno:
                    yield hit(
                        endpoint.handler,
                        endpoint.call,
                        f"{endpoint.method} {endpoint.route} is added after `include_router` (line "
                        f"{include.call.lineno}) has copied the router's routes: it is a 404. Include the router at "
                        "the end.",
                    )


def never_included(project: Project) -> Iterator[Hit]:
    """A router no application knows."""
    if not any(r.is_app and r.call for r in project.web.routers):
        return
    included = {id(i.child) for r in project.web.routers for i in r.includes}
    lonely = [
        r for r in project.web.routers
        if r.call and not r.is_app and r.scope.parent is None and r.endpoints and id(r) not in included
    ]  # fmt: skip
    used = _used_elsewhere(project, lonely) if lonely else set()
    for router in lonely:
        if router not in used and router.call and _straight(project, router.endpoints[0]):
            yield hit(
                router.scope,
                router.call,
                f"`{router.name}` is included nowhere: its {len(router.endpoints)} operations, "
                f"{router.endpoints[0].shown} first, are 404s.",
            )


def _used_elsewhere(project: Project, routers: list[Router]) -> set[Router]:
    """Those that something else than their own decorators uses, or may find by searching modules."""
    imports = [(m, t, attr) for m in project.code.modules.values() for t, attr in m.imports.values()]
    if any(target == "importlib" for _, target, _ in imports):
        return set(routers)
    by_call = {router.call: router for router in routers}
    names = {router.name for router in routers}
    used = {r for r in routers if any(_imports(r, m, target, attr) for m, target, attr in imports)}
    for view in project.views.values():
        for scope in view.scopes:
            loads = [n for n in scope.own(ast.Name) if n.id in names and isinstance(n.ctx, ast.Load)]
            parts = [n for n in scope.own(ast.Attribute) if n.attr in names and isinstance(n.ctx, ast.Load)]
            for node in (*loads, *parts):
                found = None if isinstance(view.parents.get(node), ast.Attribute) else project.names.own(scope, node)
                used |= (
                    {by_call[found.node]}
                    if found and isinstance(found.node, ast.Call) and found.node in by_call
                    else set()
                )
            for text in scope.own(ast.Constant):
                if isinstance(text.value, str) and "." in text.value:
                    used |= {r for r in routers if text.value.startswith(r.module.name)}
    return used


def _imports(router: Router, other: Module, target: str, attr: str) -> bool:
    last = router.module.name.rpartition(".")[2]
    return other is not router.module and attr in (router.name, "*") and target.rpartition(".")[2] == last


def changing_get(project: Project) -> Iterator[Hit]:
    """A GET that deletes or creates."""
    for handler, endpoint in project.handlers.items():
        last = next((p for p in reversed(endpoint.path.split("/")) if p and "{" not in p), "")
        named = _CHANGES.match(handler.function.name) or _CHANGES.match(last.replace("-", "_"))
        writes = any(
            method(c) in _WRITES or _CHANGES.match(dotted_name(c.func).rpartition(".")[2])
            for c in handler.own(ast.Call)
        )
        both = any(e.handler is handler and e.method in MUTATING for e in project.endpoints)
        handed_out = _HANDED_OUT.search(f"{handler.function.name} {last}")
        if endpoint.method == "GET" and named and writes and not both and not handed_out:
            yield hit(
                handler,
                handler.node,
                f"{endpoint.shown} changes data: browsers, link checkers and caches call a GET without asking, and "
                "any page can by an image. Use POST or DELETE.",
            )


def swallowing_mount(project: Project) -> Iterator[Hit]:
    """Something mounted at the root before other routes."""
    for site in project.methods.get("mount", ()):
        path = text_of(site.call.args[0] if site.call.args else keyword(site.call, "path"))
        owner = dotted_name(site.call.func.value) if isinstance(site.call.func, ast.Attribute) else ""
        router = next((r for r in project.web.routers if r.is_app and r.name == owner and r.scope is site.scope), None)
        if (
            path not in ("/", "")
            or router is None
            or any(isinstance(a, ast.If) for a in project.view(site.scope).above(site.call))
        ):
            continue
        later = [(i.call.lineno, "include_router") for i in router.includes if i.scope is site.scope]
        later += [(e.call.lineno, e.shown) for e in router.endpoints if e.at is site.scope]
        behind = min(((line, what) for line, what in later if line > site.call.lineno), default=None)
        if behind:
            yield hit(
                site.scope,
                site.call,
                f"What is mounted at `/` answers every path that is not registered yet: {behind[1]} (line "
                f"{behind[0]}) and all after it are never reached. Mount it last.",
            )


RULES = (
    Rule("GL801", "route-shadowed", "error", shadowed),
    Rule("GL802", "route-twice", "error", repeated),
    Rule("GL803", "operation-id-twice", "warning", same_id),
    Rule("GL804", "path-parameter-lost", "warning", lost_parameter),
    Rule("GL805", "path-parameter-missing", "error", no_such_part),
    Rule("GL806", "route-after-include", "error", too_late),
    Rule("GL807", "router-never-included", "warning", never_included),
    Rule("GL808", "get-changes-data", "warning", changing_get),
    Rule("GL809", "mount-swallows-routes", "error", swallowing_mount),
)
