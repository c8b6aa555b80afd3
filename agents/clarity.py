"""What is unclear about a request before anything is planned: open points, and what the repository's tests deny."""

import ast
import re
from collections.abc import Iterator

from agents.blueprints.spec import Action, FeatureSpec
from agents.errors import EditRefused
from agents.profile import AppProfile, Source
from agents.protection import is_test_file

_METHODS: dict[Action, tuple[str, ...]] = {
    "create": ("POST",), "read": ("GET",), "list": ("GET",), "update": ("PATCH", "PUT"), "delete": ("DELETE",),
}  # fmt: skip
_BY_ID: frozenset[Action] = frozenset({"read", "update", "delete"})
_TOKENS = re.compile(r"(?i)authorization|bearer|dependency_overrides|headers|cookies|auth\s*=|token")
_REFUSED = frozenset({401, 403})

_NAMED = re.compile(
    r"(?i)\b(?:add|create|build|manage|store|track)\s+(?:an?\s+|the\s+)?(?P<what>[a-z][a-z_-]+)\b(?P<rest>[^.;\n]*)"
)
_FIELDS = re.compile(r"(?i)\bwith\b|\bhav(?:e|ing)\b|\bfields?\b|:|\(|\bfrom\b|\bto\b|\bfor\b")
_OWNERS = re.compile(r"(?i)\b(?:their|his|her|my|own|owned|personal|private)\b")
_LOGIN = re.compile(r"(?i)\blog(?:ged)?[ -]?in\b|\blogin\b|\bauthenticat|\bjwt\b|\btoken\b|\busers?\b")
_UPLOAD = re.compile(r"(?i)\bupload|\battach|\bimport(?:ed|s)?\b[^.]*\b(?:csv|file)")
_SIZE = re.compile(r"(?i)\b\d+\s*(?:kb|mb|gb|kib|mib|bytes|kilobytes|megabytes)\b")
_LISTS = re.compile(r"(?i)\blist|\bsearch|\bexport|\ball\b")
_PAGES = re.compile(r"(?i)\bpag(?:e|inat)|\blimit|\bfirst \d+|\btop \d+|\bcursor")
_PUBLIC = re.compile(r"(?i)\b(?:public|anybody|anyone|everybody|everyone|without (?:a )?login|no login)\b")
_CLOSED = re.compile(r"(?i)\brequire[sd]? (?:a )?login|\bonly (?:logged|admins?|owners?|users)|\bneeds? (?:a )?login")


def open_points(text: str) -> tuple[str, ...]:
    """What a request in free words leaves open, one sentence each; found by its words, so no more than a hint."""
    named = [(match["what"].lower(), bool(_FIELDS.search(match["rest"]))) for match in _NAMED.finditer(text)]
    told = {what for what, described in named if described}
    found = [f'No fields of "{what}" are named.' for what, _ in named if what.endswith("s") and what not in told]
    if _OWNERS.search(text) and not _LOGIN.search(text):
        found.append("Something belongs to somebody, and nothing says how a request shows whose it is.")
    elif _LOGIN.search(text) and not (_OWNERS.search(text) or _CLOSED.search(text) or _PUBLIC.search(text)):
        found.append(
            "There are users, and nothing says what each may read and change: their own things, or everything."
        )
    if _UPLOAD.search(text) and not _SIZE.search(text):
        found.append("Files come in, and nothing says how large they may be.")
    if _LISTS.search(text) and not _PAGES.search(text):
        found.append("Something is listed, and nothing says how many items one answer may hold.")
    if _PUBLIC.search(text) and _CLOSED.search(text):
        found.append(
            "One part says everybody may, another that a login is needed: do they speak of the same operations?"
        )
    return tuple(dict.fromkeys(found))


def against_tests(spec: FeatureSpec, profile: AppProfile, source: Source) -> str:
    """Tests of the repository that send without a login what the request closes, in one sentence; empty without any."""
    closed = _closed(spec, profile)
    denied = [(what, where) for what, where in _open_requests(source) if what in closed] if closed else []
    if not denied:
        return ""
    what, where = denied[0]
    more = f" (and {len(denied) - 1} more requests of the tests)" if len(denied) > 1 else ""
    return (
        f"The request closes {what} to whoever is not logged in, but {where} sends it without a login and expects it "
        f"to work{more}. Say which holds: change the tests first, or leave {what} open."
    )


def _closed(spec: FeatureSpec, profile: AppProfile) -> set[str]:
    """Operations of today that will need a login, ids as `{}`."""
    found = set()
    for guard in spec.guards:
        there = profile.resource(guard.resource)
        if there is None:
            continue
        for action in set(guard.actions) - set(there.guarded):
            path = f"{there.path.rstrip('/')}/{{}}" if action in _BY_ID else there.path.rstrip("/")
            found |= {f"{method} {path}" for method in _METHODS[action]}
    return found


def _open_requests(source: Source) -> Iterator[tuple[str, str]]:
    """Requests that tests send without a login and that succeed, each with its place."""
    for path in source.files():
        if not (is_test_file(path) and path.endswith(".py")):
            continue
        try:
            text = source.read(path)
            tree = ast.parse(text) if not _TOKENS.search(text) else None
        except (EditRefused, SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                yield from ((what, f"{path}:{line} ({node.name})") for what, line in _of_test(node))


def _of_test(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, int]]:
    if any(isinstance(n, ast.Constant) and n.value in _REFUSED for n in ast.walk(node)):
        return
    for call in (n for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)):
        method = call.func.attr.upper() if isinstance(call.func, ast.Attribute) else ""
        path = _path(call.args[0]) if call.args and method in {"GET", "POST", "PUT", "PATCH", "DELETE"} else ""
        if path.startswith("/"):
            yield f"{method} {path.partition('?')[0].rstrip('/')}", call.lineno


def _path(node: ast.expr) -> str:
    """A literal path, numbers and what is filled in as `{}`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    else:
        return ""
    return re.sub(r"(?<=/)\d+(?=/|$|\?)", "{}", text)
