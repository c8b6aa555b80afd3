"""`requests` becomes `httpx`, with the timeouts and redirects requests has."""

import libcst as cst

from agents.recipes import args
from agents.recipes.packages import require
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import rewrite_files

_IMPORT = r"(?m)^\s*(?:import requests\b|from requests\b)"
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_SAME = {"headers", "auth", "json", "cookies", "timeout", "params", "files", "data", "allow_redirects", "url", "method"}
_ATTRIBUTES = {
    "status_code", "text", "content", "json", "headers", "raise_for_status", "encoding", "elapsed", "is_redirect",
}  # fmt: skip
_ERRORS = {
    "RequestException": "HTTPError", "HTTPError": "HTTPStatusError", "Timeout": "TimeoutException",
    "ConnectTimeout": "ConnectTimeout", "ReadTimeout": "ReadTimeout",
}  # fmt: skip
_LOST = "httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout"
"""What requests calls a ConnectionError."""
_REPLACED = (
    r"[\"'][\w.]*\brequests\.(?:get|post|put|patch|delete|head|options|request|Session|sessions|api|adapters)\b"
    r"|\bimport (?:responses|requests_mock)\b|\brequests_mock\b|\bsetattr\(\s*(?:\w+\.)*requests\b|\bHTTPretty\b"
)


def rewrite(repo: Repo) -> None:
    """Rewrite the files whose every use of requests is understood, unless tests stand in for requests."""
    paths = repo.mentioning(_IMPORT)
    replaced = repo.first_line(_REPLACED, repo.python)
    if replaced and paths:
        repo.leave(*replaced, "something stands in for requests here, which httpx would not meet")
        return
    changed = rewrite_files(repo, paths, _rewrite_file)
    if not changed:
        return
    require(repo, "httpx>=0.27", instead_of="" if repo.first_line(_IMPORT, repo.python) else "requests")
    repo.remark(changed[0], 0, "text without a charset is read as UTF-8 by httpx, as ISO-8859-1 by requests")


def _rewrite_file(file: PyFile) -> None:
    if file.imports().get("requests") != "requests":
        raise Unsure(file.tree, "requests is not imported as a whole")
    known: set[cst.CSTNode] = set()
    for call in file.calls(*(f"requests.{method}" for method in _METHODS)):
        _rewrite_call(file, call)
        _check_answer(file, call)
        known.add(call.func)
    for node in file.find(cst.Attribute):
        names = file.names(node)
        if node in known or not any(name.startswith("requests.") for name in names):
            continue
        outer = file.parent(node)
        if isinstance(outer, cst.Attribute) and outer.value is node and file.means(node, "requests.exceptions"):
            continue
        last = next(iter(names)).removeprefix("requests.").removeprefix("exceptions.")
        if last == "ConnectionError" and isinstance(outer, cst.ExceptHandler):
            file.edit(node, f"({_LOST})")
            continue
        if len(names) != 1 or last not in _ERRORS:
            raise Unsure(node, f"`{file.code(node)}` has no certain equal in httpx")
        file.edit(node, f"httpx.{_ERRORS[last]}")
    if "httpx" in file.bound() and file.imports().get("httpx") != "httpx":
        raise Unsure(file.tree, "`httpx` already means something else in this file")
    file.need("httpx")


def _rewrite_call(file: PyFile, call: cst.Call) -> None:
    name = cst.ensure_type(call.func, cst.Attribute).attr.value
    names = {arg.keyword.value for arg in call.args if arg.keyword}
    places = 2 if name == "request" else 1
    if not args.is_plain(call) or len(args.positional(call)) > places:
        raise Unsure(call, "the arguments of this request are not all named")
    if not names <= _SAME:
        raise Unsure(call, f"`{sorted(names - _SAME)[0]}` means something else in httpx")
    if name in ("get", "head", "delete", "options") and names & {"json", "data", "files"}:
        raise Unsure(call, f"httpx.{name} sends no body")
    _check_body(file, call)
    _check_query(file, call)
    redirects = args.keyword(call, "allow_redirects")
    extra = []
    if redirects:
        file.edit(cst.ensure_type(redirects.keyword, cst.Name), "follow_redirects")
    elif name == "request":
        method = args.given(call, "method", 0)
        if method is None or not isinstance(args.literal(method.value), str):
            raise Unsure(
                call, "requests follows redirects for every method but HEAD, and the method is not written out"
            )
        extra += [] if str(args.literal(method.value)).upper() == "HEAD" else ["follow_redirects=True"]
    elif name != "head":
        extra.append("follow_redirects=True")
    if not args.keyword(call, "timeout"):
        extra.append("timeout=None")
    file.edit(cst.ensure_type(call.func, cst.Attribute).value, "httpx")
    args.add(file, call, *extra)


def _check_body(file: PyFile, call: cst.Call) -> None:
    """`data` is a form in both only as a dict; text and bytes are `content` in httpx."""
    data = args.keyword(call, "data")
    if data is None or isinstance(data.value, cst.Dict):
        return
    if isinstance(data.value, cst.SimpleString | cst.FormattedString) or file.means(
        data.value.func if isinstance(data.value, cst.Call) else None, "json.dumps"
    ):
        file.edit(cst.ensure_type(data.keyword, cst.Name), "content")
        return
    raise Unsure(data, "is this data a form or text? httpx tells them apart")


def _check_query(file: PyFile, call: cst.Call) -> None:
    """requests leaves out parameters that are None and adds to a query the address has; httpx does neither."""
    params = args.keyword(call, "params")
    if params is None:
        return
    if not isinstance(params.value, cst.Dict):
        raise Unsure(params, "parameters that are None are left out by requests and sent empty by httpx")
    for element in params.value.elements:
        if not isinstance(element, cst.DictElement) or not _is_something(file, element.value):
            raise Unsure(params, "a parameter may be None, which requests leaves out and httpx sends empty")
    url = args.given(call, "url", len(args.positional(call)) - 1)
    text = file.code(url.value) if url else ""
    if url is None or not isinstance(url.value, cst.SimpleString | cst.FormattedString) or "?" in text:
        raise Unsure(params, "the address may have a query already, which httpx replaces and requests adds to")


def _is_something(file: PyFile, node: cst.BaseExpression) -> bool:
    """The value is certainly not None, nor a bool, which both write differently."""
    value = args.literal(node)
    if value is not ... and not isinstance(value, bool):
        return value is not None
    if isinstance(node, cst.FormattedString):
        return True
    if isinstance(node, cst.Call):
        return file.means(node.func, "builtins.str", "builtins.int", "builtins.len")
    function = file.function_of(node)
    if isinstance(node, cst.Name) and function is not None:
        params = [p for p in function.params.params if p.name.value == node.value and p.annotation]
        kinds = [file.code(p.annotation.annotation) for p in params if p.annotation]
        stored = any(file.code(t.target) == node.value for t in file.find(cst.AssignTarget, function))
        return kinds in (["str"], ["int"]) and not stored
    return False


def _check_answer(file: PyFile, call: cst.Call) -> None:
    """The answer is used here, and only by what both kinds of answer have."""
    parent = file.parent(call)
    redirects = args.keyword(call, "allow_redirects")
    stays = file.means(call.func, "requests.head") or (redirects and args.literal(redirects.value) is not True)
    if isinstance(parent, cst.Attribute):
        _check_attribute(file, parent)
        return
    if isinstance(parent, cst.Expr):
        return
    target = parent.targets[0].target if isinstance(parent, cst.Assign) and len(parent.targets) == 1 else None
    function = file.function_of(call)
    if not isinstance(target, cst.Name) or function is None:
        raise Unsure(call, "the answer goes somewhere it cannot be followed to")
    for node in file.find(cst.Name, function):
        if node.value != target.value or isinstance(file.parent(node), cst.AssignTarget):
            continue
        outer = file.parent(node)
        if not isinstance(outer, cst.Attribute) or outer.value is not node:
            raise Unsure(node, "the answer goes somewhere it cannot be followed to")
        if stays and outer.attr.value in ("raise_for_status", "ok"):
            raise Unsure(node, "an answer that redirects is an error for httpx and none for requests")
        _check_attribute(file, outer)


def _check_attribute(file: PyFile, node: cst.Attribute) -> None:
    name = node.attr.value
    if name == "ok":
        if not isinstance(node.value, cst.Name):
            raise Unsure(node, "`ok` of an answer without a name")
        file.edit(node, f"(not {node.value.value}.is_error)")
    elif name not in _ATTRIBUTES:
        raise Unsure(node, f"`{name}` of an answer means something else in httpx")


RECIPE = Recipe("requests-to-httpx", rewrite, by="libcst")
