"""Dates: naive and aware, the wrong unit, local for UTC."""

import ast
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family
from agents.repair.families.web_session import imported
from agents.repair.ingredients import module_names
from agents.repair.source import called

_UNITS = ("seconds", "minutes", "hours", "days", "weeks")


def _utc(at: Place) -> tuple[str, str]:
    """How this file names UTC, and what it would have to import for it (empty: nothing)."""
    known = module_names(at.source)
    if "timezone" in known:
        return "timezone.utc", ""
    return ("UTC", "") if "UTC" in known else ("timezone.utc", "timezone")


@family(ast.Call)
def naive_or_aware(node: ast.Call, at: Place) -> Iterator[Change]:
    """`now()` with a zone or without; a zone given to or taken from a date."""
    if not isinstance(node.func, ast.Attribute):
        return
    utc, needs = _utc(at)
    more = tuple(imported(at, "datetime", needs)) if needs else ()
    mixed = at.hints.mentions("offset-naive", "offset-aware", "timezone", "tzinfo", "utc")
    prior = 0.8 if mixed else 0.35
    name, owner = node.func.attr, at.code(node.func.value)
    start, end = at.source.start(node), at.source.end(node)
    if name == "now" and not node.args and not node.keywords:
        edit = at.edit(start, end, f"{owner}.now({utc})")
        yield Change((edit, *more), prior, f"`{owner}.now()` gets a zone")
        yield at.swap(node, f"{owner}.utcnow()", prior * 0.4)
        yield at.swap(node, f"{at.code(node)}.replace(tzinfo=None)", prior * 0.5)
    elif name == "utcnow":
        yield Change(
            (at.edit(start, end, f"{owner}.now({utc})"), *more), prior, "`utcnow()` becomes `now()` with a zone"
        )
    elif name == "now":
        yield at.swap(node, f"{owner}.now()", prior * 0.3)
        yield at.swap(node, f"{at.code(node)}.replace(tzinfo=None)", prior * 0.6)
    elif name == "fromtimestamp" and len(node.args) == 1 and not node.keywords:
        edit = at.edit(end - 1, end - 1, f", tz={utc}")
        yield Change((edit, *more), prior, "a zone is given")
    elif name in ("fromisoformat", "strptime"):
        yield Change((at.edit(end, end, f".replace(tzinfo={utc})"), *more), prior * 0.8, "a zone is given")
        yield Change((at.edit(end, end, f".astimezone({utc})"), *more), prior * 0.5, "it is turned into UTC")


@family(ast.Attribute, ast.Name)
def moment(node: ast.Attribute | ast.Name, at: Place) -> Iterator[Change]:
    """A date read from a database or a request that has lost its zone, or has one too many."""
    text = node.attr if isinstance(node, ast.Attribute) else node.id
    dated = text.endswith(
        ("_at", "_on", "_until", "expires", "deadline", "start", "end", "since", "when", "due", "now")
    )
    parent = at.parent(node)
    function = at.source.function(node)
    returned = function is not None and function.returns is not None and "datetime" in at.code(function.returns)
    dated = dated or (isinstance(parent, ast.Return) and returned and isinstance(getattr(node, "ctx", None), ast.Load))
    if not dated or not isinstance(parent, ast.Compare | ast.BinOp | ast.Assign | ast.Return):
        return
    if not at.hints.mentions("offset-naive", "offset-aware", "tzinfo", "timezone", "utc"):
        return
    utc, needs = _utc(at)
    more = tuple(imported(at, "datetime", needs)) if needs else ()
    end = at.source.end(node)
    yield Change((at.edit(end, end, f".replace(tzinfo={utc})"), *more), 0.6, f"`{text}` gets a zone")
    yield Change((at.edit(end, end, ".replace(tzinfo=None)"),), 0.4, f"`{text}` loses its zone")
    yield Change((at.edit(end, end, f".astimezone({utc})"), *more), 0.2, f"`{text}` is turned into UTC")


@family(ast.Compare)
def until_a_day_ends(node: ast.Compare, at: Place) -> Iterator[Change]:
    """An upper bound given as a day includes that day: before the next one begins."""
    right = node.comparators[0]
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.LtE | ast.Lt):
        return
    midnight = called(right) == "combine" and isinstance(right, ast.Call) and len(right.args) == 2
    if isinstance(right, ast.Call) and midnight:
        day, rest = at.code(right.args[0]), at.code(right.args[1])
        text = f"{at.code(node.left)} < {at.code(right.func)}({day} + timedelta(days=1), {rest})"
    elif isinstance(right, ast.Name) and right.id.endswith(("until", "to", "end", "_day", "before", "date")):
        text = f"{at.code(node.left)} < {right.id} + timedelta(days=1)"
    else:
        return
    edit = at.edit(at.source.start(node), at.source.end(node), text)
    prior = 0.4 if midnight else 0.08
    yield Change((edit, *imported(at, "datetime", "timedelta")), prior, "the last day counts as a whole")


@family(ast.keyword)
def unit(node: ast.keyword, at: Place) -> Iterator[Change]:
    """`minutes=` for `seconds=`."""
    if node.arg in _UNITS and called(at.parent(node) or node) == "timedelta":
        start = at.source.start(node)
        for other in _UNITS:
            if other != node.arg:
                yield at.span(start, start + len(node.arg), other, 0.35, f"`{node.arg}` becomes `{other}`")
