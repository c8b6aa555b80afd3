"""Tokens, passwords and cookies."""

import ast
import re
from collections.abc import Iterator

from agents.reading.modules import keyword
from agents.rules.ask import argument, is_false, is_none, keys_read, local_values, text_of
from agents.rules.project import Project, Site
from agents.rules.reach import served_code
from agents.rules.rule import Hit, Rule, hit
from agents.rules.scopes import Scope

_DECODE = ("jwt.decode", "jose.jwt.decode", "jwt.api_jwt.decode")
_UNVERIFIED = ("jose.jwt.get_unverified_claims",)
_ROUTING = {"iss", "kid", "aud", "alg", "exp", "tid", "azp", "jti"}
_ENCODE = ("jwt.encode", "jose.jwt.encode", "jwt.api_jwt.encode")
_FAST = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s")
_PASSWORD = re.compile(r"(?i)^(plain_?|raw_?|user_?|new_?)?(password|passwd|pwd)(_?(bytes|str|text|plain))?$")
_CONFIRM = re.compile(r"(?i)confirm|repeat|again|verify|_?2$|retype|new_|old_|current_")
_USERS = re.compile(r"(?i)user|account|member|customer|row|record|admin|existing|db_")
_GIVEN = re.compile(r"(?i)((^|[_.])key$|api_?key|token|secret|signature|hmac|password|digest)")
_EXPECTED = re.compile(
    r"(?i)(settings|config|conf|env(iron)?)\b.*(key|token|secret|password)|getenv|(?-i:^[A-Z_]*(API_KEY|TOKEN|SECRET|PASSWORD)[A-Z_]*$)"
    r"|expected_(sig|hmac|digest|token|key)|computed_(sig|hmac)|hmac\..*digest\(\)$"
)
_RANDOM = tuple(f"random.{n}" for n in ("choice", "choices", "randint", "random", "sample", "randrange", "getrandbits"))
_SECRET_MADE = re.compile(
    r"(?i)token|password|secret|(^|_)otp|one_time|verification|api_?key|(^|_)salt|nonce|reset_code|pin_?code"
)
_SESSION_COOKIE = re.compile(r"(?i)session|token|auth|jwt|(^|_)sid$")


def unverified(project: Project) -> Iterator[Hit]:
    """A token decoded without looking at its signature, to find out who is calling."""
    asking = _asking(project)
    decoded = [*project.calls(*_DECODE)]
    for site in [*decoded, *project.calls(*_UNVERIFIED)]:
        if not _unchecked(site) or _only_routing(project, site) or _from_its_maker(site):
            continue
        if not any(s.scope is site.scope and not _unchecked(s) for s in decoded):
            whom = "names any user" if site.scope in asking else "says whatever they like"
            yield hit(
                site.scope,
                site.call,
                f"The token's signature is not checked: anybody can write a token that {whom}. Leave "
                "`verify_signature` on, and name the key and the algorithms.",
            )


def _unchecked(site: Site) -> bool:
    off = is_false(keyword(site.call, "verify")) or _option(site, "verify_signature")
    return off or site.name in _UNVERIFIED


def _from_its_maker(site: Site) -> bool:
    """The token came straight from the server that made it, in the answer to a request of ours, not from a client."""
    given = argument(site.call, 0, "jwt") or keyword(site.call, "token")
    texts = [ast.unparse(given)] if given is not None else []
    for _ in range(3):
        names = {name for text in texts for name in re.findall(r"[A-Za-z_]\w*", text)}
        texts += [ast.unparse(value) for name in names for value in local_values(site.scope, name)]
    return any(re.search(r"\.json\(\)|fetch_(access_)?token|exchange_code|acquire_token", text) for text in texts)


def _only_routing(project: Project, site: Site) -> bool:
    """Only what says which key to use, or when it ends, is read from the token."""
    parent = project.view(site.scope).parents.get(site.call)
    if isinstance(parent, ast.Subscript):
        return (text_of(parent.slice) or "") in _ROUTING
    call = project.view(site.scope).parents.get(parent) if isinstance(parent, ast.Attribute) else None
    if isinstance(parent, ast.Attribute) and parent.attr == "get" and isinstance(call, ast.Call) and call.args:
        return (text_of(call.args[0]) or "") in _ROUTING
    names = [
        n.targets[0].id
        for n in site.scope.own(ast.Assign)
        if n.value is site.call and isinstance(n.targets[0], ast.Name)
    ]
    read = {key for name in names for key in keys_read(site.scope, name)}
    return bool(read) and read <= _ROUTING


def _asking(project: Project) -> set[Scope]:
    """Functions that find out who is calling: dependencies that ask, and what they call."""
    found = {
        d.scope
        for e in project.endpoints
        for d in project.guards.of(e)
        if d.scope and (d.asks or any(inner.asks for inner in project.guards.of_function(d.scope)))
    }
    for _ in range(3):
        found |= {s for scope in found for c in scope.own(ast.Call) if (s := project.names.callee(scope, c))}
    return found


def _option(site: Site, name: str) -> bool:
    """The option is switched off."""
    options = argument(site.call, 3, "options")
    if isinstance(options, ast.Name):
        values = local_values(site.scope, options.id)
        options = values[0] if len(values) == 1 else None
    if isinstance(options, ast.Call) and isinstance(options.func, ast.Name) and options.func.id == "dict":
        return is_false(keyword(options, name))
    for key, value in zip(options.keys, options.values, strict=True) if isinstance(options, ast.Dict) else ():
        if text_of(key) == name and is_false(value):
            return True
    return False


def any_algorithm(project: Project) -> Iterator[Hit]:
    """A token that says itself how it is to be checked."""
    for site in project.calls(*_DECODE):
        given = argument(site.call, 2, "algorithms")
        off = _option(site, "verify_signature") or is_false(keyword(site.call, "verify"))
        starred = any(k.arg is None for k in site.call.keywords) or any(
            isinstance(a, ast.Starred) for a in site.call.args
        )
        if off or starred:
            continue
        reason = ""
        if given is None or is_none(given):
            reason = "No algorithm is pinned"
        elif any(isinstance(n, ast.Constant) and str(n.value).lower() == "none" for n in ast.walk(given)):
            reason = "`none` is allowed as algorithm"
        elif "header" in ast.unparse(given) and "alg" in ast.unparse(given):
            reason = "The algorithm is taken from the token"
        if reason:
            yield hit(
                site.scope,
                site.call,
                f"{reason}: who writes the token chooses how it is checked, and can forge one for any user. Pass "
                "`algorithms=[...]` with exactly what you sign with.",
            )


def endless(project: Project) -> Iterator[Hit]:
    """A token that never expires, or whose expiry is not checked."""
    for site in project.calls(*_ENCODE):
        payload = _payload(site)
        if payload is not None and "exp" not in _words(site.scope, payload):
            yield hit(
                site.scope,
                site.call,
                "This token has no `exp`: who steals one once is logged in for ever, and logging out changes "
                "nothing. Add an expiry.",
            )
    for site in project.calls(*_DECODE):
        relaxed = re.search(r"(?i)refresh|expired|revoke|logout|introspect", site.scope.name)
        if _option(site, "verify_exp") and not relaxed and not _option(site, "verify_signature"):
            yield hit(site.scope, site.call, "The token's expiry is not checked: a stolen token works for ever.")


def _payload(site: Site) -> ast.Dict | None:
    given = argument(site.call, 0, "payload") or keyword(site.call, "claims")
    if isinstance(given, ast.Name):
        values = local_values(site.scope, given.id)
        given = values[0] if len(values) == 1 else None
    known = isinstance(given, ast.Dict) and all(key is not None for key in given.keys)
    return given if known and isinstance(given, ast.Dict) else None


def _words(scope: Scope, payload: ast.Dict) -> set[str]:
    """Every text of the function that could be a claim's name."""
    texts = {n.value for s in scope.everything() for n in s.own(ast.Constant) if isinstance(n.value, str)}
    texts |= {k.arg for s in scope.everything() for k in s.own(ast.keyword) if k.arg}
    return texts | {text_of(key) or "" for key in payload.keys}


def fast_hash(project: Project) -> Iterator[Hit]:
    """A password hashed by something made to be quick."""
    for name in _FAST:
        for site in project.calls(f"hashlib.{name}"):
            words = {
                w
                for a in site.call.args
                for n in ast.walk(a)
                for w in [str(getattr(n, "id", None) or getattr(n, "attr", ""))]
            }
            about = any(_PASSWORD.match(w) for w in words)
            text = ast.unparse(site.scope.node) if about else ""
            slow = re.search(r"(?i)bcrypt|argon2|scrypt|pbkdf2|pwned|hibp|breach|leak", text + site.scope.name)
            if about and not slow:
                yield hit(
                    site.scope,
                    site.call,
                    f"`{name}` is made to be fast: who gets the table tries billions of passwords a second. Use "
                    "argon2 or bcrypt (`pwdlib.PasswordHash.recommended()`).",
                )


def plain_password(project: Project) -> Iterator[Hit]:
    """A stored password compared as it is."""
    for scope in project.functions:
        for node in scope.own(ast.Compare):
            if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
                continue
            for stored, given in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
                if _is_stored(stored) and _is_given(given):
                    yield hit(
                        scope,
                        node,
                        f"`{ast.unparse(stored)}` is compared as plain text, so passwords are stored readable: one "
                        "leaked backup and every account is lost, here and wherever it was reused. Store an argon2 "
                        "hash and verify it.",
                    )
                    break


def _is_stored(node: ast.expr) -> bool:
    owner = ast.unparse(node.value) if isinstance(node, ast.Attribute) else ""
    return isinstance(node, ast.Attribute) and node.attr in ("password", "passwd") and bool(_USERS.search(owner))


def _is_given(node: ast.expr) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return bool(_PASSWORD.match(name)) and not _CONFIRM.search(name)


def slow_compare(project: Project) -> Iterator[Hit]:
    """A secret from the client compared with `==`."""
    served = served_code(project)
    for scope in project.functions:
        if scope not in served:
            continue
        for node in scope.own(ast.Compare):
            if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
                continue
            left, right = node.left, node.comparators[0]
            if any(isinstance(s, ast.Constant) for s in (left, right)):
                continue
            texts = (ast.unparse(left), ast.unparse(right))
            for given, expected in (texts, texts[::-1]):
                fits = _GIVEN.search(given) and _EXPECTED.search(expected) and not _EXPECTED.search(given)
                if fits and not re.search(r"(?i)type|name|_id\b|length|len\(|count|default", f"{given} {expected}"):
                    yield hit(
                        scope,
                        node,
                        f"`{ast.unparse(node)}` stops at the first different character: by measuring time a client "
                        "finds the secret piece by piece. Use `secrets.compare_digest`.",
                    )
                    break


def guessable(project: Project) -> Iterator[Hit]:
    """A token, code or password made with `random`."""
    for site in project.calls(*_RANDOM):
        statement = project.view(site.scope).statement(site.call)
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        names = [ast.unparse(t) for t in targets] + [site.scope.name.rpartition(".")[2]]
        if any(_SECRET_MADE.search(name) for name in names) and site.scope.is_function:
            yield hit(
                site.scope,
                site.call,
                f"`{site.name}` can be predicted from some of its results: a client can work out other people's codes "
                "and tokens. Use the `secrets` module.",
            )


def readable_cookie(project: Project) -> Iterator[Hit]:
    """A session cookie that scripts can read."""
    for site in project.methods.get("set_cookie", ()):
        name = text_of(argument(site.call, 0, "key")) or ""
        starred = any(k.arg is None for k in site.call.keywords)
        given = argument(site.call, 7, "httponly")
        flag = (
            re.match(r"(?i)is_|has_", name)
            or text_of(argument(site.call, 1, "value")) is not None
            or "csrf" in name.lower()
        )
        if _SESSION_COOKIE.search(name) and not flag and not starred and (given is None or is_false(given)):
            yield hit(
                site.scope,
                site.call,
                f"Scripts can read the cookie `{name}`: one injected script anywhere on the site, and the session is "
                "stolen. Add `httponly=True, secure=True`.",
            )


RULES = (
    Rule("GL503", "token-not-verified", "error", unverified),
    Rule("GL504", "token-algorithm-not-pinned", "error", any_algorithm),
    Rule("GL505", "token-without-expiry", "warning", endless),
    Rule("GL506", "password-hashed-fast", "error", fast_hash),
    Rule("GL507", "password-stored-plain", "error", plain_password),
    Rule("GL508", "secret-compared-by-equals", "warning", slow_compare),
    Rule("GL513", "session-cookie-readable", "warning", readable_cookie),
    Rule("GL514", "secret-from-random", "error", guessable),
)
