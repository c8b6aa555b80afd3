"""Changing the query inside one function: filters after it begins, order where it stands, a page before its use."""

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from agents.blueprints.cst_edits import FileEdit, find_all
from agents.blueprints.cst_handlers import code_of, line_limit

_STEPS = {"filter", "filter_by", "where", "order_by", "options", "join", "outerjoin", "limit", "offset", "distinct",
          "execution_options", "group_by", "having"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a list query shall do in addition."""

    conditions: tuple[tuple[str, str], ...] = ()
    """(guard, condition): `("tag is not None", "Book.tags.any(...)")`."""
    order: tuple[str, ...] = ()
    paginated: bool = False
    keep_order: bool = False
    """`order` is used only where the query has none."""


def narrow(edit: FileEdit, function: str, model: str, asked: Narrowing) -> None:
    """Change the query on `model` (as written there) in `function`.

    Raises:
        NotUnderstood: the query is not one plain chain in the function's own body.
    """
    name = _name_the_query(edit, function, model)
    legacy = _is_legacy(edit, function, name, model)
    if asked.order:
        _order(edit, function, name, model, asked)
    if asked.paginated:
        _page(edit, function, name)
    lines = [
        f"if {guard}:\n    {name} = {name}.{'filter' if legacy else 'where'}({test})"
        for guard, test in asked.conditions
    ]
    if lines:
        edit.add_to_function(function, _first_assignment(edit, function, name) + 1, "\n".join(lines))


def _name_the_query(edit: FileEdit, function: str, model: str) -> str:
    """Give the query a variable of its own if it has none; its name."""
    root, index = _root(edit, function, model)
    statement = _body(edit, function)[index]
    chain = _chain(statement, root)
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value)]
        ):
            if value is chain:
                return name
        case cst.SimpleStatementLine(body=[cst.AnnAssign(target=cst.Name(value=name), value=value)]) if value is chain:
            return name
    taken = {n.value for n in find_all(edit.function_named(function), cst.Name)}
    wanted = "query" if _ends(root, "query") else "statement"
    name = wanted if wanted not in taken or wanted == "query" else f"{wanted}_"
    name = name if name not in _locals(edit, function) else f"{name}_"
    edit.replace(chain, cst.Name(name))
    line = code_of(chain)
    written = f"{name} = {line}" if "\n" not in line else f"{name} = (\n    {line}\n)"
    edit.add_to_function(function, index, written)
    return name


def _locals(edit: FileEdit, function: str) -> set[str]:
    node = edit.function_named(function)
    params = {p.name.value for p in (*node.params.params, *node.params.kwonly_params)}
    return params | {t.target.value for t in find_all(node.body, cst.AssignTarget) if isinstance(t.target, cst.Name)}


def _root(edit: FileEdit, function: str, model: str) -> tuple[cst.Call, int]:
    node = edit.function_named(function)
    hits = [
        (call, index)
        for index, statement in enumerate(_body(edit, function))
        for call in find_all(statement, cst.Call)
        if call.args and (_ends(call, "select") or _ends(call, "query"))
        and code_of(call.args[0].value) == model
    ]  # fmt: skip
    if len(hits) != 1:
        raise edit.refuse(
            node, function, f"it has {len(hits)} queries on {model}; one plain query can be extended by rule"
        )
    call, index = hits[0]
    if not isinstance(_body(edit, function)[index], cst.SimpleStatementLine):
        raise edit.refuse(
            call, function, "the query stands inside a block; only one in the function's own body can be extended"
        )
    return call, index


def _ends(call: cst.Call, name: str) -> bool:
    return code_of(call.func).rpartition(".")[2] == name


def _chain(statement: cst.CSTNode, root: cst.BaseExpression) -> cst.BaseExpression:
    """The longest run of query-building calls that starts with `root`."""
    current = root
    while True:
        around = [
            call
            for call in find_all(statement, cst.Call)
            if isinstance(call.func, cst.Attribute)
            and call.func.value is current and call.func.attr.value in _STEPS
        ]  # fmt: skip
        if not around:
            return current
        current = around[0]


def _body(edit: FileEdit, function: str) -> Sequence[cst.BaseStatement]:
    body = edit.function_named(function).body
    return body.body if isinstance(body, cst.IndentedBlock) else ()


def _first_assignment(edit: FileEdit, function: str, name: str) -> int:
    return next(i for i, s in enumerate(_body(edit, function)) if _assigns(s, name))


def _assigns(statement: cst.CSTNode, name: str) -> bool:
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    if isinstance(small, cst.Assign):
        return any(isinstance(t.target, cst.Name) and t.target.value == name for t in small.targets)
    return isinstance(small, cst.AnnAssign) and isinstance(small.target, cst.Name) and small.target.value == name


def _is_legacy(edit: FileEdit, function: str, name: str, model: str) -> bool:
    statement = _body(edit, function)[_first_assignment(edit, function, name)]
    return f".query({model})" in code_of(statement)


def _use(edit: FileEdit, function: str, name: str) -> tuple[int, cst.BaseExpression]:
    """Index of the last statement that uses the query, and the chain on it there."""
    body = _body(edit, function)
    for index in range(len(body) - 1, -1, -1):
        statement = body[index]
        names = [n for n in find_all(statement, cst.Name) if n.value == name]
        if not names or _assigns(statement, name):
            continue
        if not isinstance(statement, cst.SimpleStatementLine) or len(names) > 1:
            raise edit.refuse(statement, function, f"how `{name}` is used here is not plain enough to extend by rule")
        return index, _chain(statement, names[0])
    raise edit.refuse(edit.function_named(function), function, f"`{name}` is never used")


def _order(edit: FileEdit, function: str, name: str, model: str, asked: Narrowing) -> None:
    order = asked.order
    node = edit.function_named(function)
    given = [call for call in find_all(node.body, cst.Call) if _ends(call, "order_by") and _is_on(call, name, model)]
    arguments = cst.ensure_type(cst.parse_expression(f"f({', '.join(order)})"), cst.Call).args
    if given and asked.keep_order:
        return
    if len(given) > 1:
        raise edit.refuse(given[1], function, "the list is ordered in more than one place")
    if given:
        edit.replace(given[0], given[0].with_changes(args=arguments, whitespace_before_args=cst.SimpleWhitespace("")))
        return
    index, chain = _use(edit, function, name)
    blocked = [call for call in find_all(chain, cst.Call) if _ends(call, "limit") or _ends(call, "offset")]
    if blocked:
        raise edit.refuse(blocked[0], function, "the query is cut here before it can be ordered")
    edit.add_to_function(function, index, _step(edit, name, f"order_by({', '.join(order)})"))


def _is_on(call: cst.Call, name: str, model: str) -> bool:
    """The call is a step of the query `name`, or of one on `model` that has no name."""
    owner = code_of(call.func).rpartition(".")[0]
    return owner == name or owner.startswith(f"{name}.") or f"({model})" in owner


def _step(edit: FileEdit, name: str, call: str) -> str:
    line = f"{name} = {name}.{call}"
    if len(line) + 8 <= line_limit(edit):
        return line
    method, _, arguments = call.partition("(")
    return f"{name} = {name}.{method}(\n    {arguments.removesuffix(')')}\n)"


def _page(edit: FileEdit, function: str, name: str) -> None:
    index, chain = _use(edit, function, name)
    lines = []
    if not isinstance(chain, cst.Name):
        lines.append(f"{name} = {code_of(chain)}")
        edit.replace(chain, cst.Name(name))
    lines += [
        f"if limit is not None:\n    {name} = {name}.limit(limit)",
        f"if offset:\n    {name} = {name}.offset(offset)",
    ]
    edit.add_to_function(function, index, "\n".join(lines))
