"""`@validator` and `@root_validator` as pydantic 2 names them, where both do the same."""

import libcst as cst

from agents.recipes import args
from agents.recipes.pyfile import PyFile, Unsure

_VALIDATOR = ("pydantic.validator", "pydantic.class_validators.validator")
_ROOT = ("pydantic.root_validator", "pydantic.class_validators.root_validator")


def rewrite(file: PyFile) -> None:
    """Rewrite the decorators of one file."""
    for function in file.find(cst.FunctionDef):
        for decorator in function.decorators:
            call = decorator.decorator
            func = call.func if isinstance(call, cst.Call) else call
            if file.means(func, *_VALIDATOR) and isinstance(call, cst.Call):
                _validator(file, function, decorator, call)
            elif file.means(func, *_ROOT):
                _root(file, function, decorator)


def _validator(file: PyFile, function: cst.FunctionDef, decorator: cst.Decorator, call: cst.Call) -> None:
    names = [param.name.value for param in function.params.params]
    if {"field", "config"} & set(names) or function.params.star_kwarg:
        raise Unsure(function, "a validator that asks for its field or the Config, which pydantic 2 does not hand over")
    odd = [a for a in ("each_item", "always") if args.keyword(call, a) and args.literal(args.keyword(call, a).value)]  # type: ignore[union-attr]
    if (
        odd
        or len(names) != 2
        or function.params.kwonly_params
        or function.params.star_arg is not cst.MaybeSentinel.DEFAULT
    ):
        why = f"`{odd[0]}`" if odd else "the values before it"
        file.leave(decorator, f"stays a validator because of {why}; pydantic 2 still knows it, as deprecated")
        return
    kept = [arg for arg in call.args if not arg.keyword]
    texts = [file.code(arg.value) for arg in kept]
    pre = args.keyword(call, "pre")
    if pre and args.literal(pre.value) is True:
        texts.append('mode="before"')
    if args.keyword(call, "check_fields"):
        texts.append(
            file.code(
                cst.ensure_type(args.keyword(call, "check_fields"), cst.Arg).with_changes(
                    comma=cst.MaybeSentinel.DEFAULT
                )
            )
        )
    file.edit(call, f"{file.need('pydantic', 'field_validator')}({', '.join(texts)})")
    _classmethod(file, function)


def _root(file: PyFile, function: cst.FunctionDef, decorator: cst.Decorator) -> None:
    """Before validation it becomes a model_validator; after it, the values are a dict only in the deprecated kind."""
    call = decorator.decorator
    pre = args.keyword(call, "pre") if isinstance(call, cst.Call) else None
    if pre and args.literal(pre.value) is True:
        file.edit(call, f'{file.need("pydantic", "model_validator")}(mode="before")')
        _classmethod(file, function)
        return
    skip = args.keyword(call, "skip_on_failure") if isinstance(call, cst.Call) else None
    if skip is None:
        name = file.code(call.func if isinstance(call, cst.Call) else call)
        file.edit(call, f"{name}(skip_on_failure=True)")
        file.remark(decorator, "runs only when every field is right, as pydantic 2 demands")


def _classmethod(file: PyFile, function: cst.FunctionDef) -> None:
    """A `@classmethod` below the last decorator, unless there is one."""
    if any(file.code(d.decorator) == "classmethod" for d in function.decorators):
        return
    start = file.span(function.decorators[-1])[0]
    margin = file.text[file.line_start(start) : start]
    end = file.text.find("\n", file.span(function.decorators[-1])[1])
    file.replace(end, end, f"\n{margin}@classmethod")
