"""python-jose's `jwt` becomes PyJWT."""

import libcst as cst

from agents.recipes import args
from agents.recipes.packages import require, requirement
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import rewrite_files

_IMPORT = r"(?m)^\s*(?:from|import)\s+jose\b"
_JWT = "jose.jwt."
_ERRORS = {
    "jose.JWTError": "PyJWTError",
    "jose.jwt.JWTError": "PyJWTError",
    "jose.exceptions.JWTError": "PyJWTError",
    "jose.exceptions.JOSEError": "PyJWTError",
    "jose.JOSEError": "PyJWTError",
    "jose.ExpiredSignatureError": "ExpiredSignatureError",
    "jose.jwt.ExpiredSignatureError": "ExpiredSignatureError",
    "jose.exceptions.ExpiredSignatureError": "ExpiredSignatureError",
}
_OPTIONS = {"verify_exp", "verify_aud", "verify_nbf", "verify_iss", "verify_iat"}


def rewrite(repo: Repo) -> None:
    """Change over all files or none: a token made by one library is read by the other, their errors are not alike."""
    paths = repo.mentioning(_IMPORT)
    if not paths:
        return
    changed = rewrite_files(repo, paths, _rewrite_file)
    still = repo.first_line(_IMPORT, repo.python)
    if still is None:
        line = "PyJWT[crypto]>=2.8" if _needs_crypto(repo, changed) else "PyJWT>=2.8"
        require(repo, line, instead_of="python-jose")
        return
    repo.undo()
    repo.leave(*still, "python-jose is still used here, so nothing was changed")


def _needs_crypto(repo: Repo, paths: list[str]) -> bool:
    """Keys of other kinds than a shared secret may be in use."""
    found = requirement(repo, "python-jose")
    text = "".join(repo.texts[path] for path in paths)
    return bool(found and found.extras) or any(f'"{kind}' in text for kind in ("RS", "ES", "PS"))


def _rewrite_file(file: PyFile) -> None:
    understood: set[cst.CSTNode] = set()
    for call in file.find(cst.Call):
        name = next(iter(file.names(call.func)), "")
        if name.startswith(_JWT) and isinstance(call.func, cst.Attribute):
            _rewrite_call(file, call, name.removeprefix(_JWT))
            understood |= {call.func, call.func.value}
    for node in file.find(cst.Name) + file.find(cst.Attribute):
        if node in understood or file.around(node, cst.ImportAlias, cst.Import, cst.ImportFrom):
            continue
        found = [name for name in file.names(node) if name.startswith("jose.")]
        if not found or (isinstance(file.parent(node), cst.Attribute) and file.names(file.parent(node))):
            continue
        if len(found) != 1 or found[0] not in _ERRORS:
            raise Unsure(node, f"PyJWT has nothing that does the same as `{file.code(node)}`")
        file.edit(node, f"jwt.{_ERRORS[found[0]]}")
    if "jwt" in file.bound() and file.imports().get("jwt") != "jose.jwt":
        raise Unsure(file.tree, "`jwt` already means something else in this file")
    file.needs.append("import jwt")
    _drop_imports(file)


def _rewrite_call(file: PyFile, call: cst.Call, name: str) -> None:
    if not args.is_plain(call):
        raise Unsure(call, "the arguments are not all written out")
    if name == "encode":
        if args.keyword(call, "access_token") or len(args.positional(call)) > 4:
            raise Unsure(call, "PyJWT writes no at_hash")
    elif name == "decode":
        _check_decode(file, call)
        file.remark(call, "a token that says it was issued in the future is refused by PyJWT; python-jose let it pass")
    elif name in ("get_unverified_claims", "get_unverified_header"):
        token = file.code(args.positional(call)[0].value)
        verify = 'decode({}, options={{"verify_signature": False}})'
        file.edit(call, f"jwt.{(verify if name.endswith('claims') else 'get_unverified_header({})').format(token)}")
        return
    else:
        raise Unsure(call, f"PyJWT has no `{name}`")
    file.edit(call.func, f"jwt.{name}")


def _check_decode(file: PyFile, call: cst.Call) -> None:
    """Only what both libraries check alike; algorithms become a list."""
    for name, why in (
        ("audience", "a token without an audience passes python-jose and fails PyJWT"),
        ("issuer", "python-jose takes a list of issuers and lets a missing one pass"),
        ("subject", "python-jose compares the subject, PyJWT before 2.10 does not"),
        ("access_token", "PyJWT does not check at_hash"),
    ):
        if args.keyword(call, name):
            raise Unsure(call, why)
    given = args.given(call, "algorithms", 2)
    if given is None:
        raise Unsure(call, "no algorithms are named, and PyJWT asks for them")
    if not isinstance(given.value, cst.List | cst.Tuple):
        if isinstance(given.value, cst.SimpleString) or _is_text(file, given.value):
            file.edit(given.value, f"[{file.code(given.value)}]")
        elif not file.code(given.value).lower().endswith("algorithms"):
            raise Unsure(given, "one algorithm or a list of them? PyJWT takes only a list")
    options = args.keyword(call, "options")
    if options and not (
        isinstance(options.value, cst.Dict)
        and all(isinstance(e, cst.DictElement) and args.literal(e.key) in _OPTIONS for e in options.value.elements)
    ):
        raise Unsure(options, "these options mean other things in PyJWT")


def _is_text(file: PyFile, node: cst.BaseExpression) -> bool:
    """A name that this file sets to a string."""
    for assign in file.find(cst.Assign):
        if file.code(assign.targets[0].target) == file.code(node) and isinstance(assign.value, cst.SimpleString):
            return True
    return False


def _drop_imports(file: PyFile) -> None:
    """Take the imports of jose out by hand: `jwt` stays in use under the same name."""
    for line in file.tree.body:
        small = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
        if isinstance(small, cst.ImportFrom) and small.module and file.code(small.module).split(".")[0] == "jose":
            start, end = file.span(line)
            file.replace(file.line_start(start), file.text.find("\n", end - 1) + 1, "")
        elif isinstance(small, cst.Import) and any(a.evaluated_name.startswith("jose") for a in small.names):
            raise Unsure(small, "jose is imported as a whole")


RECIPE = Recipe("pyjwt", rewrite, by="libcst")
