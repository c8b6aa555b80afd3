"""An application's profile in words: what exists already and where."""

from agents.profile import AppProfile, ExistingResource, Place, Route

ROUTES_MAX = 80
"""Most routes listed."""


def facts_text(profile: AppProfile) -> str:
    """The facts an agent needs to place code: one line each, the same for the same profile."""
    if not profile.exists:
        return f"There is no FastAPI application yet ({profile.python_files} Python files)."
    lines = [
        f"Application: {profile.target}{' (a factory)' if profile.factory else ''} in {profile.main_file}",
        f"Layout: {profile.layout}; database: {profile.database}",
        *_named("Declarative base", profile.base),
        *_named("Session dependency", profile.session_dependency),
        *_named("Settings", profile.settings),
        *([f"Alembic versions: {profile.alembic}"] if profile.alembic else []),
    ]
    if profile.login:
        lines.append(f"Login: token at {profile.login.token_path}")
        lines += _named("Current user dependency", profile.login.current_user)
        lines += _named("User model", profile.login.user_model)
    lines += [_resource(resource) for resource in profile.resources]
    lines += [_route(route) for route in profile.routes[:ROUTES_MAX]]
    if len(profile.routes) > ROUTES_MAX:
        lines.append(f"and {len(profile.routes) - ROUTES_MAX} more routes")
    return "\n".join(lines)


def _named(what: str, place: Place | None) -> list[str]:
    return [f"{what}: {place.name} ({place.file}:{place.line})"] if place else []


def _resource(resource: ExistingResource) -> str:
    fields = ", ".join(f"{field.name}: {field.type}{'' if field.required else '?'}" for field in resource.fields)
    model = f", model {resource.model.name} ({resource.model.file})" if resource.model else ""
    return f"Resource {resource.name} at {resource.path}{model}: {fields}"


def _route(route: Route) -> str:
    guarded = ", needs login" if route.guarded else ""
    return f"Route {route.method.upper()} {route.path}: {route.handler.name} ({route.handler.file}){guarded}"
