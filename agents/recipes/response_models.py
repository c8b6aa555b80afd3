"""Handlers that return a dict written out get a response model of the same shape."""

import libcst as cst

from agents.recipes import args
from agents.recipes.endpoints import Endpoint, endpoints
from agents.recipes.packages import allows
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import rewrite_files

_HINT = r"@\w+\.(?:get|post|put|patch|delete)\("
_PLAIN = ("str", "int", "bool", "float")
_MADE = {"builtins.str": "str", "builtins.int": "int", "builtins.len": "int", "builtins.bool": "bool"}


def rewrite(repo: Repo) -> None:
    """Give a model to every handler whose dicts are understood to the last value."""
    if not allows(repo, "fastapi", "0.89"):
        return
    rewrite_files(repo, repo.mentioning(_HINT), lambda file: _rewrite_file(repo, file))


def _rewrite_file(repo: Repo, file: PyFile) -> None:
    taken = file.bound()
    for endpoint in endpoints(file):
        returns = _own(file, endpoint.function, cst.Return)
        dicts = [r.value for r in returns if isinstance(r, cst.Return)]
        if not dicts or not any(isinstance(one, cst.Dict) for one in dicts) or _is_typed(file, endpoint):
            continue
        try:
            fields = _fields(file, endpoint, dicts)
            _header_end(file, endpoint.function)
            if _is_called(repo, endpoint.function.name.value):
                raise Unsure(endpoint.function, "the handler is called elsewhere, where its dict may be taken apart")
        except Unsure as unsure:
            file.leave(unsure.node, str(unsure))
            continue
        name = "".join(part.capitalize() for part in endpoint.function.name.value.split("_")) + "Response"
        if name in taken:
            file.leave(endpoint.function, f"`{name}` already means something else in this file")
            continue
        taken.add(name)
        _write(file, endpoint, name, fields, [one for one in dicts if isinstance(one, cst.Dict)])


def _is_typed(file: PyFile, endpoint: Endpoint) -> bool:
    """The handler says what it answers, or answers with something else than data."""
    if endpoint.function.returns is not None:
        text = file.code(endpoint.function.returns.annotation)
        if text not in ("dict", "Dict", "dict[str, Any]", "Dict[str, Any]", "typing.Dict[str, typing.Any]"):
            return True
    named = {arg.keyword.value for arg in endpoint.call.args if arg.keyword}
    return bool(named & {"response_model", "response_class", "responses"}) or not args.is_plain(endpoint.call)


def _own(file: PyFile, function: cst.FunctionDef, kind: type[cst.Return | cst.Yield]) -> list[cst.CSTNode]:
    """Nodes of a kind that are the function's own, not those of functions inside."""
    return [node for node in file.find(kind, function.body) if file.around(node, cst.FunctionDef) is function]


def _fields(file: PyFile, endpoint: Endpoint, dicts: list[cst.BaseExpression | None]) -> dict[str, str]:
    """Key -> type, the same for every return.

    Raises:
        Unsure: a key or a type is not certain.
    """
    found: list[dict[str, str]] = []
    for one in dicts:
        if not isinstance(one, cst.Dict):
            raise Unsure(one or endpoint.function, "the handler returns something else than a dict too")
        fields: dict[str, str] = {}
        for element in one.elements:
            key = args.literal(element.key) if isinstance(element, cst.DictElement) else ...
            if not isinstance(key, str) or not key.isidentifier() or key.startswith(("_", "model_")) or key in fields:
                raise Unsure(element, "a key is no name for a field")
            fields[key] = _type(file, endpoint.function, element.value)
        found.append(fields)
    if any(fields != found[0] for fields in found) or not found[0]:
        raise Unsure(endpoint.function, "the handler returns dicts of different shapes")
    return found[0]


def _type(file: PyFile, function: cst.FunctionDef, node: cst.BaseExpression) -> str:
    """The type of a value that is certain from the text."""
    value = args.literal(node)
    if isinstance(node, cst.FormattedString):
        return "str"
    if value is not ... and value is not None:
        return type(value).__name__
    if isinstance(node, cst.Call):
        made = next((kind for name, kind in _MADE.items() if file.means(node.func, name)), "")
        if made:
            return made
    if isinstance(node, cst.Comparison):
        return "bool"
    if isinstance(node, cst.List) and node.elements:
        kinds = {_type(file, function, element.value) for element in node.elements}
        if len(kinds) == 1:
            return f"list[{kinds.pop()}]"
    if isinstance(node, cst.Name):
        params = [p for p in (*function.params.params, *function.params.kwonly_params) if p.name.value == node.value]
        stored = [t for t in file.find(cst.AssignTarget, function) if file.code(t.target) == node.value]
        kind = file.code(params[0].annotation.annotation) if params and params[0].annotation else ""
        if kind in _PLAIN[:3] and not stored:
            return kind
    raise Unsure(node, f"the type of `{file.code(node)[:40]}` is not certain from the text")


def _is_called(repo: Repo, name: str) -> bool:
    return repo.first_line(rf"(?<!def )\b{name}\(", repo.python) is not None


def _write(file: PyFile, endpoint: Endpoint, name: str, fields: dict[str, str], dicts: list[cst.Dict]) -> None:
    base = file.need("pydantic", "BaseModel")
    lines = "".join(f"    {key}: {kind}\n" for key, kind in fields.items())
    words = endpoint.function.name.value.replace("_", " ")
    text = f'class {name}({base}):\n    """What `{words}` answers."""\n\n{lines}\n\n'
    start = file.line_start(file.span(endpoint.function.decorators[0])[0])
    file.replace(start, start, text)
    if endpoint.function.returns is not None:
        file.edit(endpoint.function.returns.annotation, name)
    else:
        colon = _header_end(file, endpoint.function)
        file.replace(colon, colon, f" -> {name}")
    for one in dicts:
        values = ", ".join(
            f"{args.literal(e.key)}={file.code(e.value)}" for e in one.elements if isinstance(e, cst.DictElement)
        )
        file.edit(one, f"{name}({values})")


def _header_end(file: PyFile, function: cst.FunctionDef) -> int:
    """Offset behind the closing parenthesis of the parameters."""
    body = file.whole_span(function.body)[0]
    params = [*function.params.params, *function.params.kwonly_params]
    # the place of a parameter is that of its name alone
    said = [p.annotation.annotation for p in params if p.annotation] + [p.default for p in params if p.default]
    start = max(file.span(node)[1] for node in (function.name, *params, *said))
    end = file.text.index(")", start, body + 1) + 1
    if "#" in file.text[start:end]:
        raise Unsure(function, "a remark stands where the answer's type would go")
    return end


RECIPE = Recipe(
    "response-models", rewrite, by="libcst", openapi="handlers that said nothing about their answer describe it"
)
