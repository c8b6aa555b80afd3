"""bump-pydantic's codemods on one text, with what is known about the repository's models."""

import re
from collections import defaultdict
from typing import Any, cast

import libcst as cst
from bump_pydantic.codemods.add_default_none import AddDefaultNoneCommand
from bump_pydantic.codemods.class_def_visitor import ClassDefVisitor
from bump_pydantic.codemods.replace_config import ReplaceConfigCodemod
from bump_pydantic.codemods.replace_generic_model import ReplaceGenericModelCommand
from bump_pydantic.codemods.replace_imports import ReplaceImportsCodemod
from libcst.codemod import CodemodContext, ContextAwareTransformer
from libcst.codemod.visitors import AddImportsVisitor, RemoveImportsVisitor
from libcst.helpers import ModuleNameAndPackage
from libcst.metadata import FullRepoManager, FullyQualifiedNameProvider

_STEPS: dict[str, type[ContextAwareTransformer]] = {
    r"class Config\b": ReplaceConfigCodemod,
    r"\b(?:BaseSettings|Color|PaymentCard\w+)\b": ReplaceImportsCodemod,
    r"\bGenericModel\b": ReplaceGenericModelCommand,
}
_NULLABLE = r"\bOptional\[|\bNone\b|\bAny\b"


class _Names:
    """Stands in for libcst's manager of a whole folder: there is no folder, only a module's name."""

    def __init__(self, module: str) -> None:
        self.module = module

    def get_cache_for_path(self, path: str) -> dict[Any, object]:
        return {FullyQualifiedNameProvider: ModuleNameAndPackage(self.module, self.module.rpartition(".")[0])}


def bumped(text: str, path: str, module: str, models: set[str], *, defaults: bool) -> str:
    """The text after bump-pydantic; `defaults` gives None to fields that may be None, as pydantic 1 did by itself."""
    known: dict[str, Any] = {
        ClassDefVisitor.BASE_MODEL_CONTEXT_KEY: models,
        ClassDefVisitor.NO_BASE_MODEL_CONTEXT_KEY: set(),
        ClassDefVisitor.CLS_CONTEXT_KEY: defaultdict(set),
    }
    manager = cast("FullRepoManager", _Names(module))
    context = CodemodContext(filename=path, full_module_name=module, metadata_manager=manager, scratch=known)
    steps = [step for hint, step in _STEPS.items() if re.search(hint, text)]
    if defaults and re.search(_NULLABLE, text) and re.search(r"(?m)^\s*class \w+\(", text):
        steps.insert(0, AddDefaultNoneCommand)
    if not steps:
        return text
    tree = cst.parse_module(text)
    last: tuple[type[ContextAwareTransformer], ...] = (RemoveImportsVisitor, AddImportsVisitor)
    for step in (*steps, *last):
        tree = step(context).transform_module(tree)
    return tree.code
