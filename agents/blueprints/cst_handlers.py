"""Changes to functions: parameters, arguments of calls, dependencies of routes."""

from collections.abc import Callable, Sequence

import libcst as cst

from agents.blueprints.cst_edits import FileEdit

_BLANK = cst.Module([])


def code_of(node: cst.CSTNode) -> str:
    """Source of a node."""
    return _BLANK.code_for_node(node)


def line_limit(edit: FileEdit) -> int:
    """How long lines of this file may get: 88, or as long as its longest is, 120 at most."""
    return min(120, max(88, edit.longest))


def add_parameters(edit: FileEdit, function: str, parameters: Sequence[str], *, keyword_only: bool = False) -> None:
    """Add parameters (all with or all without a default) unless they are there; before `Depends()` defaults."""
    node = edit.function_named(function)
    have = {p.name.value for p in (*node.params.posonly_params, *node.params.params, *node.params.kwonly_params)}
    new = [p for text in parameters if (p := _parameter(text)).name.value not in have]
    if not new:
        return
    params = node.params
    if params.kwonly_params:
        changed = params.with_changes(kwonly_params=_joined([*params.kwonly_params, *new]))
    elif keyword_only:
        changed = params.with_changes(
            star_arg=cst.ParamStar(), kwonly_params=_joined(new), params=_joined(params.params)
        )
    else:
        old = list(params.params)
        plain = all(p.default is None for p in new)
        index = next((i for i, p in enumerate(old) if p.default and (plain or _is_depends(p.default))), len(old))
        changed = params.with_changes(params=_joined([*old[:index], *new, *old[index:]]))
    edit.replace(node, _fitted(node.with_changes(params=changed), params, line_limit(edit), _indent(function)))


def _is_depends(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Call) and code_of(node.func) == "Depends"


def _indent(function: str) -> int:
    return 4 * function.count(".")


def _parameter(text: str) -> cst.Param:
    function = cst.ensure_type(cst.parse_statement(f"def f({text}): ..."), cst.FunctionDef)
    return function.params.params[0]


def _joined(params: Sequence[cst.Param]) -> list[cst.Param]:
    """Parameters with plain commas between and none after the last."""
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    last = len(params) - 1
    return [p.with_changes(comma=comma if i < last else cst.MaybeSentinel.DEFAULT) for i, p in enumerate(params)]


def _fitted(node: cst.FunctionDef, before: cst.Parameters, limit: int, indent: int) -> cst.FunctionDef:
    """The signature on one line if it was and still fits, else one parameter a line."""
    was_broken = "\n" in code_of(before) or "\n" in code_of(node.whitespace_before_params)
    signature = code_of(node.with_changes(body=cst.SimpleStatementSuite([cst.Pass()]), decorators=(), leading_lines=()))
    if (
        not was_broken
        and indent + len(signature.strip().removesuffix(" pass")) <= limit
        and "\n" not in signature.strip()
    ):
        return node
    inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
    outer = cst.ParenthesizedWhitespace(indent=True)
    return node.with_changes(whitespace_before_params=inner, params=_broken(node.params, inner, outer))


def _broken(
    params: cst.Parameters, inner: cst.ParenthesizedWhitespace, outer: cst.ParenthesizedWhitespace
) -> cst.Parameters:
    comma, last = cst.Comma(whitespace_after=inner), cst.Comma(whitespace_after=outer)
    plain = [p.with_changes(comma=comma) for p in params.params]
    named = [p.with_changes(comma=comma) for p in params.kwonly_params]
    if named:
        named[-1] = named[-1].with_changes(comma=last)
    elif plain:
        plain[-1] = plain[-1].with_changes(comma=last)
    star = params.star_arg
    if isinstance(star, cst.ParamStar):
        star = star.with_changes(comma=comma)
    return params.with_changes(params=plain, kwonly_params=named, star_arg=star)


def with_keywords(call: cst.Call, values: dict[str, str]) -> cst.Call:
    """The call with keyword arguments added (those it has are kept as they are)."""
    have = {arg.keyword.value for arg in call.args if arg.keyword}
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    new = [
        cst.Arg(cst.parse_expression(v), keyword=cst.Name(k), equal=equal) for k, v in values.items() if k not in have
    ]
    return with_arguments(call, new)


def with_arguments(call: cst.Call, new: Sequence[cst.Arg]) -> cst.Call:
    """The call with arguments appended, its commas and line breaks kept."""
    if not new:
        return call
    args = list(call.args)
    trailing = args[-1].comma if args else cst.MaybeSentinel.DEFAULT
    between: cst.Comma | cst.MaybeSentinel = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    if args and isinstance(trailing, cst.Comma) and "\n" in code_of(trailing.whitespace_after):
        between = args[0].comma if len(args) > 1 else cst.Comma(whitespace_after=call.whitespace_before_args)
    if args:
        args[-1] = args[-1].with_changes(comma=between)
    fresh = [a.with_changes(comma=between) for a in new]
    fresh[-1] = fresh[-1].with_changes(comma=trailing)
    return call.with_changes(args=[*args, *fresh])


def broken_call(call: cst.Call) -> cst.Call:
    """The call with one argument a line."""
    inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
    outer = cst.ParenthesizedWhitespace(indent=True)
    last = len(call.args) - 1
    args = [
        a.with_changes(comma=cst.Comma(whitespace_after=outer if i == last else inner)) for i, a in enumerate(call.args)
    ]
    return call.with_changes(args=args, whitespace_before_args=inner)


def add_dependency(edit: FileEdit, function: str, path_method: Callable[[cst.Call], bool], dependency: str) -> None:
    """Put `Depends(dependency)` into the `dependencies` of the route decorator that `path_method` picks."""
    node = edit.function_named(function)
    for decorator in node.decorators:
        call = decorator.decorator
        if not isinstance(call, cst.Call) or not path_method(call):
            continue
        wanted = f"Depends({dependency})"
        given = next((a for a in call.args if a.keyword and a.keyword.value == "dependencies"), None)
        if given is None:
            new = with_keywords(call, {"dependencies": f"[{wanted}]"})
            fits = "\n" in code_of(new) or len(code_of(new)) + 1 <= line_limit(edit)
            edit.replace(call, new if fits else broken_call(new))
        elif isinstance(given.value, cst.List) and wanted not in code_of(given.value):
            elements = [*given.value.elements, cst.Element(cst.parse_expression(wanted))]
            edit.replace(given.value, given.value.with_changes(elements=elements))
        elif not isinstance(given.value, cst.List):
            raise edit.refuse(given, function, "its `dependencies` are no literal list, so none can be added by rule")
        return
