"""What FastAPI, Pydantic and SQLAlchemy have left behind."""

import ast
import re
from collections.abc import Iterator

from agents.reading.modules import Found, keyword
from agents.rules.project import Project
from agents.rules.rule import Change, Hit, Rule, hit
from agents.rules.scopes import Scope

_V2_NAMES = {
    "field_validator",
    "model_validator",
    "ConfigDict",
    "TypeAdapter",
    "RootModel",
    "field_serializer",
    "model_serializer",
    "computed_field",
    "AfterValidator",
    "BeforeValidator",
}
_PINNED_V1 = re.compile(r"(?im)^\s*[\"']?pydantic(\[[a-z,]+\])?\s*(==\s*1\b|~=\s*1\b|<\s*2|[^#\n]*,\s*<\s*2)")
_PINNED_V2 = re.compile(r"(?im)^\s*[\"']?pydantic(\[[a-z,]+\])?\s*[\"']?\s*(==|>=|~=|=|\^|>)\s*[\"'^~>=]*\s*2")
_METHODS = {
    "dict": "model_dump",
    "parse_obj": "model_validate",
    "copy": "model_copy",
    "construct": "model_construct",
    "parse_raw": "model_validate_json",
    "from_orm": "model_validate",
    "json": "model_dump_json",
    "schema": "model_json_schema",
    "update_forward_refs": "model_rebuild",
}
_SAFE = {"dict", "parse_obj", "construct", "parse_raw", "update_forward_refs"}
_RENAMED = {
    "orm_mode": "from_attributes",
    "allow_population_by_field_name": "populate_by_name",
    "schema_extra": "json_schema_extra",
    "anystr_strip_whitespace": "str_strip_whitespace",
    "anystr_lower": "str_to_lower",
    "max_anystr_length": "str_max_length",
    "min_anystr_length": "str_min_length",
    "validate_all": "validate_default",
    "keep_untouched": "ignored_types",
    "allow_mutation": "frozen",
    "fields": "",
    "getter_dict": "",
    "smart_union": "",
    "underscore_attrs_are_private": "",
    "json_loads": "",
    "json_dumps": "",
}
_MARKERS = {"Query", "Path", "Header", "Cookie", "Form", "Body", "Field", "constr"}
_UNMAINTAINED = {
    "jose": ("python-jose", "its releases are years apart", "PyJWT"),
    "passlib": ("passlib", "it has had no release since 2020 and breaks with current bcrypt", "pwdlib"),
    "aioredis": ("aioredis", "it has been merged into redis", "redis.asyncio"),
    "databases": ("databases", "its repository is archived", "SQLAlchemy's asyncio"),
    "fastapi_jwt_auth": ("fastapi-jwt-auth", "it has had no release since 2020 and needs Pydantic 1", "PyJWT"),
}


def is_v2(project: Project) -> bool:
    """The project says, by its requirements or its code, that it uses Pydantic 2."""
    wanted = [
        f
        for f in project.files
        if re.search(r"(^|/)(requirements[^/]*\.(txt|in)|pyproject\.toml|setup\.(py|cfg)|Pipfile)$", f)
    ]
    text = "\n".join(project.read(f) for f in wanted)
    if _PINNED_V1.search(text):
        return False
    if _PINNED_V2.search(text):
        return True
    names = {
        a for m in project.code.modules.values() for t, a in m.imports.values() if t.partition(".")[0] == "pydantic"
    }
    return bool(names & _V2_NAMES) or project.uses("pydantic_settings")


def on_event(project: Project) -> Iterator[Hit]:
    """`@app.on_event("startup")`."""
    for site in project.methods.get("on_event", ()):
        owner = site.call.func.value if isinstance(site.call.func, ast.Attribute) else None
        known = {r.name for r in project.web.routers}
        if owner is not None and ast.unparse(owner) in known:
            yield hit(
                site.scope,
                site.call,
                "`on_event` is deprecated, and it is ignored as soon as the application has a `lifespan`: what it "
                "opens is then never opened. Use one `lifespan` function.",
            )


def validators(project: Project) -> Iterator[Hit]:
    """`@validator` of Pydantic 1."""
    if not is_v2(project):
        return
    for scope in project.functions:
        for decorator in scope.function.decorator_list:
            func = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = project.names.absolute(scope.parent or scope, func)
            if name in ("pydantic.validator", "pydantic.root_validator", "pydantic.class_validators.validator"):
                new = "field_validator" if name.endswith(".validator") else "model_validator"
                yield hit(
                    scope,
                    decorator,
                    f"`{name.rpartition('.')[2]}` is Pydantic 1's: it is deprecated and will be removed, and "
                    f"`values`, `each_item` and `always` work differently now. Use `{new}`.",
                )


def methods(project: Project) -> Iterator[Hit]:
    """`.dict()` and its like on a model."""
    if not is_v2(project):
        return
    for attr, new in _METHODS.items():
        for site in project.methods.get(attr, ()):
            func = site.call.func
            found = _model_of(project, site.scope, func) if isinstance(func, ast.Attribute) else None
            if found is None or not isinstance(func, ast.Attribute) or _defines(project, found, attr):
                continue
            end = func.end_col_offset or 0
            change = Change(func.end_lineno or 0, end - len(attr), func.end_lineno or 0, end, new)
            yield hit(
                site.scope,
                func,
                f"`{attr}()` of {found.name} is Pydantic 1's: deprecated, and gone in the next major version. Use "
                f"`{new}()`.",
                [change] if attr in _SAFE else [],
            )


def _model_of(project: Project, scope: Scope, func: ast.Attribute) -> Found | None:
    named = project.names.own(scope, func.value)
    if named and project.is_schema(named):
        return named
    meaning = project.type(scope, func.value)
    return meaning.found if meaning and project.is_schema(meaning.found) else None


def _defines(project: Project, found: Found, attr: str) -> bool:
    return project.names.method(found, attr) is not None or attr in project.fields(found)


def configs(project: Project) -> Iterator[Hit]:
    """`class Config` with names that Pydantic 2 does not know."""
    if not is_v2(project):
        return
    for scope in project.scopes:
        parent = scope.parent
        if not isinstance(scope.node, ast.ClassDef) or scope.node.name != "Config" or parent is None:
            continue
        owner = parent.node if isinstance(parent.node, ast.ClassDef) else None
        if owner is None or not project.bases(Found(scope.module, owner.name, owner)) & {
            "BaseModel",
            "SQLModel",
            "BaseSettings",
        }:
            continue
        for node in scope.own(ast.Assign):
            name = node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""
            if name in _RENAMED:
                new = f"it is called `{_RENAMED[name]}` now" if _RENAMED[name] else "there is no such option any more"
                rename = _RENAMED[name] if name not in ("allow_mutation", "schema_extra") else ""
                yield hit(
                    scope,
                    node,
                    f"Pydantic 2 ignores `{name}` of {owner.name} ({new}): the model behaves as if it were not there.",
                    [Change.of(node.targets[0], rename)] if rename else [],
                )


def settings_moved(project: Project) -> Iterator[Hit]:
    """`from pydantic import BaseSettings`."""
    if not is_v2(project):
        return
    for view in project.views.values():
        for scope in view.scopes:
            for node in scope.own(ast.ImportFrom):
                inside_try = any(isinstance(a, ast.Try) for a in view.above(node))
                if node.module == "pydantic" and any(a.name == "BaseSettings" for a in node.names) and not inside_try:
                    yield hit(
                        scope,
                        node,
                        "Pydantic 2 has no `BaseSettings`: the import fails and the service does not start. It is in "
                        "`pydantic_settings`.",
                    )


def regex(project: Project) -> Iterator[Hit]:
    """`Query(regex=...)`."""
    if not is_v2(project):
        return
    for name, sites in project.sites.items():
        owner, _, last = name.rpartition(".")
        if last not in _MARKERS or owner.partition(".")[0] not in ("fastapi", "pydantic"):
            continue
        for site in sites:
            old = next((k for k in site.call.keywords if k.arg == "regex"), None)
            if old is not None:
                start = (old.lineno, old.col_offset, old.lineno, old.col_offset + len("regex"))
                end = "raises an error" if owner.startswith("pydantic") else "is deprecated"
                yield hit(
                    site.scope,
                    old,
                    f"`regex=` of `{last}` {end}: it is called `pattern=` now.",
                    [Change(*start, "pattern")],
                )


def unmaintained(project: Project) -> Iterator[Hit]:
    """A library nobody looks after: the first place of each."""
    told = set[str]()
    for view in project.views.values():
        for scope in view.scopes:
            for node in scope.own(ast.Import, ast.ImportFrom):
                roots = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                root = next((r.partition(".")[0] for r in roots if r.partition(".")[0] in _UNMAINTAINED), "")
                ours = (isinstance(node, ast.ImportFrom) and node.level) or project.code.module(root) is not None
                if root and root not in told and not ours:
                    told.add(root)
                    name, why, instead = _UNMAINTAINED[root]
                    message = f"{name}: {why}, so the next security problem in it stays yours. Use {instead}."
                    yield Hit(scope.module, node, message, key=f"library {root}")


def old_base(project: Project) -> Iterator[Hit]:
    """`sqlalchemy.ext.declarative.declarative_base`."""
    for site in project.calls("sqlalchemy.ext.declarative.declarative_base"):
        if not keyword(site.call, "cls"):
            yield hit(
                site.scope,
                site.call,
                "`sqlalchemy.ext.declarative` has moved and warns since SQLAlchemy 2.0: type checkers see no "
                "columns. Inherit from `sqlalchemy.orm.DeclarativeBase`.",
            )


RULES = (
    Rule("GL904", "on-event", "warning", on_event),
    Rule("GL905", "validator-of-pydantic-1", "warning", validators),
    Rule("GL906", "method-of-pydantic-1", "warning", methods, repairs=True),
    Rule("GL907", "config-of-pydantic-1", "error", configs, repairs=True),
    Rule("GL908", "settings-of-pydantic-1", "error", settings_moved),
    Rule("GL909", "regex-of-pydantic-1", "warning", regex, repairs=True),
    Rule("GL910", "library-without-maintainer", "warning", unmaintained),
    Rule("GL911", "declarative-base-moved", "info", old_base),
)
