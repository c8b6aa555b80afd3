"""Pieces of the repository that may be missing elsewhere: guards, statements, conditions, arguments, filters."""

import ast
import builtins
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from agents.repair.repository import Repository
from agents.repair.scope import Names
from agents.repair.source import FUNCTIONS, Source, called, names_in

_BUILTINS = frozenset(dir(builtins))
_SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign)
_LONGEST = 240
_OPPOSITE: dict[type[ast.cmpop], str] = {ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of code, with the names it needs and those it only binds itself."""

    text: str
    needs: frozenset[str]
    path: str
    function: str = ""
    names: frozenset[str] = frozenset()
    """Every name it mentions, those after a dot too."""


@dataclass(slots=True)
class Ingredients:
    """What can be copied."""

    guards: list[Piece] = field(default_factory=list)
    """`if` statements that end in raise, return, continue or break."""
    raises: list[Piece] = field(default_factory=list)
    statements: list[Piece] = field(default_factory=list)
    conditions: list[Piece] = field(default_factory=list)
    keywords: dict[str, dict[str, Piece]] = field(default_factory=lambda: defaultdict(dict))
    """Called name -> `name=value` -> the value."""
    chained: dict[str, dict[str, Piece]] = field(default_factory=lambda: defaultdict(dict))
    """Method of a query -> its arguments as text: `where`, `order_by`, `options`, `limit` ..."""
    parameters: dict[str, Piece] = field(default_factory=dict)
    """Whole parameters with a default that depends on something (`user: User = Depends(current)`)."""
    fields: dict[str, Piece] = field(default_factory=dict)
    """Class-body assignments such as `model_config = ...`."""


CHAINED = frozenset(
    {"where", "filter", "filter_by", "order_by", "options", "limit", "offset", "distinct", "unique", "group_by", "join"}
)


def ingredients_of(repo: Repository) -> Ingredients:
    """Everything worth copying, read once per repository."""
    cached: Ingredients | None = repo.__dict__.get("_ingredients")
    if cached is None:
        cached = Ingredients()
        for source in repo.sources:
            for node in source.nodes:
                _read(node, source, cached)
        repo.__dict__["_ingredients"] = cached
    return cached


def _read(node: ast.AST, source: Source, into: Ingredients) -> None:
    if isinstance(node, ast.If):
        _add(into.conditions, _piece(node.test, source))
        ends = isinstance(node.body[-1], ast.Raise | ast.Return | ast.Continue | ast.Break)
        if ends and not node.orelse and not source.is_elif(node):
            _add(into.guards, _lines(node, source))
    elif isinstance(node, ast.IfExp | ast.While):
        _add(into.conditions, _piece(node.test, source))
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            plain = test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else test
            _add(into.conditions, _piece(plain, source))
    elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        _add(into.raises, _piece(node, source))
    elif isinstance(node, _SIMPLE) and source.function(node) is not None and source.is_alone(node):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            _add(into.statements, _lines(node, source))
    elif isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg:
                into.keywords[source.code(node.func)].setdefault(source.code(keyword), _piece(keyword.value, source))
        if called(node) in CHAINED and isinstance(node.func, ast.Attribute):
            inside = source.text[source.end(node.func) + 1 : source.end(node) - 1]
            into.chained[node.func.attr].setdefault(" ".join(inside.split()), _piece(node, source, node.func.value))
            if node.func.attr in ("where", "filter"):
                for arg in node.args:
                    for text in _conditions(arg, source):
                        into.chained[node.func.attr].setdefault(text, _piece(arg, source))
    elif isinstance(node, FUNCTIONS):
        _parameters(node, source, into)
    elif isinstance(node, ast.ClassDef):
        for item in node.body:
            if isinstance(item, ast.Assign) and "config" in source.code(item.targets[0]):
                into.fields.setdefault(source.code(item), _piece(item.value, source))


def _conditions(arg: ast.expr, source: Source) -> Iterator[str]:
    """A condition of a query, and its opposite where it compares sizes."""
    text = " ".join(source.code(arg).split())
    yield text
    if isinstance(arg, ast.Compare) and len(arg.ops) == 1 and type(arg.ops[0]) in _OPPOSITE:
        yield f"{source.code(arg.left)} {_OPPOSITE[type(arg.ops[0])]} {source.code(arg.comparators[0])}"


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef, source: Source, into: Ingredients) -> None:
    args = node.args.args
    for arg, default in zip(args[len(args) - len(node.args.defaults) :], node.args.defaults, strict=True):
        if called(default) in ("Depends", "Security", "Query", "Header"):
            text = source.text[source.start(arg) : source.end(default)]
            into.parameters.setdefault(text, _piece(arg, source))
    for arg in (*args, *node.args.kwonlyargs):
        if arg.annotation is not None and "Depends(" in source.code(arg):
            into.parameters.setdefault(source.code(arg), _piece(arg, source))


def _add(pieces: list[Piece], piece: Piece) -> None:
    if len(piece.text) <= _LONGEST and all(piece.text != other.text for other in pieces[-300:]):
        pieces.append(piece)


def _piece(node: ast.AST, source: Source, without: ast.AST | None = None) -> Piece:
    skip = set(ast.walk(without)) if without is not None else set()
    read: set[str] = set()
    bound: set[str] = set()
    for part in ast.walk(node):
        if part in skip:
            continue
        if isinstance(part, ast.Name):
            (bound if isinstance(part.ctx, ast.Store) else read).add(part.id)
        elif isinstance(part, ast.arg):
            bound.add(part.arg)
    around = source.function(node)
    needs = frozenset(read - bound - _BUILTINS)
    return Piece(source.code(node), needs, source.path, around.name if around else "", frozenset(names_in(node)))


def _lines(node: ast.stmt, source: Source) -> Piece:
    whole = source.text[source.line_start(node.lineno) : source.end(node)]
    plain = _piece(node, source)
    return replace(plain, text=textwrap.dedent(whole))


def module_names(source: Source) -> set[str]:
    """Names a module binds at its top level."""
    cached: set[str] | None = source.__dict__.get("_module_names")
    if cached is None:
        cached = set()
        for node in source.tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                cached |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                cached.add(node.name)
            else:
                cached |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        source.__dict__["_module_names"] = cached
    return cached


def fitted(piece: Piece, source: Source, names: Names, line: int) -> Iterator[tuple[str, frozenset[str]]]:
    """The piece's text as it may stand on a line, with the names it mentions.

    As it is, or with its one unknown name given another.
    """
    here = names.at(line)
    unknown = [name for name in piece.needs if name not in names.kinds or name not in here]
    unknown = [name for name in unknown if name not in module_names(source)]
    if not unknown:
        yield piece.text, piece.names
    elif len(unknown) == 1:
        old = unknown[0]
        bound = [n for n in here if n not in ("self", "cls") and n not in piece.needs]
        for new in bound[-4:]:
            yield _renamed(piece.text, old, new), piece.names - {old} | {new}


def _renamed(text: str, old: str, new: str) -> str:
    return re.sub(rf"(?<![\w.\"']){re.escape(old)}(?!\w)(?!=[^=])", new, text)
