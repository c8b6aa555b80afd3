"""Who may call what: origins, debugging, routes without the guard of their siblings, other people's rows."""

import ast
import re
from collections.abc import Iterator

from agents.reading.modules import keyword
from agents.reading.orm import OrmClass
from agents.rules.ask import is_true, method, text_of
from agents.rules.params import path_names
from agents.rules.project import Project
from agents.rules.routers import MUTATING, Endpoint
from agents.rules.rows import table_named
from agents.rules.rule import Change, Hit, Rule, hit
from agents.rules.scopes import Scope

_OPEN = re.compile(
    r"(?i)log_?(in|out)|token|register|sign_?(up|in|out)|hook|callback|health|public|forgot|reset|verif|confirm|refresh|oauth|auth"
    r"|anonym|contact|subscri|invit|accept|track|collect|ping|shared?|feedback|sso|saml|otp|captcha|setup|install|introspect|revoke"
    r"|session|first_|decode|encode|parse|convert|calculat|estimate|initial|report|metrics|search|query|preview|validate|check|event"
)
_OWNER = re.compile(r"^(owner|user|author|creator|created_by|account)(_id)?$")
_USERS = re.compile(r"(?i)^(app_?)?(users?|accounts?|members?)$")
_POWER = re.compile(r"(?i)admin|superuser|staff|role|permission|scope|moderator|owner|internal|service")


def any_origin(project: Project) -> Iterator[Hit]:
    """Every web site may call with the user's cookies."""
    for scope in project.scopes:
        for call in scope.own(ast.Call):
            first = project.names.absolute(scope, call.args[0]) if call.args else ""
            named = first.endswith("CORSMiddleware") or project.names.absolute(scope, call.func).endswith(
                "CORSMiddleware"
            )
            if not named or not is_true(_value(project, scope, keyword(call, "allow_credentials"))):
                continue
            origins = _value(project, scope, keyword(call, "allow_origins"))
            pattern = text_of(_value(project, scope, keyword(call, "allow_origin_regex"))) or ""
            every = isinstance(origins, ast.List | ast.Tuple | ast.Set) and any(text_of(e) == "*" for e in origins.elts)
            if every or pattern in (".*", "^.*$", "https?://.*", "http.*"):
                yield hit(
                    scope,
                    call,
                    "Every web site may call this service with its visitors' cookies and read the answers: a page "
                    "they visit acts as them. Name the origins, or switch `allow_credentials` off.",
                )


def _value(project: Project, scope: Scope, node: ast.expr | None) -> ast.expr | None:
    """The literal behind a name."""
    if isinstance(node, ast.Name):
        values = [
            n.value for n in scope.own(ast.Assign) if isinstance(n.targets[0], ast.Name) and n.targets[0].id == node.id
        ]
        found = project.names.own(scope, node)
        return values[-1] if values else found.node if found and isinstance(found.node, ast.expr) else node
    return node


def debugging(project: Project) -> Iterator[Hit]:
    """`FastAPI(debug=True)`."""
    for router in project.web.routers:
        given = keyword(router.call, "debug") if router.call and router.is_app else None
        if given is not None and is_true(given):
            yield hit(
                router.scope,
                given,
                "With `debug=True` every unexpected error answers with its traceback: code, paths and values go to "
                "the client.",
                [Change.of(given, "False")],
            )


def unguarded(project: Project) -> Iterator[Hit]:
    """A mutating route without login, where its siblings ask for one."""
    for group in _siblings(project):
        asking = [e for e in group if project.guards.asks(e)]
        open_ones = [e for e in group if e not in asking]
        if len(asking) < 2 or len(open_ones) * 2 > len(asking):
            continue
        for endpoint in open_ones:
            if endpoint.method in MUTATING and not _OPEN.search(f"{endpoint.path} {endpoint.name}"):
                yield hit(
                    endpoint.handler,
                    endpoint.handler.node,
                    f"{endpoint.shown} needs no login, {len(asking)} of its {len(group) - 1} neighbours do: anybody "
                    "can change data here.",
                )


def _siblings(project: Project) -> list[list[Endpoint]]:
    """Operations of one router, or of one path below an application."""
    groups: dict[tuple[int, str], list[Endpoint]] = {}
    for endpoint in project.endpoints:
        first = endpoint.path.strip("/").partition("/")[0] if endpoint.router.is_app else ""
        groups.setdefault((id(endpoint.router), first), []).append(endpoint)
    return list(groups.values())


def others_rows(project: Project) -> Iterator[Hit]:
    """A row loaded by its id, whoever it belongs to, where siblings look at the owner."""
    owned = {t.name: columns for t in project.tables if (columns := _owner_columns(t))}
    seen: dict[str, list[tuple[Endpoint, bool]]] = {}
    for handler, endpoint in project.handlers.items() if owned else ():
        if not path_names(endpoint.path) or not project.guards.asks(endpoint):
            continue
        scopes = _reach(project, handler)
        for name in _loaded(project, scopes) & owned.keys():
            attributes = {n.attr for s in scopes for n in s.own(ast.Attribute)} | {
                k.arg for s in scopes for k in s.own(ast.keyword)
            }
            seen.setdefault(name, []).append((endpoint, bool(attributes & owned[name])))
    for name, uses in seen.items():
        careful = [e for e, scoped in uses if scoped]
        for endpoint, scoped in uses:
            if not scoped and len(careful) >= 2 and not _is_privileged(project, endpoint):
                yield hit(
                    endpoint.handler,
                    endpoint.handler.node,
                    f"{endpoint.shown} takes any {name} by its id, {careful[0].shown} only the caller's own: every "
                    "user reaches other people's data by counting.",
                )


def _owner_columns(table: OrmClass) -> set[str]:
    return {
        c.name for c in table.columns
        if _OWNER.match(c.name) and _USERS.match(c.foreign_table)
    }  # fmt: skip


def _reach(project: Project, handler: Scope) -> list[Scope]:
    """The handler, what it calls, and its dependencies."""
    found = [handler, *(d.scope for d in project.guards.of_function(handler) if d.scope and not d.asks)]
    for _ in range(2):
        for scope in list(found):
            called = [project.names.callee(scope, call) for call in scope.own(ast.Call)]
            found += [s for s in dict.fromkeys(called) if s and s not in found]
    return found


def _loaded(project: Project, scopes: list[Scope]) -> set[str]:
    names = set[str]()
    for scope in scopes:
        for call in scope.own(ast.Call):
            shown = call.func.id if isinstance(call.func, ast.Name) else method(call)
            if shown in ("get", "get_one", "select", "query", "update", "delete") and call.args:
                first = call.args[0]
                table = table_named(project, scope, first)
                if table is None and isinstance(first, ast.Attribute):
                    table = table_named(project, scope, first.value)
                names |= {table.name} if table else set()
    return names


def _is_privileged(project: Project, endpoint: Endpoint) -> bool:
    """Who may call it may see everything."""
    texts = [d.name for d in project.guards.of(endpoint)] + [endpoint.route, ast.unparse(endpoint.call)]
    return any(_POWER.search(text) for text in texts)


RULES = (
    Rule("GL509", "any-origin-with-credentials", "error", any_origin),
    Rule("GL510", "debug-on", "error", debugging, repairs=True),
    Rule("GL511", "route-without-guard", "error", unguarded),
    Rule("GL512", "rows-of-others", "error", others_rows),
)
