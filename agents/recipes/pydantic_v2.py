"""pydantic 1 becomes pydantic 2: what was removed everywhere or nowhere, what is deprecated where it is certain."""

import re

from agents.recipes import pydantic_calls, pydantic_fields, pydantic_validators
from agents.recipes.classes import descendants
from agents.recipes.finish import finish
from agents.recipes.packages import allows, replace, require, requirement
from agents.recipes.pyfile import PyFile
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo, module_name
from agents.recipes.walk import rewrite_every

_ROOTS = {
    "pydantic.BaseModel", "pydantic.main.BaseModel", "pydantic.BaseSettings", "pydantic_settings.BaseSettings",
    "pydantic.generics.GenericModel", "sqlmodel.SQLModel",
}  # fmt: skip
_HINT = r"\bpydantic\b"
_OLD_ONLY = (
    r"from pydantic import [^\n]*\bBaseSettings\b|pydantic\.generics|GenericModel\b|\bregex\s*=|__root__|"
    r"\borm_mode\s*=|allow_population_by_field_name|anystr_strip_whitespace|@root_validator\s*\n|@root_validator\(\)"
)
_OLD_CALLS = (
    r"\.(?:dict|json|copy|parse_obj|parse_raw|from_orm|construct|schema|update_forward_refs)\(|\b__fields(?:_set)?__\b"
)
_GONE = {
    r"\b__get_validators__\b": "a type of its own kind (`__get_validators__`)",
    r"\b__modify_schema__\b": "a schema changed by hand (`__modify_schema__`)",
    r"\b__root__\b": "`__root__`: a RootModel has `.root` and dumps itself otherwise",
    r"\bunique_items\s*=": "`unique_items` is gone",
    r"\bconst\s*=\s*True": "`const` is gone",
    r"(?m)^\s+class Config\([\w., ]+\):": "a Config that inherits from another",
    r"\bpydantic\.(?:fields|utils|typing|validators|schema|errors|env_settings|class_validators|json|parse|tools)\b": (
        "a module of pydantic's inside"
    ),
    r"\bModelField\b": "ModelField is gone",
    r"\bparse_file\(|\bparse_raw_as\(|\bschema_of\(": "a function that is gone",
    r"\bfrom pydantic\.v1\b|\bimport pydantic\.v1\b": "pydantic.v1 is used on purpose",
}


def rewrite(repo: Repo) -> None:
    """Rewrite every file, or none when one holds something that has no equal."""
    paths = repo.mentioning(_HINT)
    was_old = _was_old(repo)
    if not paths or _stopped(repo, paths):
        return
    from agents.recipes.bump import bumped  # a third of a second, for this recipe alone

    models = descendants(repo, _ROOTS)
    wanted = [path for path in repo.in_scope() if _may_hold(repo, path, models)]
    if not rewrite_every(repo, wanted, lambda file: _rewrite_file(file, models)):
        repo.leave(paths[0], 0, "pydantic stays as it is, because one place has no equal")
        return
    for path in wanted:
        module = module_name(path).rstrip(".")
        text = _moved_imports(repo.texts[path])
        finish(repo, path, bumped(text, path, module, set(models), defaults=was_old))
        if "TODO[pydantic]" in repo.texts[path] and "TODO[pydantic]" not in repo.given[path]:
            repo.undo()
            repo.leave(path, 0, "its Config holds something pydantic 2 has no equal for, so nothing was changed")
            return
    if repo.texts != dict(repo.given) and was_old:
        _require(repo)


def _rewrite_file(file: PyFile, models: set[str]) -> None:
    pydantic_fields.rewrite(file, models)
    pydantic_validators.rewrite(file)
    pydantic_calls.rewrite(file, models)


def _was_old(repo: Repo) -> bool:
    """The repository runs on pydantic 1 now: it says so, or uses what is only there."""
    if requirement(repo, "pydantic") is not None and not allows(repo, "pydantic", "2.0"):
        return True
    if requirement(repo, "fastapi") is not None and not allows(repo, "fastapi", "0.100"):
        return True
    old = repo.mentioning(_OLD_ONLY, everywhere=True)
    return bool(old) and not repo.mentioning(r"\bpydantic_settings\b", everywhere=True)


def _stopped(repo: Repo, paths: list[str]) -> bool:
    """Name every place that has no equal in pydantic 2."""
    stopped = False
    for hint, reason in _GONE.items():
        for path in paths:
            place = repo.first_line(hint, [path])
            if place and reason:
                repo.leave(*place, f"{reason}, so pydantic stays as it is")
                stopped = True
    outside = sorted({*repo.mentioning(_HINT, everywhere=True)} - set(repo.in_scope()))
    place = repo.first_line(r"(?<!\.)\bUUID[1345]\(", outside)
    if place:
        repo.leave(*place, "a file that is not among the paths makes values by `UUID4(...)`, which is only a type now")
        stopped = True
    for path in paths:
        unknown = pydantic_fields.unknown_config(repo.texts[path])
        if unknown:
            repo.leave(path, unknown[0], f"Config's `{unknown[1]}` has no equal, so pydantic stays as it is")
            stopped = True
    return stopped


def _may_hold(repo: Repo, path: str, models: set[str]) -> bool:
    """The file defines models, or calls by an old name what may be one."""
    text = repo.texts[path]
    last = {name.rpartition(".")[2] for name in models}
    used = bool(set(re.findall(r"\b[A-Za-z_]\w+\b", text)) & last)
    return (
        re.search(r"from pydantic|import pydantic", text) is not None
        or (used and re.search(_OLD_CALLS, text) is not None)
        or (used and re.search(r"(?m)^\s+class Config\b|^class \w+\(.*\):", text) is not None)
    )


def _moved_imports(text: str) -> str:
    text = re.sub(r"(?m)^from pydantic\.error_wrappers import ValidationError$",
                  "from pydantic import ValidationError", text)  # fmt: skip
    return re.sub(r"(?m)^from pydantic\.main import BaseModel$", "from pydantic import BaseModel", text)


def _require(repo: Repo) -> None:
    if requirement(repo, "pydantic") is None:
        require(repo, "pydantic>=2,<3")
    else:
        replace(repo, "pydantic", "pydantic>=2,<3")
    if requirement(repo, "fastapi") and not allows(repo, "fastapi", "0.100"):
        replace(repo, "fastapi", "fastapi>=0.100")
    for module, line in (("pydantic_settings", "pydantic-settings>=2"),
                         ("pydantic_extra_types", "pydantic-extra-types>=2")):  # fmt: skip
        if any(module in repo.texts[path] for path in repo.python):
            require(repo, line)


RECIPE = Recipe(
    "pydantic-v2",
    rewrite,
    by="bump-pydantic",
    openapi="a field that may be None says so (anyOf with null), and messages of refused input read differently",
)
