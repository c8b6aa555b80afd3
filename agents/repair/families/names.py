"""Wrong names: variables, arguments, attributes, keyword arguments."""

import ast
import difflib
from collections.abc import Iterator

from agents.repair.candidate import Edit
from agents.repair.families.base import Change, Place, family, short
from agents.repair.scope import Names, alike
from agents.repair.source import FUNCTIONS, called

BUILTIN_TWINS = {
    "min": ("max",), "max": ("min",), "any": ("all",), "all": ("any",), "sum": ("len", "max"), "len": ("sum",),
    "sorted": ("list", "reversed"), "floor": ("ceil", "round"), "ceil": ("floor",), "round": ("int",), 
    "int": ("round", "float"),
    "str": ("repr",), "list": ("sorted", "set"), "set": ("list", "sorted"), "reversed": ("sorted", "list"),
    "timedelta": (), "isinstance": ("issubclass",), "zip": ("zip_longest",), "ord": ("int",), "filter": ("map",),
}  # fmt: skip


def names_of(node: ast.AST, at: Place) -> Names | None:
    """The names of the function around a node, read once."""
    function = at.source.function(node)
    if function is None:
        return None
    cache: dict[ast.AST, Names] = at.__dict__.setdefault("_names", {})
    if function not in cache:
        cache[function] = Names(at.source, function)
    return cache[function]


@family(ast.Name)
def other_variable(node: ast.Name, at: Place) -> Iterator[Change]:
    """Another variable of the function; one that nothing reads first."""
    parent = at.parent(node)
    if not isinstance(node.ctx, ast.Load) or (isinstance(parent, ast.Call) and parent.func is node):
        return
    if isinstance(parent, ast.arg | ast.ExceptHandler) or _in_annotation(node, at):
        return
    names = names_of(node, at)
    if names is None:
        return
    own = names.kinds.get(node.id, "?")
    if own == "?":
        return
    unused = set(names.unused())
    owner = at.source.owner(node)
    inherited = owner is not None and bool(owner.bases)
    statement = at.source.statement(node)
    bound = (
        {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        if statement
        else set()
    )
    for name in names.at(node.lineno):
        if name == node.id or name in ("self", "cls", "_") or not alike(own, names.kinds[name]):
            continue
        prior = 0.16 if own and own == names.kinds[name] else 0.08
        if name in unused:
            prior = 0.15 if inherited else 0.5
        elif _similar(name, node.id):
            prior += 0.15
        elif name in names.parameters and node.id in names.parameters:
            prior += 0.05
        elif name in bound:
            prior *= 0.4
        yield at.swap(node, name, prior)


def _similar(one: str, two: str) -> bool:
    parts = set(one.split("_")) & set(two.split("_"))
    return bool(parts) or difflib.SequenceMatcher(None, one, two).ratio() > 0.7 or len(one) == len(two) == 1


def _in_annotation(node: ast.AST, at: Place) -> bool:
    child = node
    for parent in at.source.above(node):
        if isinstance(parent, ast.arg | ast.AnnAssign) and parent.annotation is child:
            return True
        if isinstance(parent, FUNCTIONS):
            return parent.returns is child
        if isinstance(parent, ast.stmt):
            return False
        child = parent
    return False


@family(ast.Name)
def other_builtin(node: ast.Name, at: Place) -> Iterator[Change]:
    """The built-in function that does the opposite or nearly the same."""
    parent = at.parent(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        for name in BUILTIN_TWINS.get(node.id, ()):
            if name in ("zip_longest",):
                continue
            yield at.swap(node, name, 0.4 if node.id in ("min", "max", "any", "all") else 0.15)


@family(ast.Name)
def other_function(node: ast.Name, at: Place) -> Iterator[Change]:
    """Another function of the repository with the same number of parameters and a similar name."""
    parent = at.parent(node)
    is_call = isinstance(parent, ast.Call) and parent.func is node
    own = at.repo.signatures.get(node.id)
    if own is None or not (is_call or isinstance(parent, ast.Call)):
        return
    local = {f.name for f in at.source.tree.body if isinstance(f, FUNCTIONS)} | _imported(at)
    for name, signature in at.repo.signatures.items():
        if name != node.id and name in local and len(signature.names) == len(own.names):
            yield at.swap(node, name, 0.2 if _similar(name, node.id) else 0.06)


def _imported(at: Place) -> set[str]:
    cached: set[str] | None = at.__dict__.get("_imports")
    if cached is None:
        cached = {
            alias.asname or alias.name
            for n in at.source.nodes
            if isinstance(n, ast.ImportFrom | ast.Import)
            for alias in n.names
        }
        at.__dict__["_imports"] = cached
    return cached


def _exchanged(one: ast.expr, two: ast.expr, at: Place) -> tuple[Edit, Edit]:
    """Two expressions in each other's place."""
    return (
        at.edit(at.source.start(one), at.source.end(one), at.code(two)),
        at.edit(at.source.start(two), at.source.end(two), at.code(one)),
    )


@family(ast.Call)
def swapped_arguments(node: ast.Call, at: Place) -> Iterator[Change]:
    """Two arguments changed places."""
    args = node.args
    if any(isinstance(arg, ast.Starred) for arg in args):
        return
    for index in range(len(args)):
        for other in range(index + 1, len(args)):
            one, two = args[index], args[other]
            edits = _exchanged(one, two, at)
            prior = 0.25 if other == index + 1 else 0.12
            if at.code(one)[:1].isupper() != at.code(two)[:1].isupper():
                prior *= 0.2
            if at.code(one) != at.code(two):
                yield Change(edits, prior, f"`{short(at.code(one))}` and `{short(at.code(two))}` change places")


@family(ast.Expr)
def swapped_between_calls(node: ast.Expr, at: Place) -> Iterator[Change]:
    """Two calls that follow each other, each with what the other should be given: `move(a, n)` and `move(b, -n)`."""
    block = at.source.block(node)
    here = block.index(node)
    other = block[here + 1] if here + 1 < len(block) else None
    one, two = _awaited(node), _awaited(other)
    if one is None or two is None or at.code(one.func) != at.code(two.func):
        return
    for mine, theirs in zip(one.args, two.args, strict=False):
        if at.code(mine) != at.code(theirs):
            says = f"`{short(at.code(mine))}` and `{short(at.code(theirs))}` change calls"
            yield Change(_exchanged(mine, theirs, at), 0.15, says)


def _awaited(node: ast.stmt | None) -> ast.Call | None:
    value = node.value if isinstance(node, ast.Expr) else None
    value = value.value if isinstance(value, ast.Await) else value
    return value if isinstance(value, ast.Call) else None


@family(ast.Call)
def swapped_values(node: ast.Call, at: Place) -> Iterator[Change]:
    """The values of two keyword arguments changed places."""
    for index, one in enumerate(node.keywords[:6]):
        for two in node.keywords[index + 1 : 6]:
            if one.arg and two.arg and at.code(one.value) != at.code(two.value):
                yield Change(_exchanged(one.value, two.value, at), 0.12, f"`{one.arg}` and `{two.arg}` change values")


@family(ast.Call)
def argument_missing(node: ast.Call, at: Place) -> Iterator[Change]:
    """A parameter that the called function has and the caller could give."""
    signature = at.repo.signatures.get(called(node))
    names = names_of(node, at)
    if signature is None or names is None or any(k.arg is None for k in node.keywords):
        return
    given = {k.arg for k in node.keywords}
    free = [n for n in (*signature.names[len(node.args) :], *signature.keywords) if n not in given]
    for parameter in free[:4]:
        for name in names.at(node.lineno):
            if name == parameter or (name in names.unused() and alike(names.kinds[name], "")):
                yield _with_argument(node, f"{parameter}={name}", at, 0.45 if name == parameter else 0.2)


def _with_argument(node: ast.Call, text: str, at: Place, prior: float) -> Change:
    end = at.source.end(node) - 1
    inside = at.source.text[at.source.end(node.func) : end].strip("( \n\t")
    comma = "" if not inside or inside.endswith(",") else ", "
    return at.span(end, end, f"{comma}{text}", prior, f"`{short(text)}` is passed as well")


@family(ast.Call)
def argument_too_many(node: ast.Call, at: Place) -> Iterator[Change]:
    """An argument left out, so that the default holds."""
    last = node.args[-1] if node.args else None
    if len(node.args) > 1 and last is not None and not node.keywords:
        start = at.source.end(node.args[-2])
        yield at.span(start, at.source.end(last), "", 0.08, f"`{short(at.code(last))}` is not passed")
    for index, keyword in enumerate(node.keywords):
        before = node.keywords[index - 1] if index else node.args[-1] if node.args else None
        start = at.source.end(before) if before is not None else at.source.start(keyword)
        if keyword.arg and not (before is None and len(node.keywords) > 1):
            says = f"`{short(at.code(keyword))}` is not passed"
            yield at.span(start, at.source.end(keyword), "", 0.1, says)


@family(ast.Attribute)
def other_attribute(node: ast.Attribute, at: Place) -> Iterator[Change]:
    """Another attribute that objects of this name have in the repository, or a field of its class."""
    parent = at.parent(node)
    call = isinstance(parent, ast.Call) and parent.func is node
    receiver = node.value.id if isinstance(node.value, ast.Name) else ""
    options: dict[str, float] = {}
    for name, count in at.repo.attributes.get(receiver, {}).items():
        options[name] = 0.08 + min(count, 5) * 0.01
    for owner in _owners(receiver, node, at):
        for name in at.repo.members(owner):
            options[name] = 0.12
    methods = {m for every in at.repo.methods.values() for m in every}
    start = at.source.end(node.value)
    for name, prior in options.items():
        if name == node.attr or (call != (name in methods or name not in _all_fields(at))):
            continue
        prior += 0.15 if _similar(name, node.attr) else 0
        prior += 0.3 if node.attr in at.hints.lacking else 0
        edit = at.edit(start, at.source.end(node), f".{name}")
        yield Change((edit,), prior, f"`.{node.attr}` becomes `.{name}`")


def _owners(receiver: str, node: ast.AST, at: Place) -> list[str]:
    """Classes that something of this name may be an instance of, or is."""
    if not receiver:
        return []
    if receiver in ("self", "cls"):
        return [n.name for n in at.source.above(node) if isinstance(n, ast.ClassDef)][:1]
    if receiver in at.repo.fields:
        return [receiver]
    bare = receiver.replace("_", "").lower()
    return [name for name in at.repo.fields if name.lower() == bare or bare.endswith(name.lower())][:2]


def _all_fields(at: Place) -> set[str]:
    cached: set[str] | None = at.repo.__dict__.get("_all_fields")
    if cached is None:
        cached = {field for fields in at.repo.fields.values() for field in fields}
        at.repo.__dict__["_all_fields"] = cached
    return cached


@family(ast.Attribute)
def attribute_of_another(node: ast.Attribute, at: Place) -> Iterator[Change]:
    """`self.x` for `x` and `x` for `x.y`."""
    if isinstance(node.ctx, ast.Load) and not isinstance(at.parent(node), ast.Call | ast.Attribute):
        yield at.swap(node, at.code(node.value), 0.05)


@family(ast.keyword)
def other_keyword(node: ast.keyword, at: Place) -> Iterator[Change]:
    """Another parameter for the same value."""
    call = at.parent(node)
    signature = at.repo.signatures.get(called(call)) if call is not None else None
    options = set(signature.names + signature.keywords) if signature else set(at.repo.members(called(call or node)))
    given = {k.arg for k in call.keywords} if isinstance(call, ast.Call) else set()
    start = at.source.start(node)
    for name in sorted(options - given):
        if node.arg:
            yield at.span(start, start + len(node.arg), name, 0.15, f"`{node.arg}=` becomes `{name}=`")


@family(ast.Assign, ast.AugAssign)
def other_target(node: ast.Assign | ast.AugAssign, at: Place) -> Iterator[Change]:
    """Another variable or attribute is assigned."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    names = names_of(node, at)
    if isinstance(target, ast.Name) and names is not None:
        for name in names.at(node.lineno):
            if name not in (target.id, "self", "cls") and alike(names.kinds[name], names.kinds.get(target.id, "")):
                yield at.swap(target, name, 0.12)
    elif isinstance(target, ast.Tuple) and isinstance(node, ast.Assign) and len(target.elts) == 2:
        one, two = (at.code(part) for part in target.elts)
        yield at.swap(target, f"{two}, {one}", 0.2)
