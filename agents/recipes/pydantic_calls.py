"""Methods of models under the names pydantic 2 gives them, where the object is certainly a model."""

import libcst as cst

from agents.recipes import args
from agents.recipes.pyfile import PyFile

_OF_CLASS = {
    "parse_obj": "model_validate", "parse_raw": "model_validate_json", "from_orm": "model_validate",
    "construct": "model_construct", "schema": "model_json_schema", "update_forward_refs": "model_rebuild",
}  # fmt: skip
_OF_OBJECT = {"dict": "model_dump", "json": "model_dump_json", "copy": "model_copy"}
_ATTRIBUTES = {"__fields__": "model_fields", "__fields_set__": "model_fields_set"}
_DUMP = {"include", "exclude", "by_alias", "exclude_unset", "exclude_defaults", "exclude_none"}


def rewrite(file: PyFile, models: set[str]) -> None:
    """Rewrite the calls of one file."""
    own = {node.name.value for node in file.find(cst.FunctionDef) if _in_class(file, node)}
    for call in file.find(cst.Call):
        func = call.func
        if not isinstance(func, cst.Attribute) or func.attr.value in own:
            continue
        old = func.attr.value
        if old in _OF_CLASS and _is_class(file, func.value, models):
            file.edit(func.attr, _OF_CLASS[old])
        elif old in _OF_OBJECT and _is_object(file, func.value, models):
            _object_call(file, call, func)
    for node in file.find(cst.Attribute):
        if node.attr.value in _ATTRIBUTES and (
            _is_class(file, node.value, models) or _is_object(file, node.value, models)
        ):
            file.edit(node.attr, _ATTRIBUTES[node.attr.value])
    for call in file.calls("pydantic.parse_obj_as", "pydantic.tools.parse_obj_as"):
        if len(args.positional(call)) == 2 == len(call.args):
            kind, value = (file.code(arg.value) for arg in call.args)
            file.edit(call, f"{file.need('pydantic', 'TypeAdapter')}({kind}).validate_python({value})")


def _object_call(file: PyFile, call: cst.Call, func: cst.Attribute) -> None:
    old = func.attr.value
    names = {arg.keyword.value if arg.keyword else "" for arg in call.args}
    if old == "copy" and not names <= {"update", "deep"}:
        file.leave(call, "copy with include or exclude has no equal; pydantic 2 still knows it, as deprecated")
    elif old == "json" and not names <= _DUMP:
        file.leave(call, "json with arguments for json.dumps has no equal in pydantic 2")
    elif old == "dict" and not names <= _DUMP:
        file.leave(call, "dict with arguments that pydantic 2 does not know")
    else:
        file.edit(func.attr, _OF_OBJECT[old])
        if old == "json":
            file.remark(call, "model_dump_json writes no blanks between keys and values")


def _in_class(file: PyFile, function: cst.FunctionDef) -> bool:
    return isinstance(file.around(function, cst.ClassDef, cst.FunctionDef), cst.ClassDef)


def _is_class(file: PyFile, node: cst.BaseExpression, models: set[str]) -> bool:
    if isinstance(node, cst.Name) and node.value == "cls":
        owner = file.around(node, cst.ClassDef)
        return isinstance(owner, cst.ClassDef) and f"{file.module.rstrip('.')}.{owner.name.value}" in models
    return file.means(node, *models)


def _is_object(file: PyFile, node: cst.BaseExpression, models: set[str]) -> bool:
    """A call of a model, a parameter or variable that is one by annotation or by every value it gets, or `self`."""
    if isinstance(node, cst.Call):
        return _makes(file, node, models)
    if not isinstance(node, cst.Name):
        return False
    function = file.function_of(node)
    if node.value == "self":
        owner = file.around(node, cst.ClassDef)
        return isinstance(owner, cst.ClassDef) and f"{file.module.rstrip('.')}.{owner.name.value}" in models
    if function is None:
        return False
    params = [*function.params.params, *function.params.kwonly_params]
    typed = [p for p in params if p.name.value == node.value]
    stored = [a for a in file.find(cst.Assign, function) if any(file.code(t.target) == node.value for t in a.targets)]
    others = [n for n in file.find(cst.Name, function) if n.value == node.value and _bound_otherwise(file, n)]
    if others:
        return False
    if typed:
        return typed[0].annotation is not None and _is_type(file, typed[0].annotation.annotation, models) and all(
            isinstance(a.value, cst.Call) and _makes(file, a.value, models) for a in stored
        )  # fmt: skip
    return bool(stored) and all(isinstance(a.value, cst.Call) and _makes(file, a.value, models) for a in stored)


def _bound_otherwise(file: PyFile, name: cst.Name) -> bool:
    """The name is the target of a loop, a with, an unpacking or an annotation: too much to follow."""
    parent = file.parent(name)
    if isinstance(parent, cst.For | cst.CompFor | cst.AnnAssign | cst.AugAssign | cst.NamedExpr):
        return getattr(parent, "target", None) is name
    return isinstance(parent, cst.AsName) or (
        isinstance(parent, cst.Element) and isinstance(file.around(parent, cst.AssignTarget), cst.AssignTarget)
    )


def _makes(file: PyFile, call: cst.Call, models: set[str]) -> bool:
    func = call.func
    if file.means(func, *models):
        return True
    return (
        isinstance(func, cst.Attribute)
        and func.attr.value in ("parse_obj", "parse_raw", "from_orm", "model_validate", "model_validate_json")
        and _is_class(file, func.value, models)
    )


def _is_type(file: PyFile, node: cst.BaseExpression, models: set[str]) -> bool:
    if isinstance(node, cst.Subscript) and file.means(node.value, "typing.Annotated", "typing_extensions.Annotated"):
        first = node.slice[0].slice
        return isinstance(first, cst.Index) and _is_type(file, first.value, models)
    return file.means(node, *models)
