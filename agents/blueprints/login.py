"""Registration, OAuth2 password login with JWT, and the dependency that guards routes."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.blueprints.fragments import Fragment, Style, Symbol
from agents.blueprints.imports import KNOWN_IMPORTS, imports_for
from agents.blueprints.render import render_python
from agents.blueprints.spec import LoginPart

_LOGIN_IMPORTS = {
    **KNOWN_IMPORTS,
    "BackgroundTasks": "from fastapi import BackgroundTasks",
    "CapacityLimiter": "from anyio import CapacityLimiter",
    "HTTPConnection": "from starlette.requests import HTTPConnection",
    "Lock": "from threading import Lock",
    "OAuth2PasswordBearer": "from fastapi.security import OAuth2PasswordBearer",
    "OAuth2PasswordRequestForm": "from fastapi.security import OAuth2PasswordRequestForm",
    "PasswordHash": "from pwdlib import PasswordHash",
    "Request": "from fastapi import Request",
    "SecretStr": "from pydantic import SecretStr",
    "Security": "from fastapi import Security",
    "SecurityScopes": "from fastapi.security import SecurityScopes",
    "async_sessionmaker": "from sqlalchemy.ext.asyncio import async_sessionmaker",
    "ceil": "from math import ceil",
    "delete": "from sqlalchemy import delete",
    "hashlib": "import hashlib",
    "jwt": "import jwt",
    "logging": "import logging",
    "lru_cache": "from functools import lru_cache",
    "os": "import os",
    "secrets": "import secrets",
    "time": "import time",
    "to_thread": "from anyio import to_thread",
    "update": "from sqlalchemy import update",
}


_SCHEMAS = ("UserCreate", "UserRead", "UserPage", "Token", "RefreshRequest", "PasswordChange", "RoleChange")
_SECURITY = (
    *("CurrentUser", "CurrentAdmin", "hash_password", "fits", "make_token", "get_current_user"),
    *("failed_logins", "digest_of", "new_refresh_token", "reset_mails", "make_reset_token", "reset_claims"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginModules:
    """Where the four pieces go; an empty name means: the file of the pieces that use it."""

    model: str = "app.models.user"
    schemas: str = "app.schemas.user"
    security: str = "app.security"
    settings: Symbol | None = None
    """A settings class at `app.state.settings` with `secret_key` and `access_token_minutes`; None: `SECRET_KEY` is read
    from the environment by the security piece itself."""


@dataclass(frozen=True, slots=True)
class LoginFragments:
    """The login in pieces. `security` defines `get_current_user` and its alias `CurrentUser`, `routes` the router."""

    model: Fragment
    schemas: Fragment
    security: Fragment
    routes: Fragment


def login_fragments(
    style: Style, modules: LoginModules | None = None, parts: Sequence[LoginPart] = ()
) -> LoginFragments:
    """Accounts and tokens in the style of the application: `/auth/register`, `/auth/token`, `/auth/me` and `parts`."""
    where = modules or LoginModules()
    asynchronous = style.database != "sqlalchemy_sync"
    kind = "AsyncSession" if asynchronous else "Session"
    decorated = style.router == "app"
    values = {
        "parts": parts,
        "session_class": kind,
        "asynchronous": asynchronous,
        "session": style.session.name
        if style.session_is_alias
        else f"Annotated[{kind}, Depends({style.session.name})]",
        "settings": where.settings,
        "moment": style.moment.name if style.moment else "",
        "save": "flush" if style.session_commits else "commit",
        "prefix": style.prefix,
        "router": style.router_name,
        "decorated": decorated,
        "path": f"{style.prefix}/auth" if decorated else "",
    }
    own = _own_imports(style, where)
    return LoginFragments(
        model=_fragment("model", where.model, own, values),
        schemas=_fragment("schemas", where.schemas, own, values),
        security=_fragment("security", where.security, own, values),
        routes=_fragment("routes", "", own, values),
    )


def _fragment(piece: str, module: str, own: dict[str, Symbol], values: dict[str, object]) -> Fragment:
    body = render_python(f"login/{piece}.py.j2", **values)
    statements = {
        name: f"from {symbol.module} import {symbol.name}" if symbol.module and symbol.module != module else ""
        for name, symbol in own.items()
    }
    return Fragment(imports_for(body, _LOGIN_IMPORTS | statements), body)


def _own_imports(style: Style, where: LoginModules) -> dict[str, Symbol]:
    symbols = [style.base, style.session, Symbol(where.model, "User")]
    symbols += [Symbol(where.schemas, name) for name in _SCHEMAS]
    symbols.append(Symbol(where.model, "RefreshToken"))
    symbols += [Symbol(where.schemas, name) for name in ("ForgottenPassword", "PasswordReset")]
    symbols += [Symbol("app.mail", "send_mail")]
    symbols += [Symbol(where.security, name) for name in _SECURITY]
    symbols += [symbol for symbol in (style.moment, where.settings) if symbol]
    return {symbol.name: symbol for symbol in symbols}
