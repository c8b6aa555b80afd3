"""`datetime.utcnow()` becomes `datetime.now(UTC)`, naive where a naive value was kept or compared."""

import libcst as cst

from agents.recipes.packages import python_floor
from agents.recipes.pyfile import PyFile
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import rewrite_files

_HINT = r"\butc(?:now|fromtimestamp)\b"
_CLAIMS = {"exp", "iat", "nbf"}
_NOW, _FROM = "datetime.datetime.utcnow", "datetime.datetime.utcfromtimestamp"


def rewrite(repo: Repo) -> None:
    """Rewrite every use, unless tests put something else in its place."""
    patched = repo.first_line(r"[\"'][\w.]*datetime\.utc(?:now|fromtimestamp)[\"']|\.utcnow\.return_value", repo.python)
    if patched:
        repo.leave(*patched, "utcnow is replaced by something else here, which now() would not be")
        return
    new = python_floor(repo) >= (3, 11)
    rewrite_files(repo, repo.mentioning(_HINT), lambda file: _rewrite_file(file, new))


def _rewrite_file(file: PyFile, new: bool) -> None:
    done: set[cst.CSTNode] = set()
    for call in file.calls(_NOW, _FROM):
        done.add(call.func)
        if file.means(call.func, _NOW):
            _rewrite_now(file, call, new)
        elif len(call.args) == 1 and not call.args[0].star and call.args[0].keyword is None:
            seconds, zone = file.code(call.args[0].value), _utc(file, call.func, new)
            moment = f"{_owner(file, call.func)}.fromtimestamp({seconds}, {zone})"
            file.edit(call, f"{moment}.replace(tzinfo=None)")
    for node in file.find(cst.Attribute):
        if node not in done and file.means(node, _NOW):
            if isinstance(file.parent(node), cst.Arg):
                now = f"{_owner(file, node)}.now({_utc(file, node, new)})"
                file.edit(node, f"lambda: {now}.replace(tzinfo=None)")
            else:
                file.leave(node, "utcnow is passed on as a function here")


def _rewrite_now(file: PyFile, call: cst.Call, new: bool) -> None:
    if call.args:
        file.leave(call, "utcnow takes no arguments")
        return
    aware = f"{_owner(file, call.func)}.now({_utc(file, call.func, new)})"
    if _is_claim(file, call):
        file.edit(call, aware)
        return
    file.edit(call, f"{aware}.replace(tzinfo=None)")
    file.remark(call, "stays without a time zone, so that it still compares with what is stored")


def _owner(file: PyFile, func: cst.BaseExpression) -> str:
    """What stands before `.utcnow`: `datetime` or `datetime.datetime`."""
    return file.code(cst.ensure_type(func, cst.Attribute).value)


def _utc(file: PyFile, func: cst.BaseExpression, new: bool) -> str:
    """The name of UTC the way this file imports datetime."""
    owner = cst.ensure_type(func, cst.Attribute).value
    if isinstance(owner, cst.Attribute):
        return f"{file.code(owner.value)}.{'UTC' if new else 'timezone.utc'}"
    known = {source: local for local, source in file.imports().items()}
    if "datetime.timezone" in known:
        return f"{known['datetime.timezone']}.utc"
    return file.need("datetime", "UTC") if new else f"{file.need('datetime', 'timezone')}.utc"


def _is_claim(file: PyFile, call: cst.Call) -> bool:
    """The moment, or a sum with it, is a claim of a token, where both kinds are the same instant."""
    node: cst.CSTNode = call
    while isinstance(parent := file.parent(node), cst.BinaryOperation):
        if not isinstance(parent.operator, cst.Add | cst.Subtract) or file.code(parent).count("timedelta(") != 1:
            return False
        node = parent
    if _is_claim_value(file, node):
        return True
    if not isinstance(parent, cst.Assign) or len(parent.targets) != 1:
        return False
    target, function = parent.targets[0].target, file.function_of(call)
    if not isinstance(target, cst.Name) or function is None:
        return False
    return _only_claims(file, function, target.value)


def _only_claims(file: PyFile, function: cst.FunctionDef, name: str) -> bool:
    """Every use of the local name is the value of a claim, and every value it gets is such a sum."""
    for node in file.find(cst.Name, function):
        if node.value != name:
            continue
        parent = file.parent(node)
        if isinstance(parent, cst.AssignTarget):
            assigned = cst.ensure_type(file.parent(parent), cst.Assign).value
            text = file.code(assigned)
            if "utcnow()" not in text or any(word in text for word in (" if ", "(None", "or ")):
                return False
        elif not _is_claim_value(file, node):
            return False
    return True


def _is_claim_value(file: PyFile, node: cst.CSTNode) -> bool:
    """The node is `{"exp": node}`, or is stored by `claims["exp"] = node`."""
    parent = file.parent(node)
    if isinstance(parent, cst.DictElement):
        return parent.value is node and _is_claim_key(parent.key)
    if isinstance(parent, cst.Assign) and parent.value is node and len(parent.targets) == 1:
        target = parent.targets[0].target
        if isinstance(target, cst.Subscript) and len(target.slice) == 1:
            index = target.slice[0].slice
            return isinstance(index, cst.Index) and _is_claim_key(index.value)
    return False


def _is_claim_key(key: cst.BaseExpression) -> bool:
    return isinstance(key, cst.SimpleString) and key.evaluated_value in _CLAIMS


RECIPE = Recipe("aware-utcnow", rewrite, by="libcst")
