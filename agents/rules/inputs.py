"""What comes in: validated by models, typed, bounded, and never more than the client may decide."""

import ast
import re
from collections.abc import Iterator

from agents.reading.modules import keyword
from agents.rules.ask import keys_read, method, names_in
from agents.rules.params import Param
from agents.rules.project import Project
from agents.rules.routers import MUTATING
from agents.rules.rule import Change, Hit, Rule, hit
from agents.rules.scopes import Scope, View
from agents.rules.taint import flows

_LOOSE = {"dict", "Dict", "Any", "Mapping", "MutableMapping", "object"}
_SERVER_OWNED = re.compile(r"^(is_)?(admin|superuser|super_user|staff|verified|superadmin)$|^roles?$|^permissions?$")
_OPEN_DOORS = re.compile(r"(?i)register|sign_?up|create_user|create_account")


def json_by_hand(project: Project) -> Iterator[Hit]:
    """`await request.json()` whose keys the handler picks itself."""
    for handler, endpoint in project.handlers.items():
        for call in handler.own(ast.Call):
            type_ = project.type(handler, call.func.value) if isinstance(call.func, ast.Attribute) else None
            if method(call) == "json" and type_ and type_.last == "Request" and type_.root in ("fastapi", "starlette"):
                name = _variable(project, handler, call)
                keys = keys_read(handler, name) if name else []
                if keys and not _passed_on(project.view(handler), handler, name):
                    yield hit(
                        handler,
                        call,
                        f"{endpoint.shown} reads {_listed(keys)} out of unvalidated JSON: a missing key or a wrong "
                        "type is a 500 for the client, and the API's documentation does not show the body. Declare a "
                        "pydantic model.",
                    )


def loose_body(project: Project) -> Iterator[Hit]:
    """A body declared as `dict` whose keys the handler picks itself."""
    for handler, endpoint in project.handlers.items():
        if endpoint.method not in MUTATING:
            continue
        for param in project.inputs(endpoint):
            if param.kind != "body" or not param.names or not param.names <= _LOOSE | {"str", "NoneType"}:
                continue
            keys = keys_read(handler, param.name)
            if keys and param.names & _LOOSE and not _passed_on(project.view(handler), handler, param.name):
                yield hit(
                    handler,
                    param.node,
                    f"The body of {endpoint.shown} is a plain dictionary, {_listed(keys)} taken out by hand: nothing "
                    "is validated or documented, and a wrong type is a 500 for the client. Declare a pydantic model.",
                )


def _variable(project: Project, scope: Scope, call: ast.Call) -> str:
    statement = project.view(scope).statement(call)
    value = getattr(statement, "value", None)
    direct = value is call or (isinstance(value, ast.Await) and value.value is call)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    return target.id if direct and isinstance(target, ast.Name) else ""


def _passed_on(view: View, scope: Scope, name: str) -> bool:
    """The whole value goes to something else, which may validate it."""
    for node in scope.own(ast.Name):
        above = view.parents.get(node)
        if (
            node.id != name
            or isinstance(node.ctx, ast.Store)
            or isinstance(above, ast.Attribute | ast.Compare | ast.If | ast.UnaryOp)
        ):
            if node.id == name and isinstance(above, ast.Attribute) and above.attr not in ("get", "pop"):
                return True
            continue
        if not (isinstance(above, ast.Subscript) and above.value is node):
            return True
    return False


def _listed(keys: list[str]) -> str:
    shown = ", ".join(f"`{key}`" for key in keys[:3])
    return f"{shown} and {len(keys) - 3} more" if len(keys) > 3 else shown


def untyped(project: Project) -> Iterator[Hit]:
    """A parameter of a handler without a type."""
    for handler, endpoint in project.handlers.items():
        for param in project.inputs(endpoint):
            bare = param.node.annotation is None and param.kind != "depends"
            if bare and not (handler.class_scope and param.name == "self"):
                what = "path" if f"{{{param.name}" in endpoint.path else "query"
                yield hit(
                    handler,
                    param.node,
                    f"`{param.name}` of {endpoint.shown} has no type: FastAPI takes any text for this {what} "
                    "parameter, validates nothing and documents nothing.",
                )


def patch_resets(project: Project) -> Iterator[Hit]:
    """A PATCH that writes every field, those the client left out included."""
    for handler, endpoint in project.handlers.items():
        if endpoint.method != "PATCH":
            continue
        bodies = {
            p.name: p for p in project.inputs(endpoint) if p.type and p.type.found and project.is_schema(p.type.found)
        }
        for call in handler.own(ast.Call):
            owner = call.func.value if isinstance(call.func, ast.Attribute) else None
            if method(call) not in ("model_dump", "dict") or not isinstance(owner, ast.Name) or owner.id not in bodies:
                continue
            careful = {k.arg for k in call.keywords} & {
                "exclude_unset",
                "exclude_none",
                "exclude_defaults",
                "include",
                None,
            }
            if not careful and _has_optional(project, bodies[owner.id]) and _writes(project, handler, call):
                end = call.end_col_offset or 0
                comma = ", " if call.args or call.keywords else ""
                place = (call.end_lineno or 0, end - 1)
                yield hit(
                    handler,
                    call,
                    f"{endpoint.shown} writes every field of `{owner.id}`: what the client left out is reset to its "
                    "default (data is lost). Use `exclude_unset=True`.",
                    [Change(*place, *place, f"{comma}exclude_unset=True")],
                )


def _has_optional(project: Project, param: Param) -> bool:
    fields = project.fields(param.type.found) if param.type and param.type.found else {}
    values = [node.value for _, node in fields.values()]
    return any(isinstance(v, ast.Constant) and v.value is None for v in values) or any(
        isinstance(v, ast.Call) and (_none_default(v)) for v in values
    )


def _none_default(call: ast.Call) -> bool:
    first = call.args[0] if call.args else keyword(call, "default")
    return isinstance(first, ast.Constant) and first.value is None


def _writes(project: Project, scope: Scope, call: ast.Call) -> bool:
    """The values go into a loop of `setattr`, or into `values(**...)` of an update."""
    above = list(project.view(scope).above(call))
    if any(method(node) in ("values", "update") for node in above):
        return True
    loops = [n for n in above if isinstance(n, ast.For)]
    name = _variable(project, scope, call)
    loops += [n for n in scope.own(ast.For) if name and name in names_in(n.iter)]
    writes = any(isinstance(c, ast.Call) and ast.unparse(c.func) == "setattr" for loop in loops for c in ast.walk(loop))
    starred = [c for c in scope.own(ast.Call) if method(c) in ("values", "update") for k in c.keywords
               if k.arg is None and isinstance(k.value, ast.Name) and k.value.id == name]  # fmt: skip
    return writes or bool(name and starred)


def mass_assignment(project: Project) -> Iterator[Hit]:
    """A row made of whatever dictionary the client sent."""
    for flow in flows(project):
        if flow.place != "**" or flow.taint.kind != "text":
            continue
        found = project.names.own(flow.scope, flow.call.func)
        table = project.table_of(found)
        if table and not _from_model(flow.value):
            yield hit(
                flow.scope,
                flow.call,
                f"`{table.name}` is made of everything in `{flow.taint.source}`: the client of "
                f"{flow.taint.endpoint.shown} sets any column, also the owner, the role or the id. Declare a model "
                "with the fields a client may set.",
            )


def _from_model(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and method(value) in ("model_dump", "dict")


def privileges(project: Project) -> Iterator[Hit]:
    """A sign-up whose body decides about roles."""
    for handler, endpoint in project.handlers.items():
        opens = endpoint.method == "POST" and _OPEN_DOORS.search(f"{endpoint.path} {handler.function.name}")
        if not opens or project.guards.asks(endpoint):
            continue
        for param in project.inputs(endpoint):
            model = param.type.found if param.type and param.kind in ("body", "unknown") else None
            for name, (owner, node) in project.fields(model).items() if model and project.is_schema(model) else ():
                if _SERVER_OWNED.match(name) and not _dropped(handler, name) and not _refused(project, handler, name):
                    scope = project.views[owner.module.file].by_node[owner.node]
                    yield hit(
                        scope,
                        node,
                        f"{endpoint.shown} needs no login and takes `{name}`: anybody can set it for themselves.",
                    )


def _dropped(scope: Scope, name: str) -> bool:
    text = " ".join(ast.unparse(c) for c in scope.own(ast.Call)) + " ".join(
        ast.unparse(a) for a in scope.own(ast.Assign)
    )
    return repr(name) in text or f"{name}=" in text or f".{name} =" in text


def _refused(project: Project, scope: Scope, name: str, depth: int = 0) -> bool:
    """Some values are refused: an `if` on the field in the handler, or in what it calls, that raises."""
    for node in scope.own(ast.If):
        raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        if raises and any(isinstance(n, ast.Attribute) and n.attr == name for n in ast.walk(node.test)):
            return True
    callees = (project.names.callee(scope, call) for call in scope.own(ast.Call)) if depth < 2 else ()
    return any(_refused(project, callee, name, depth + 1) for callee in callees if callee is not None)


def body_of_get(project: Project) -> Iterator[Hit]:
    """A GET or HEAD whose handler reads a body."""
    for handler, endpoint in project.handlers.items():
        if endpoint.method not in ("GET", "HEAD"):
            continue
        for param in project.inputs(endpoint):
            is_model = param.type is not None and param.type.found is not None and project.is_schema(param.type.found)
            if param.kind == "body" and (is_model or param.marker is not None):
                yield hit(
                    handler,
                    param.node,
                    f"{endpoint.shown} reads `{param.name}` from a body: browsers, caches and many proxies drop the "
                    f"body of a {endpoint.method}. Use `Annotated[..., Query()]`, or POST.",
                )


RULES = (
    Rule("GL101", "json-by-hand", "warning", json_by_hand),
    Rule("GL102", "dictionary-as-body", "warning", loose_body),
    Rule("GL103", "parameter-without-type", "warning", untyped),
    Rule("GL105", "patch-resets-fields", "error", patch_resets, repairs=True),
    Rule("GL106", "mass-assignment", "error", mass_assignment),
    Rule("GL107", "role-from-the-client", "error", privileges),
    Rule("GL109", "body-of-get", "warning", body_of_get),
)
