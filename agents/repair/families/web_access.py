"""What nobody may see: 403 or 404 for what is somebody else's."""

import ast
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family
from agents.repair.families.names import names_of

_OWNERS = ("owner_id", "user_id", "author_id", "account_id", "owner", "user", "author", "created_by")
_ROLES = ("is_admin", "is_superuser", "is_staff", "admin")


def _wanted(at: Place, *codes: str) -> float:
    return 3.0 if set(codes) & set(at.hints.statuses) else 0.3 if at.hints.messages else 1.0


@family(ast.Assign, ast.If)
def owner_not_asked(node: ast.stmt, at: Place) -> Iterator[Change]:
    """403 or 404 when something belongs to somebody else than the user who asks."""
    names = names_of(node, at)
    if names is None or "HTTPException" not in at.source.text:
        return
    users = [n for n in names.parameters if n in ("user", "me", "actor", "principal") or n.endswith("user")]
    things = [n for n in names.at((node.end_lineno or 0) + 1) if n not in names.parameters and not names.kinds[n]]
    if isinstance(node, ast.Assign):
        things = [n for n in things if isinstance(node.targets[0], ast.Name) and n == node.targets[0].id]
    around = at.code(at.function(node) or node)
    fields = {field for fields in at.repo.fields.values() for field in fields}
    for user in users:
        for thing in things[-2:]:
            for owner in (o for o in _OWNERS if o in fields and f"{thing}.{o}" not in around):
                who = f"{user}.id" if owner.endswith(("_id", "_by")) else user
                for code in ("403", "404"):
                    test = f"{thing}.{owner} != {who}"
                    guard = f'if {test}:\n    raise HTTPException(status_code={code}, detail="Not allowed")'
                    prior = min(0.9, 0.25 * _wanted(at, code))
                    yield at.behind(node, guard, prior, f"{code} when `{thing}` is not of `{user}`")
    yield from _roles(node, users, fields, at)


def _roles(node: ast.stmt, users: list[str], fields: set[str], at: Place) -> Iterator[Change]:
    function = at.function(node)
    around = at.code(function) if function is not None else ""
    for user in users:
        for role in (r for r in _ROLES if r in fields and f"{user}.{r}" not in around):
            guard = f'if not {user}.{role}:\n    raise HTTPException(status_code=403, detail="Not allowed")'
            yield at.before(node, guard, min(0.6, 0.1 * _wanted(at, "403")), f"403 when `{user}` is not `{role}`")
