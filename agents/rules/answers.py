"""What goes out: declared, without secrets, and with the status that says what happened."""

import ast
import re
from collections.abc import Iterator

from agents.reading.modules import Found
from agents.rules.ask import argument, is_false, is_none, local_values, method, status_of, text_of
from agents.rules.habits import Use, by_habit
from agents.rules.params import type_names
from agents.rules.project import Project
from agents.rules.routers import Endpoint
from agents.rules.rows import rows_of
from agents.rules.rule import Hit, Rule, hit
from agents.rules.scopes import Scope

_SECRETS = re.compile(
    r"(?i)^(hashed_?)?password(_?hash|_digest|_salt)?$|^passwd$|^pwd(_hash)?$|^(totp|otp|mfa)_secret$"
)
_ACCOUNTS = re.compile(r"(?i)user|account|member|customer|admin|profile|person|login|employee|patient|student|author")
_RESPONDS = re.compile(r"(?i)response$|redirect")
_MAKES = re.compile(r"^(create|register|insert)(_|$)")


def returned(endpoint: Endpoint) -> list[ast.expr]:
    """Every value a handler returns."""
    return [n.value for n in endpoint.handler.own(ast.Return) if n.value is not None and not is_none(n.value)]


def is_response(project: Project, scope: Scope, node: ast.expr) -> bool:
    """The value is a `Response` of its own: a call of one, a rendered template, something of ours that gives one."""
    inner = node.value if isinstance(node, ast.Await) else node
    if isinstance(inner, ast.Call) and _RESPONDS.search(ast.unparse(inner.func).rpartition(".")[2]):
        return True
    if isinstance(inner, ast.Name) and any(
        is_response(project, scope, v) for v in local_values(scope, inner.id) if not isinstance(v, ast.Name)
    ):
        return True
    meaning = project.type(scope, inner)
    return meaning is not None and (meaning.last.endswith("Response") or "TemplateResponse" in meaning.name)


def declared(endpoint: Endpoint) -> bool:
    """The decorator or the return annotation says what is answered."""
    option = endpoint.option("response_model") or endpoint.option("response_class")
    starred = any(k.arg is None for k in endpoint.call.keywords)
    return option is not None or endpoint.handler.function.returns is not None or starred


def undeclared(project: Project) -> Iterator[Hit]:
    """Operations that answer data of an undeclared shape."""
    uses = []
    for handler, endpoint in project.handlers.items():
        if endpoint.hidden or status_of(endpoint.option("status_code")) == 204:
            continue
        values = [v for v in returned(endpoint) if not is_response(project, handler, v) and not _is_fixed(v)]
        open_answer = bool(values) and not declared(endpoint) and not any(rows_of(project, handler, v) for v in values)
        flaw = (
            f"{endpoint.shown} declares no answer: its users see no shape in the documentation, and whatever the "
            "handler returns goes out unfiltered. Add a return annotation or `response_model`."
        )
        uses.append(Use(handler, flaw if open_answer else ""))
    yield from by_habit(
        uses,
        "{count} of {all} operations in {file}, {first} first, declare no answer: the API's users see no shapes in "
        "the documentation, and whatever the handlers return goes out unfiltered. Add return annotations or "
        "`response_model`.",
    )


def _is_fixed(node: ast.expr) -> bool:
    """Constants only, such as `{"status": "ok"}`."""
    return all(isinstance(n, ast.Constant | ast.Dict | ast.List | ast.Tuple | ast.expr_context) for n in ast.walk(node))


def whole_rows(project: Project) -> Iterator[Hit]:
    """Rows of a table answered with every column they have."""
    for handler, endpoint in project.handlers.items():
        if declared(endpoint):
            continue
        for value in returned(endpoint):
            table = rows_of(project, handler, value)
            if table:
                yield hit(
                    handler,
                    value,
                    f"{endpoint.shown} answers rows of `{table.name}` as they are: every column goes to the client, "
                    "also those added later (hashes, notes, flags). Declare a model with what may leave.",
                )


def secrets_out(project: Project) -> Iterator[Hit]:
    """A password or its hash in an answer."""
    for handler, endpoint in project.handlers.items():
        excluded = ast.unparse(x) if (x := endpoint.option("response_model_exclude")) is not None else ""
        for model in _answered(project, endpoint):
            for name, (owner, node) in project.fields(model).items():
                plain = name.lower() in ("password", "passwd", "pwd") and not _ACCOUNTS.search(owner.name)
                if _SECRETS.match(name) and not plain and f"'{name}'" not in excluded and not _is_masked(node):
                    scope = project.views[owner.module.file].by_node[owner.node]
                    yield hit(
                        scope,
                        node,
                        f"`{name}` leaves in the answer of {endpoint.shown} ({handler.function.name}): who may call "
                        "it can take the password or crack its hash. Take the field out of the answer's model.",
                    )


def _answered(project: Project, endpoint: Endpoint) -> Iterator[Found]:
    """The models of an answer: of `response_model`, else of the return annotation, those of their fields included."""
    given = endpoint.option("response_model")
    scope = endpoint.at if given is not None else endpoint.handler
    waiting = _models_in(project, scope, given if given is not None else endpoint.handler.function.returns)
    seen = set[ast.AST]()
    while waiting and len(seen) < 50:
        found = waiting.pop()
        if found.node in seen:
            continue
        seen.add(found.node)
        yield found
        for owner, node in project.fields(found).values():
            waiting += _models_in(project, project.views[owner.module.file].top, node.annotation)


def _models_in(project: Project, scope: Scope, node: ast.expr | None) -> list[Found]:
    models = []
    for inner in ast.walk(node) if node is not None else ():
        found = project.names.own(scope, inner) if isinstance(inner, ast.Name | ast.Attribute) else None
        if found and isinstance(found.node, ast.ClassDef) and project.bases(found) & {"BaseModel", "SQLModel"}:
            models.append(found)
    return models


def _is_masked(node: ast.AnnAssign) -> bool:
    text = ast.unparse(node)
    return "SecretStr" in text or "exclude=True" in text.replace(" ", "") or "Literal" in text


def error_as_success(project: Project) -> Iterator[Hit]:
    """An error answered with status 200."""
    for handler, endpoint in project.handlers.items():
        if any(
            isinstance(t, ast.Attribute) and t.attr == "status_code" for n in handler.own(ast.Assign) for t in n.targets
        ):
            continue
        called = " ".join(ast.unparse(c.func) for c in handler.own(ast.Call))
        if re.search(r"(?i)hook|callback", f"{endpoint.path} {endpoint.name} {called}"):
            continue
        for value in returned(endpoint):
            given = value
            if isinstance(value, ast.Call) and ast.unparse(value.func).endswith("JSONResponse"):
                if argument(value, 1, "status_code") is not None:
                    continue
                given = argument(value, 0, "content") or value
            said = _says_error(given)
            if said and (status_of(endpoint.option("status_code")) or 200) < 300:
                yield hit(
                    handler,
                    value,
                    f"{endpoint.shown} answers {said} with a success status: clients, retries, caches and monitoring "
                    "take the failure for a result. Raise HTTPException with the right status.",
                )


def _says_error(node: ast.expr) -> str:
    if not isinstance(node, ast.Dict) or len(node.keys) > 3:
        return ""
    for key, value in zip(node.keys, node.values, strict=True):
        name = text_of(key)
        if name in ("error", "Error") and not is_none(value) and not is_false(value) and _is_message(value):
            return f"`{name}`"
        others = {text_of(k) for k in node.keys} - {name}
        told = others <= {"message", "detail", "msg", "reason", "code", "error"}
        if told and (
            (name in ("success", "ok") and is_false(value))
            or (name == "status" and text_of(value) in ("error", "failed", "fail"))
        ):
            return f"`{name}: {ast.unparse(value)}`"
    return ""


def _is_message(node: ast.expr) -> bool:
    """A text, and no variable that is None when all is well."""
    return isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) or (
        isinstance(node, ast.Call) and ast.unparse(node.func) in ("str", "repr")
    )


def created_200(project: Project) -> Iterator[Hit]:
    """A POST that creates and answers 200."""
    for handler, endpoint in project.handlers.items():
        quiet = endpoint.method == "POST" and endpoint.option("status_code") is None
        if not quiet or not _MAKES.match(handler.function.name) or any(k.arg is None for k in endpoint.call.keywords):
            continue
        sets = any(isinstance(n, ast.Attribute) and n.attr == "status_code" for n in handler.own(ast.Attribute))
        makes = any(_is_making(call) for call in handler.own(ast.Call))
        values = returned(endpoint)
        verb = _MAKES.match(endpoint.path.rstrip("/").rpartition("/")[2])
        if makes and not verb and not sets and values and not any(is_response(project, handler, v) for v in values):
            yield hit(
                handler,
                handler.node,
                f"{endpoint.shown} creates something and answers 200: clients cannot tell a new one from an old one. "
                "Say `status_code=status.HTTP_201_CREATED`.",
            )


def _is_making(call: ast.Call) -> bool:
    name = ast.unparse(call.func).rpartition(".")[2]
    return method(call) in ("add", "create", "insert", "save", "add_all") or bool(_MAKES.match(name))


def body_with_204(project: Project) -> Iterator[Hit]:
    """A body for a status that has none."""
    for handler, endpoint in project.handlers.items():
        if status_of(endpoint.option("status_code")) not in (204, 304):
            continue
        model = endpoint.option("response_model")
        returns = handler.function.returns
        if (model is not None and not is_none(model)) or (model is None and _is_data(project, handler, returns)):
            yield hit(
                handler,
                handler.node,
                f"{endpoint.shown} answers 204, which has no body, and declares one: FastAPI refuses to start.",
            )
            continue
        for value in returned(endpoint):
            if isinstance(value, ast.Dict | ast.List | ast.Constant | ast.JoinedStr):
                yield hit(handler, value, f"{endpoint.shown} answers 204, which has no body: this value is never sent.")


def _is_data(project: Project, handler: Scope, returns: ast.expr | None) -> bool:
    names = type_names(project.names, handler.module, returns)
    return (
        bool(names)
        and not names & {"NoneType", "Response", "Any", "NoReturn", "Never"}
        and not any(n.endswith("Response") for n in names)
    )


def flask_tuple(project: Project) -> Iterator[Hit]:
    """`return {...}, 404`: a list with status 200."""
    for handler, endpoint in project.handlers.items():
        for value in returned(endpoint):
            code = status_of(value.elts[-1]) if isinstance(value, ast.Tuple) and len(value.elts) in (2, 3) else None
            first = value.elts[0] if isinstance(value, ast.Tuple) else value
            if code and 200 <= code < 600 and isinstance(first, ast.Dict | ast.Constant | ast.JoinedStr):
                yield hit(
                    handler,
                    value,
                    f"{endpoint.shown} returns a tuple: FastAPI sends it as a JSON list with status 200, not as "
                    f"status {code}.",
                )


def null_answer(project: Project) -> Iterator[Hit]:
    """DELETEs that answer `null`."""
    uses = []
    for handler, endpoint in project.handlers.items():
        if endpoint.method != "DELETE":
            continue
        said = any(endpoint.option(name) is not None for name in ("status_code", "response_class", "response_model"))
        starred = any(k.arg is None for k in endpoint.call.keywords)
        empty = not returned(endpoint) and not handler.is_generator and bool(handler.own(ast.Call))
        sets = any(n.attr == "status_code" for n in handler.own(ast.Attribute))
        flaw = (
            f"{endpoint.shown} answers 200 with the body `null`: clients parse a body that says nothing. Say "
            "`status_code=status.HTTP_204_NO_CONTENT`."
        )
        uses.append(Use(handler, flaw if empty and not (said or starred or sets) else ""))
    yield from by_habit(
        uses,
        "{count} of {all} DELETEs in {file}, {first} first, answer 200 with the body `null`: clients parse a body that "
        "says nothing. Say `status_code=status.HTTP_204_NO_CONTENT`.",
    )


RULES = (
    Rule("GL201", "answer-without-model", "info", undeclared),
    Rule("GL202", "row-as-answer", "warning", whole_rows),
    Rule("GL203", "secret-in-answer", "error", secrets_out),
    Rule("GL204", "error-with-status-200", "warning", error_as_success),
    Rule("GL208", "created-with-status-200", "info", created_200),
    Rule("GL209", "body-with-status-204", "error", body_with_204),
    Rule("GL212", "tuple-as-answer", "error", flask_tuple),
    Rule("GL213", "deleted-with-null", "info", null_answer),
)
