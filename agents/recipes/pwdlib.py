"""passlib's `CryptContext` becomes pwdlib's `PasswordHash`."""

import libcst as cst

from agents.recipes import args
from agents.recipes.packages import require
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import rewrite_files

_IMPORT = r"(?m)^\s*(?:from|import)\s+passlib\b"
_CONTEXT = "passlib.context.CryptContext"
_HASHERS = {
    "bcrypt": ("pwdlib.hashers.bcrypt", "BcryptHasher"),
    "argon2": ("pwdlib.hashers.argon2", "Argon2Hasher"),
}
_METHODS = {"hash", "verify", "verify_and_update"}


def rewrite(repo: Repo) -> None:
    """Change over all files or none."""
    paths = repo.mentioning(_IMPORT)
    if not paths:
        return
    extras: set[str] = set()
    rewrite_files(repo, paths, lambda file: extras.update(_rewrite_file(repo, file)))
    still = repo.first_line(_IMPORT, repo.python)
    if still is None:
        require(repo, f"pwdlib[{','.join(sorted(extras))}]>=0.2.1", instead_of="passlib")
        return
    repo.undo()
    repo.leave(*still, "passlib is still used here, so nothing was changed")


def _rewrite_file(repo: Repo, file: PyFile) -> set[str]:
    contexts = file.calls(_CONTEXT)
    known: set[cst.CSTNode] = {call.func for call in contexts}
    for node in file.find(cst.Name):
        if file.around(node, cst.Import, cst.ImportFrom) or node in known:
            continue
        if any(name.startswith("passlib") for name in file.names(node)) and file.parent(node) not in known:
            if isinstance(file.around(node, cst.Annotation), cst.Annotation) and file.means(node, _CONTEXT):
                file.edit(node, file.need("pwdlib", "PasswordHash"))
                continue
            raise Unsure(node, f"pwdlib has nothing that does the same as `{file.code(node)}`")
    found: set[str] = set()
    for call in contexts:
        found |= _rewrite_context(file, call)
        _check_uses(repo, file, call)
    if not contexts:
        raise Unsure(file.tree, "passlib is used without a CryptContext")
    return found


def _rewrite_context(file: PyFile, call: cst.Call) -> set[str]:
    schemes = args.given(call, "schemes", 0)
    if schemes is None or not isinstance(schemes.value, cst.List | cst.Tuple):
        raise Unsure(call, "the schemes are not written out")
    names = [args.literal(element.value) for element in schemes.value.elements]
    if not names or any(name not in _HASHERS for name in names):
        raise Unsure(schemes, f"pwdlib hashes with {' and '.join(_HASHERS)} only, and old hashes have to stay readable")
    options: dict[str, str] = {}
    for arg in call.args:
        name = arg.keyword.value if arg.keyword else ""
        if arg is schemes or (name == "deprecated" and args.literal(arg.value) == "auto"):
            continue
        if name in ("bcrypt__rounds", "bcrypt__default_rounds"):
            options["bcrypt"] = f"rounds={file.code(arg.value)}"
        else:
            raise Unsure(arg, "this option has no equal in pwdlib")
    hashers = []
    for scheme in map(str, names):
        module, hasher = _HASHERS[scheme]
        hashers.append(f"{file.need(module, hasher)}({options.get(scheme, '')})")
    file.edit(call, f"{file.need('pwdlib', 'PasswordHash')}(({', '.join(hashers)},))")
    return {str(name) for name in names}


def _check_uses(repo: Repo, file: PyFile, call: cst.Call) -> None:
    """The context has a name, and every method used of that name anywhere is one pwdlib has too."""
    assign = file.parent(call)
    target = assign.targets[0].target if isinstance(assign, cst.Assign) else getattr(assign, "target", None)
    if not isinstance(target, cst.Name):
        raise Unsure(call, "the context has no name to follow")
    name = target.value
    other = repo.first_line(rf"\b{name}\.(?!(?:{'|'.join(sorted(_METHODS))})\b)\w+", repo.python)
    if other:
        raise Unsure(call, f"`{name}` is used at {other[0]}:{other[1]} in a way pwdlib does not know")
    if repo.first_line(rf"\b{name}\.\w+\((?:[^()]|\([^()]*\))*\w+=", repo.python):
        raise Unsure(call, f"`{name}` is called with named arguments, which have other names in pwdlib")


RECIPE = Recipe("pwdlib", rewrite, by="libcst")
