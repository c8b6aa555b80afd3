"""An application factory that needs arguments: which of them can be had, and which cannot."""

import ast
from dataclasses import dataclass

from agents.profile import AppProfile
from agents.reading.modules import Code, Found, Function, class_values, dotted_name, keyword

_MADE_ALONE = ("BaseSettings", "BaseModel")


@dataclass(frozen=True, slots=True)
class Given:
    """What a factory is called with."""

    imports: tuple[str, ...]
    arguments: tuple[str, ...]
    """`config=Settings()`, one for each that it needs."""
    lacking: tuple[str, ...] = ()
    """Parameters nobody can say a value for."""


def given_to(code: Code, profile: AppProfile) -> Given | None:
    """What the application's factory has to be called with; None when there is no factory, or it needs nothing."""
    module_name, _, name = profile.target.partition(":")
    module = code.modules.get(profile.main_file)
    node = module.definitions.get(name) if module and profile.factory else None
    if module is None or not isinstance(node, Function):
        return None
    found = [_argument(code, Found(module, name, node), one) for one in required(node)]
    if not found:
        return None
    had = [one for one in found if one[1]]
    imports = (f"from {module_name} import {name}", *dict.fromkeys(line for _, _, line in had))
    return Given(
        imports=imports,
        arguments=tuple(f"{parameter}={value}" for parameter, value, _ in had),
        lacking=tuple(parameter for parameter, value, _ in found if not value),
    )


def required(node: Function) -> list[ast.arg]:
    """Parameters without a default."""
    args = node.args
    plain = [*args.posonlyargs, *args.args]
    named = [one for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is None]
    return [*plain[: len(plain) - len(args.defaults)], *named]


def _argument(code: Code, factory: Found, one: ast.arg) -> tuple[str, str, str]:
    """Parameter, value, import statement; the value is empty when it cannot be had."""
    found = code.find(factory.module, one.annotation) if one.annotation is not None else None
    positional = isinstance(factory.node, Function) and one in factory.node.args.posonlyargs
    if found is None or positional or not _made_alone(code, found):
        return one.arg, "", ""
    return one.arg, f"{found.name}()", f"from {found.module.name} import {found.name}"


def _made_alone(code: Code, found: Found) -> bool:
    """A class of settings, or a model or data class whose every field has a default."""
    if not isinstance(found.node, ast.ClassDef):
        return False
    line = [one for one in code.ancestry(found) if isinstance(one.node, ast.ClassDef)]
    names = {
        code.origin(one.module, base).rpartition(".")[2]
        for one in line
        for base in (one.node.bases if isinstance(one.node, ast.ClassDef) else ())
    }
    if "BaseSettings" in names:
        return True
    data = any(dotted_name(_called(one)).endswith("dataclass") for one in found.node.decorator_list)
    if not data and not names & set(_MADE_ALONE):
        return False
    fields = [pair for one in line if isinstance(one.node, ast.ClassDef) for pair in class_values(one.node)]
    return not any(is_required(value) for name, value in fields if name != "model_config")


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def is_required(value: ast.expr | None) -> bool:
    """A field that is assigned this (None: only annotated) has no default."""
    if value is None:
        return True
    if not isinstance(value, ast.Call) or dotted_name(value.func).rpartition(".")[2] not in ("Field", "field"):
        return False
    first = value.args[0] if value.args else keyword(value, "default")
    ellipsis = isinstance(first, ast.Constant) and first.value is Ellipsis
    return ellipsis or (first is None and keyword(value, "default_factory") is None)
