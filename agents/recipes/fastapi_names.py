"""Names and arguments FastAPI and Starlette have deprecated become those that took their place."""

import libcst as cst

from agents.recipes import args
from agents.recipes.packages import allows, at_least
from agents.recipes.pyfile import PyFile
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import rewrite_files

_STATUS = {
    "HTTP_413_REQUEST_ENTITY_TOO_LARGE": "HTTP_413_CONTENT_TOO_LARGE",
    "HTTP_414_REQUEST_URI_TOO_LONG": "HTTP_414_URI_TOO_LONG",
    "HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE": "HTTP_416_RANGE_NOT_SATISFIABLE",
    "HTTP_422_UNPROCESSABLE_ENTITY": "HTTP_422_UNPROCESSABLE_CONTENT",
}
_PARAMETERS = ("Query", "Path", "Body", "Header", "Cookie", "File", "Form")
_TEMPLATES = ("fastapi.templating.Jinja2Templates", "starlette.templating.Jinja2Templates")
_KINDS = (
    (rf"\b(?:{'|'.join(_STATUS)})\b", "0.117", "0.48", "a status under its new name"),
    (r"\bregex\s*=", "0.100", "0.27", "`pattern` in the place of `regex`"),
    (r"\bTemplateResponse\(", "0.108", "0.29", "a TemplateResponse that takes the request first"),
)
"""What to look for, the first FastAPI and the first Starlette that have it, what it is."""


def rewrite(repo: Repo) -> None:
    """Rewrite what the required fastapi lets be written the new way."""
    for number, (hint, version, starlette, what) in enumerate(_KINDS):
        paths = repo.mentioning(hint)
        if not paths:
            continue
        old = [f"{n} {v}" for n, v in (("fastapi", version), ("starlette", starlette)) if not allows(repo, n, v)]
        if old:
            place = repo.first_line(hint, paths)
            repo.leave(*(place or (paths[0], 0)), f"{what} needs {old[0]}, which the requirement rules out")
            continue
        change = (_status, _pattern, _template)[number]
        if rewrite_files(repo, paths, change):
            at_least(repo, "fastapi", version)
            at_least(repo, "starlette", starlette)


def _status(file: PyFile) -> None:
    homes = ("fastapi.status", "starlette.status")
    for node in file.find(cst.Attribute):
        if node.attr.value in _STATUS and file.means(node, *(f"{home}.{node.attr.value}" for home in homes)):
            file.edit(node.attr, _STATUS[node.attr.value])
    for old, new in _STATUS.items():
        if file.imports().get(old) in [f"{home}.{old}" for home in homes]:
            for name in file.find(cst.Name):
                if name.value == old:
                    file.edit(name, new)


def _pattern(file: PyFile) -> None:
    for call in file.calls(*(f"fastapi.{name}" for name in _PARAMETERS)):
        regex = args.keyword(call, "regex")
        if regex and not args.keyword(call, "pattern"):
            file.edit(cst.ensure_type(regex.keyword, cst.Name), "pattern")


def _template(file: PyFile) -> None:
    """`TemplateResponse(name, {"request": request, ...})` -> `TemplateResponse(request, name, {...})`."""
    made = {
        file.code(assign.targets[0].target)
        for assign in file.find(cst.Assign)
        if isinstance(assign.value, cst.Call) and file.means(assign.value.func, *_TEMPLATES)
    }
    for call in file.find(cst.Call):
        func = call.func
        if not isinstance(func, cst.Attribute) or func.attr.value != "TemplateResponse":
            continue
        if file.code(func.value) not in made and file.code(func.value) != "templates":
            continue
        name, context = args.given(call, "name", 0), args.given(call, "context", 1)
        if name is None or context is None or not isinstance(args.literal(name.value), str):
            continue
        elements = list(context.value.elements) if isinstance(context.value, cst.Dict) else []
        found = [e for e in elements if isinstance(e, cst.DictElement) and args.literal(e.key) == "request"]
        if len(found) != 1:
            file.leave(call, "where the request is in this context cannot be seen")
            continue
        kept = [file.code(e.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for e in elements if e is not found[0]]
        rest = [
            file.code(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in call.args if a not in (name, context)
        ]
        texts = [file.code(found[0].value), file.code(name.value), *([f"{{{', '.join(kept)}}}"] if kept else []), *rest]
        file.edit(call, f"{file.code(func)}({', '.join(texts)})")


RECIPE = Recipe("fastapi-names", rewrite, by="libcst")
