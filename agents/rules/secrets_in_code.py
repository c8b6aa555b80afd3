"""Secrets that everybody who reads the code knows."""

import ast
import re
from collections.abc import Iterator

from agents.masking import kind_of_secret
from agents.reading.modules import Found, keyword
from agents.rules.ask import argument, local_values, method, text_of
from agents.rules.params import is_enum
from agents.rules.project import Project
from agents.rules.reach import served_code
from agents.rules.rule import Hit, Rule, hit
from agents.rules.scopes import Scope

_SIGNING = re.compile(
    r"(?i)(^|_)(secret_?key|jwt_?(secret|key)(_?key)?|signing_?(key|secret)|encryption_?key|session_?secret|token_?secret"
    r"|auth_?secret|cookie_?secret|app_?secret|jwt_?signing_?key)$|^secret$"
)
_OTHER = re.compile(
    r"(?i)(^|_)(password|passwd|pwd|api_?key|access_?key|auth_?token|access_?token|client_?secret|token)$"
)
_PUBLIC = re.compile(
    r"(?i)(^|_)(seed|demo|example|sample|fake|dummy)(_|$)|amplitude|posthog|segment|sentry|mixpanel|analytics|algolia|telemetry|scarf|publi(c|shable)"
)
"""Keys that are made to be shown, and what only fills a demonstration."""
_NO_SECRET = re.compile(r"^[A-Za-z_\-.: /]+$|^https?://|^/|[{}<>$%]|\s|^\*+$")
_URL = re.compile(r"^[a-z][a-z0-9+.-]{1,30}://[^:/@\s{}<>$%]+:([^@/\s{}<>$%]+)@([^/:@\s]+)")
_PLACEHOLDERS = {"password", "pass", "pwd", "passwd", "secret", "xxx", "****", "***"}
_LOCAL = {
    "localhost", "127.0.0.1", "db", "database", "postgres", "redis", "rabbitmq", "mysql", "mongo", "host", "hostname",
}  # fmt: skip
_LOGGED = re.compile(
    r"(?i)^(plain_?|raw_?|new_?|old_?)?password$|^(client_|app_)?secret(_key)?$|^(access|refresh|id|reset)_token$|^api_key$|^private_key$"
)
_LOG_METHODS = {"debug", "info", "warning", "warn", "error", "critical", "exception", "log"}
_KEYED = ("jwt.encode", "jose.jwt.encode", "jwt.decode", "jose.jwt.decode")
_GETENV = ("os.getenv", "os.environ.get", "decouple.config", "starlette.config.Config")


def in_code(project: Project) -> Iterator[Hit]:
    """A signing key, password or API key as a literal."""
    compared = {
        part.id if isinstance(part, ast.Name) else part.attr
        for scope in project.scopes for test in scope.own(ast.Compare) for part in (test.left, *test.comparators)
        if isinstance(part, ast.Name | ast.Attribute)
    }  # fmt: skip
    signs = _signs(project)
    for scope in project.scopes:
        for node in scope.own(ast.Assign, ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            value = _literal(node.value)
            for target in targets if value is not None else ():
                name = (
                    target.id
                    if isinstance(target, ast.Name)
                    else target.attr
                    if isinstance(target, ast.Attribute)
                    else ""
                )
                text = text_of(value) or ""
                named = _is_option(project, scope) or _is_settings(project, scope) or name in compared
                if name and (value in signs or (_is_secret(name, text) and not named)):
                    yield hit(scope, node, _everybody(f"`{name}`", "secret_key" if value in signs else name))
        for call in scope.own(ast.Call):
            yield from _passed(project, scope, call)
        yield from _shaped(project, scope)


def _literal(node: ast.expr | None) -> ast.expr | None:
    """A text, plain or inside `SecretStr(...)`, `Field(...)`, `.encode()`."""
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in ("SecretStr", "SecretBytes"):
            return _literal(node.args[0]) if node.args else None
        if name == "Field":
            return _literal(argument(node, 0, "default"))
        if name == "encode" and isinstance(node.func, ast.Attribute):
            return _literal(node.func.value)
    return node if text_of(node) else None


def _is_secret(name: str, text: str) -> bool:
    public = text.startswith(("phc_", "pk_", "pk-", "pub")) or _PUBLIC.search(name)
    if _names_itself(name, text) or len(text) < 4 or public:
        return False
    if _SIGNING.search(name):
        return not re.search(r"^https?://|^/|[{}<>]|^[A-Z][A-Z0-9]*_[A-Z0-9_]+$", text)
    strong = len(text) >= 12 and bool(re.search(r"\d", text)) and bool(re.search(r"[A-Za-z]", text))
    return bool(_OTHER.search(name)) and strong and not _NO_SECRET.search(text)


def _names_itself(name: str, text: str) -> bool:
    """The text is the name again, or a word about it (`secret-name`), not a value that only begins like it."""
    small, word = text.lower(), name.lower()
    if re.sub(r"[\W_]", "", small) == re.sub(r"[\W_]", "", word):
        return True
    least = 8 if re.search(r"[\W_]", text) else 4
    parts = re.split(r"[\W_]+", small.replace(word, " "))
    return word in small and not any(len(p) >= least and re.search(r"\d", p) and re.search("[a-z]", p) for p in parts)


def _signs(project: Project) -> set[ast.expr]:
    """Texts of variables that tokens are signed or checked with."""
    found = set[ast.expr]()
    for site in project.calls(*_KEYED):
        key = argument(site.call, 1, "key")
        values = local_values(site.scope, key.id) if isinstance(key, ast.Name) else []
        own = project.names.own(site.scope, key) if key is not None and not values else None
        values += [own.node] if own and isinstance(own.node, ast.expr) else []
        found |= {text for value in values if (text := _literal(value)) is not None}
    return found


def _is_option(project: Project, scope: Scope) -> bool:
    """A member of an enumeration, or of a class of constants that name things."""
    if not isinstance(scope.node, ast.ClassDef):
        return False
    return is_enum(project.names, Found(scope.module, scope.node.name, scope.node))


def _is_settings(project: Project, scope: Scope) -> bool:
    if not isinstance(scope.node, ast.ClassDef):
        return False
    return "BaseSettings" in project.bases(Found(scope.module, scope.node.name, scope.node))


def _everybody(what: str, name: str) -> str:
    if _SIGNING.search(name):
        return (
            f"{what} is in the code: who can read the repository can sign tokens and cookies as any user. Read it "
            "from the environment, without a default."
        )
    return (
        f"{what} is in the code: who can read the repository can use it. Read it from the environment, and replace it."
    )


def _passed(project: Project, scope: Scope, call: ast.Call) -> Iterator[Hit]:
    name = project.names.absolute(scope, call.func)
    key: ast.expr | None = None
    if name in _KEYED:
        key = argument(call, 1, "key")
    elif method(call) == "add_middleware" or name.endswith("SessionMiddleware"):
        key = keyword(call, "secret_key")
    if key is not None and text_of(key):
        yield hit(scope, key, _everybody("The key", "secret_key"))


def _shaped(project: Project, scope: Scope) -> Iterator[Hit]:
    """A text that has the shape of a known kind of key."""
    for node in scope.own(ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
        if len(text) < 16 or ("-" not in text + "_" * 0 and not text[:4].isupper() and "_" not in text):
            continue
        kind = kind_of_secret(text)
        if kind in ("private key", "aws key", "google key") or (kind == "token" and not text.startswith("eyJ")):
            sample = re.search(r"(?i)example|sample|xxxx|\.\.\.|placeholder|dummy|test|your", text)
            if (
                not sample
                and not isinstance(project.view(scope).parents.get(node), ast.Expr)
                and (kind != "private key" or len(text) > 200)
            ):
                yield hit(
                    scope,
                    node,
                    f"This is a {kind}: who can read the repository can use it. Replace it, and read it from the "
                    "environment.",
                )


def default(project: Project) -> Iterator[Hit]:
    """A signing key with a default."""
    for name in _GETENV[:3]:
        for site in project.calls(name):
            variable = text_of(argument(site.call, 0, "key")) or ""
            given = argument(site.call, 1, "default")
            if _SIGNING.search(variable) and len(text_of(given) or "") >= 4:
                yield hit(site.scope, site.call, _fallback(variable))
    for scope in project.scopes:
        if not _is_settings(project, scope):
            continue
        for node in scope.own(ast.AnnAssign):
            name = node.target.id if isinstance(node.target, ast.Name) else ""
            value = _literal(node.value)
            if (
                value is not None
                and _SIGNING.search(name)
                and _is_secret(name, text_of(value) or "")
                and not _refused(scope, name)
                and not _unread(project, name)
            ):
                yield hit(scope, node, _fallback(name))


def _fallback(name: str) -> str:
    return (
        f"Without `{name}` in the environment the service starts with a key everybody can read, and anybody can sign "
        "tokens for any user. Leave the default out, so that it refuses to start."
    )


def _unread(project: Project, name: str) -> bool:
    """The service is there to see, and nothing of it reads the field."""
    return bool(project.handlers) and not any(
        node.attr == name for scope in project.scopes for node in scope.own(ast.Attribute)
    )


def _refused(scope: Scope, name: str) -> bool:
    """A validator of the settings looks at the field."""
    for inner in scope.inner:
        if inner.is_function and any("validator" in ast.unparse(d) for d in inner.function.decorator_list):
            text = ast.unparse(inner.function)
            if name in text:
                return True
    return False


def in_url(project: Project) -> Iterator[Hit]:
    """An address with a password in it."""
    for scope in project.scopes:
        for node in scope.own(ast.Constant):
            found = _URL.match(node.value) if isinstance(node.value, str) and "://" in node.value[:40] else None
            if not found or found[1].lower() in _PLACEHOLDERS or found[2].lower() in _LOCAL or "example" in found[2]:
                continue
            if not isinstance(project.view(scope).parents.get(node), ast.Expr):
                yield hit(
                    scope,
                    node,
                    f"The password for {found[2]} is in the code: who can read the repository can log in there. Read "
                    "the address from the environment.",
                )


def logged(project: Project) -> Iterator[Hit]:
    """A password or token written to the log."""
    served = served_code(project)
    for attr in _LOG_METHODS:
        for site in project.methods.get(attr, ()):
            owner = ast.unparse(site.call.func.value) if isinstance(site.call.func, ast.Attribute) else ""
            if not re.search(r"(?i)log", owner) or site.scope not in served:
                continue
            for node in (*site.call.args, *(k.value for k in site.call.keywords)):
                name = _shown(node)
                if name:
                    yield hit(
                        site.scope,
                        site.call,
                        f"`{name}` is written to the log: everybody who reads logs, and every system they are sent "
                        "to, has it.",
                    )


def _shown(node: ast.expr) -> str:
    """The secret whose value an argument shows."""
    parts = (
        [v.value for v in node.values if isinstance(v, ast.FormattedValue)]
        if isinstance(node, ast.JoinedStr)
        else [node]
    )
    for part in parts:
        name = part.id if isinstance(part, ast.Name) else part.attr if isinstance(part, ast.Attribute) else ""
        if _LOGGED.match(name):
            return ast.unparse(part)
    return ""


RULES = (
    Rule("GL501", "secret-in-code", "error", in_code),
    Rule("GL502", "secret-with-default", "error", default),
    Rule("GL515", "secret-in-log", "warning", logged),
    Rule("GL516", "password-in-address", "error", in_url),
)
