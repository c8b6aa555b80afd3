"""One file with an application and all its handlers becomes an application, routers and what they share."""

import ast
import keyword
import re
from dataclasses import dataclass, field

import libcst as cst

from agents.recipes import args, ruff
from agents.recipes.endpoints import Endpoint, endpoints, owners
from agents.recipes.finish import own_packages, unused, without_imports
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo, is_test, module_name
from agents.recipes.split import Piece, joined, pieces
from agents.recipes.walk import parsed

_HINT = r"\bFastAPI\("
_ORDERED = ("include_router", "mount", "add_api_route", "add_route", "websocket", "api_route", "add_websocket_route")


@dataclass
class _Plan:
    """What goes where."""

    app: str
    groups: dict[str, list[Endpoint]]
    """Name of the router's module -> its handlers."""
    prefixes: dict[str, str]
    stays: list[Piece] = field(default_factory=list)
    shared: list[Piece] = field(default_factory=list)
    imports: list[Piece] = field(default_factory=list)


def rewrite(repo: Repo) -> None:
    """Split every file that makes an application and holds handlers of more than one kind."""
    for path in repo.mentioning(_HINT):
        file = parsed(repo, path)
        if file is None:
            continue
        try:
            _split(repo, file)
        except Unsure as unsure:
            repo.leave(path, file.line(unsure.node) if unsure.node is not file.tree else 0, str(unsure))


def _split(repo: Repo, file: PyFile) -> None:
    apps = [name for name, call in owners(file).items() if file.means(call.func, "fastapi.FastAPI")]
    if len(apps) != 1:
        return
    groups, prefixes = _groups([one for one in endpoints(file) if one.owner == apps[0]])
    if len(groups) < 2:
        return
    plan = _Plan(apps[0], groups, prefixes)
    _check_repository(repo, file)
    _sort(file, plan)
    _write(repo, file, plan)


def _groups(found: list[Endpoint]) -> tuple[dict[str, list[Endpoint]], dict[str, str]]:
    """Handlers by the first part of their paths in which they differ; what has no such part stays where it is."""
    if any(one.path is None for one in found):
        return {}, {}
    parts = {id(one): [part for part in str(one.path).split("/") if part] for one in found}
    long = [p for p in parts.values() if p]
    shared = 0
    while long and all(len(p) > shared + 1 and p[shared] == long[0][shared] and "{" not in p[shared] for p in long):
        shared += 1
    groups: dict[str, list[Endpoint]] = {}
    prefixes: dict[str, str] = {}
    for one in found:
        own = parts[id(one)]
        if len(own) <= shared or "{" in own[shared]:
            continue
        name = re.sub(r"\W", "_", own[shared])
        name = f"{name}_" if keyword.iskeyword(name) or name[:1].isdigit() else name
        groups.setdefault(name, []).append(one)
        prefixes[name] = "/" + "/".join(own[: shared + 1])
    return groups, prefixes


def _check_repository(repo: Repo, file: PyFile) -> None:
    folder = file.path.rpartition("/")[0]
    inside = f"{folder}/__init__.py" in repo.given
    if folder and not inside:
        raise Unsure(
            file.tree, "the file is in a folder that is no package, so nothing tells how its parts are imported"
        )
    beside = f"{folder}/" if folder else ""
    for taken in ("routers.py", "routers/__init__.py", "shared.py"):
        if beside + taken in repo.given:
            raise Unsure(file.tree, f"{beside}{taken} is there already")
    if re.search(r"(?m)^\s*global\s", file.text):
        raise Unsure(file.tree, "a function sets a global variable, which the parts could not share")
    if "__file__" in file.text or re.search(r"(?m)^from \S+ import \*", file.text):
        raise Unsure(file.tree, "the file asks where it is, or takes all names of another")
    place = _replaced(repo, file)
    if place:
        raise Unsure(file.tree, f"names of this file are replaced at {place[0]}:{place[1]}")
    others = [path for path in repo.python if path != file.path and not is_test(path)]
    user = repo.first_line(_imports(file), others)
    if user:
        raise Unsure(file.tree, f"{user[0]}:{user[1]} imports this file, which would import it back")


def _imports(file: PyFile) -> str:
    """What an import of this file looks like."""
    here = module_name(file.path).rstrip(".")
    package, _, last = here.rpartition(".")
    named = re.escape(here)
    beside = rf"|from {re.escape(package)} import [^\n]*\b{last}\b" if package else ""
    return rf"(?m)^\s*(?:from {named} import|import {named}\b|from \.+{last} import|from \.+ import {last}\b{beside})"


def _replaced(repo: Repo, file: PyFile) -> tuple[str, int] | None:
    """Where names of this file are set from outside, or it is imported anew."""
    here = module_name(file.path).rstrip(".")
    last = here.rpartition(".")[2]
    others = [path for path in repo.python if path != file.path]
    named = rf"{_imports(file)}|[\"']{re.escape(here)}[\"']"
    users = [path for path in others if repo.first_line(named, [path])]
    string = repo.first_line(rf"[\"']{re.escape(here)}\.\w+[\"']", others)
    patched = rf"\bsetattr\(\s*(?:[\w.]+\.)?{last}\b|\b{last}\.\w+\s*=[^=]|\breload\("
    return string or repo.first_line(patched, users)


def _sort(file: PyFile, plan: _Plan) -> None:
    """Every statement has its place: the application's, everybody's, or a router's.

    Raises:
        Unsure: something everybody needs is only there once the application is.
    """
    moved = {id(one.function): one for group in plan.groups.values() for one in group}
    handlers = {one.function.name.value for one in moved.values()}
    bound_to_app = {plan.app}
    first = last = -1
    body = pieces(file)
    for index, piece in enumerate(body):
        if id(piece.node) in moved:
            first, last = (index if first < 0 else first), index
            if piece.uses & {plan.app} and _uses_app_inside(piece, plan.app):
                raise Unsure(piece.node, "a handler uses the application itself")
        elif piece.is_import:
            plan.imports.append(piece)
        elif piece.is_docstring or _is_main(piece) or piece.uses & bound_to_app or plan.app in piece.defines:
            plan.stays.append(piece)
            bound_to_app |= piece.defines
        else:
            plan.shared.append(piece)
        if id(piece.node) not in moved and piece.uses & handlers:
            raise Unsure(piece.node, "a handler is used by other code of this file")
    needed = frozenset().union(*(p.uses for p in body if id(p.node) in moved))
    for name in sorted((needed & bound_to_app) - {plan.app}):
        raise Unsure(file.tree, f"handlers need `{name}`, which needs the application")
    for piece in body[first : last + 1]:
        if id(piece.node) not in moved and any(f"{plan.app}.{word}" in piece.code for word in _ORDERED):
            raise Unsure(piece.node, "routes of other kinds are registered between the handlers")


def _uses_app_inside(piece: Piece, app: str) -> bool:
    tree = ast.parse(piece.code)
    function = tree.body[0]
    inner = [*function.body, function.args] if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) else []
    return any(isinstance(n, ast.Name) and n.id == app for part in inner for n in ast.walk(part))


def _is_main(piece: Piece) -> bool:
    return isinstance(piece.node, cst.If) and "__name__" in piece.code.partition("\n")[0]


def _write(repo: Repo, file: PyFile, plan: _Plan) -> None:
    folder = file.path.rpartition("/")[0]
    beside, dot = (f"{folder}/", ".") if folder else ("", "")
    future = [piece.code for piece in plan.imports if "__future__" in piece.code]
    heads = [piece.code for piece in plan.imports if "__future__" not in piece.code]
    common = sorted({name for piece in plan.shared for name in piece.defines})
    new: dict[str, str] = {f"{beside}routers/__init__.py": '"""The routes, one file for each kind."""\n'}
    if plan.shared:
        text = '"""What the routes share."""\n\n' + joined([*future, *heads, *(p.code for p in plan.shared)])
        new[f"{beside}shared.py"] = text
    for name, group in plan.groups.items():
        new[f"{beside}routers/{name}.py"] = _router(file, plan, name, group, future, _deeper(heads, dot), common)
    for path, text in new.items():
        repo.texts[path] = without_imports(text, unused(text)) if text.count("\n") > 1 else text
    repo.texts[file.path] = _main(file, plan, dot, future, heads, common)
    pyproject = repo.texts.get("pyproject.toml", "")
    for path in (*new, file.path):
        repo.texts[path] = ruff.laid_out(repo.texts[path], path, pyproject, {*own_packages(repo), "routers", "shared"})


def _deeper(heads: list[str], dot: str) -> list[str]:
    """Relative imports as a file one folder further down writes them."""
    return [re.sub(r"(?m)^from (\.+)", r"from .\1", head) for head in heads] if dot else heads


def _router(
    file: PyFile, plan: _Plan, name: str, group: list[Endpoint], future: list[str], heads: list[str], common: list[str]
) -> str:
    prefix = plan.prefixes[name]
    parts = []
    for one in group:
        code = file.code(one.function)
        path = args.given(one.call, "path", 0)
        old = file.code(path.value) if path else ""
        rest = str(one.path).removeprefix(prefix)
        was, new = f"@{plan.app}.{one.method}(", f"@router.{one.method}("
        start = code.index(was)
        at = code.index(old, start + len(was))
        parts.append(code[:start] + new + code[start + len(was) : at] + f'"{rest}"' + code[at + len(old) :])
    up = "..shared" if file.path.count("/") else "shared"
    shared = f"from {up} import {', '.join(common)}\n" if common else ""
    words = name.strip("_").replace("_", " ")
    head = joined([*future, "from fastapi import APIRouter\n", *heads, shared])
    return f'"""Routes of {words}."""\n\n{head}\n\nrouter = APIRouter(prefix="{prefix}")\n\n\n{joined(parts)}'


def _main(file: PyFile, plan: _Plan, dot: str, future: list[str], heads: list[str], common: list[str]) -> str:
    names = list(plan.groups)
    lines = [f"from {dot}shared import {', '.join(common)}  # noqa: F401\n"] if common else []
    for name in names:
        handlers = sorted(one.function.name.value for one in plan.groups[name])
        lines.append(f"from {dot}routers.{name} import {', '.join(handlers)}  # noqa: F401\n")
        lines.append(f"from {dot}routers.{name} import router as {name}_router\n")
    includes = "\n" + "".join(f"{plan.app}.include_router({name}_router)\n" for name in names)
    first = min(file.line(one.function) for group in plan.groups.values() for one in group)
    before = [p for p in plan.stays if not p.is_docstring and file.line(p.node) < first]
    after = [p for p in plan.stays if not p.is_docstring and file.line(p.node) >= first]
    doc = [piece.code.strip("\n") + "\n\n" for piece in plan.stays if piece.is_docstring]
    text = joined([*doc, *future, *heads, *lines, *(p.code for p in before), includes, *(p.code for p in after)])
    brought = {name for one in plan.groups.values() for e in one for name in [e.function.name.value]} | set(common)
    return without_imports("".join(_header(file)) + text, unused(text) - unused(file.text) - brought)


def _header(file: PyFile) -> list[str]:
    """Comments above everything, which belong to the file."""
    return [f"{line.comment.value}\n" if line.comment else "\n" for line in file.tree.header]


RECIPE = Recipe("routers", rewrite, by="libcst")
