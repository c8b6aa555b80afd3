"""What an application serves and needs, as lists: endpoints for the README, packages for the manifest."""

from collections.abc import Sequence

from agents.blueprints.blocks import block_endpoints, block_requirements
from agents.blueprints.checks import wants_login
from agents.blueprints.fragments import Style
from agents.blueprints.handlers import METHODS, Handlers
from agents.blueprints.names import article, words
from agents.blueprints.spec import ALL_ACTIONS, FeatureSpec, LoginPart, ResourceSpec
from agents.blueprints.view import view


def endpoints(spec: FeatureSpec, style: Style) -> list[tuple[str, str, str]]:
    """Method, path and purpose of every route of `spec`."""
    found = [("GET", "/health", "is the service up"), ("GET", "/health/ready", "is the database up")]
    found += login_endpoints(style, spec.login_parts) if wants_login(spec) else []
    found += block_endpoints(spec, style)
    for resource in spec.resources:
        found += resource_endpoints(resource, spec, style)
    return found


def login_endpoints(style: Style, parts: Sequence[LoginPart] = ()) -> list[tuple[str, str, str]]:
    """The routes of accounts and tokens."""
    auth = f"{style.prefix}/auth"
    more: dict[LoginPart, list[tuple[str, str, str]]] = {
        "refresh": [
            ("POST", f"{auth}/refresh", "exchange a refresh token"),
            ("POST", f"{auth}/logout", "end a login"),
        ],
        "password": [("POST", f"{auth}/password", "change the password")],
        "reset": [
            ("POST", f"{auth}/password/forgot", "ask for a new password by mail"),
            ("POST", f"{auth}/password/reset", "set a new password"),
        ],
        "roles": [
            ("GET", f"{auth}/users", "list the accounts (administrators)"),
            ("PUT", f"{auth}/users/{{user_id}}/role", "say what an account may do (administrators)"),
        ],
    }
    return [
        ("POST", f"{auth}/register", "create an account"),
        ("POST", f"{auth}/token", "log in, get a token"),
        ("GET", f"{auth}/me", "who is logged in"),
        *(row for part, rows in more.items() if part in parts for row in rows),
    ]


def resource_endpoints(resource: ResourceSpec, spec: FeatureSpec, style: Style) -> list[tuple[str, str, str]]:
    """The routes of one resource."""
    v = view(resource, spec, style)
    found = []
    for action in (a for a in ALL_ACTIONS if a in v.actions):
        what = words(v.plural) if action == "list" else article(v.phrase)
        guarded = " (login needed)" if action in v.guarded else ""
        found.append((METHODS[action].upper(), Handlers(v).full_path(action), f"{action} {what}{guarded}"))
    return found


def requirements(spec: FeatureSpec, *, login: bool | None = None) -> tuple[str, ...]:
    """Packages, with lower bounds, that the rendered code of `spec` needs beyond FastAPI and SQLAlchemy."""
    types = {field.type for resource in spec.resources for field in resource.fields}
    with_login = wants_login(spec) if login is None else login
    found = ["email-validator>=2.2"] if with_login or "email" in types else []
    if with_login:
        found += ["pwdlib[argon2]>=0.2.1", "pyjwt>=2.10", "python-multipart>=0.0.18"]
    return tuple(dict.fromkeys([*found, *block_requirements(spec)]))
