"""The login an application has already."""

import ast
from collections import Counter

from agents.profile import Login, Place
from agents.reading.modules import Code, Found, Function, keyword
from agents.reading.orm import OrmClass, depends_target
from agents.reading.routes import Web, dependency_nodes, depends_on, parameter_nodes

_SCHEMES = ("OAuth2PasswordBearer", "HTTPBearer", "OAuth2AuthorizationCodeBearer", "APIKeyHeader", "HTTPBasic",
            "APIKeyCookie")  # fmt: skip
_REGISTER = ("register", "signup", "sign-up", "users")


def security_schemes(code: Code) -> list[Found]:
    """Module-level security scheme objects (`OAuth2PasswordBearer(...)` and its kin)."""
    return [
        Found(module, name, node)
        for module in code.modules.values()
        for name, node in module.definitions.items()
        if isinstance(node, ast.Call) and code.is_call_of(module, node, *_SCHEMES)
    ]


def read_login(code: Code, web: Web, models: list[OrmClass]) -> Login | None:
    """The OAuth2 password login, or None; other schemes guard routes but cannot be logged in to by rule."""
    schemes = security_schemes(code)
    password = [s for s in schemes if code.is_call_of(s.module, s.node, "OAuth2PasswordBearer")]
    if not password or not isinstance(password[0].node, ast.Call):
        return None
    call = password[0].node
    given = call.args[0] if call.args else keyword(call, "tokenUrl")
    current = _current_user(code, web, [s.node for s in schemes])
    return Login(
        current_user=current,
        token_path=_token_path(web, code.text(password[0].module, given) or ""),
        register_path=_register_path(web),
        user_model=next((m.found.place for m in models if m.name.lower().startswith("user")), None),
    )


def _token_path(web: Web, given: str) -> str:
    wanted = "/" + given.strip("/")
    paths = [e.path for e in web.endpoints if e.method == "POST"]
    ends = [p for p in paths if p == wanted or p.endswith(wanted)]
    last = wanted.rpartition("/")[2]
    return next(iter(ends), next((p for p in paths if last and p.endswith(f"/{last}")), wanted))


def _register_path(web: Web) -> str | None:
    posts = [e for e in web.endpoints if e.method == "POST"]
    for word in _REGISTER:
        for endpoint in posts:
            if endpoint.path.rstrip("/").rpartition("/")[2] == word:
                return endpoint.path
    return None


def _current_user(code: Code, web: Web, schemes: list[ast.AST]) -> Place | None:
    """The dependency guarded routes use most; without guarded routes, the last function of the chain."""
    used: Counter[tuple[str, str]] = Counter()
    places: dict[tuple[str, str], Place] = {}
    for endpoint in web.endpoints:
        for module, node in dependency_nodes(code, endpoint):
            target = depends_target(code, module, node)
            if not target or not isinstance(target.node, Function) or not depends_on(
                code, iter([(module, node)]), schemes
            ):  # fmt: skip
                continue
            alias = code.find(module, node) if isinstance(node, ast.Name) else None
            found = alias or target
            used[found.module.file, found.name] += 1
            places[found.module.file, found.name] = found.place
    if used:
        return places[used.most_common(1)[0][0]]
    chain = _chain(code, schemes)
    return chain[0].place if chain else None


def _chain(code: Code, schemes: list[ast.AST]) -> list[Found]:
    """Aliases, then functions that depend on a scheme, the outermost first."""
    functions = [
        Found(m, n.name, n)
        for m in code.modules.values()
        for n in m.tree.body
        if isinstance(n, Function) and not n.decorator_list and depends_on(code, parameter_nodes(m, n), schemes)
    ]
    inner = [f.node for f in functions]
    outermost = [
        f for f in functions
        if not any(depends_on(code, parameter_nodes(g.module, g.node), [f.node], deep=False) for g in functions
                   if isinstance(g.node, Function) and g.node is not f.node)
    ]  # fmt: skip
    aliases = [
        Found(m, name, node)
        for m in code.modules.values()
        for name, node in m.definitions.items()
        if isinstance(node, ast.Subscript) and (target := depends_target(code, m, node)) and target.node in inner
    ]
    return [*aliases, *outermost]
