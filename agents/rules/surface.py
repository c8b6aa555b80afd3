"""What the people after you find: documentation, structure, settings in one place."""

import ast
import re
from collections.abc import Iterator

from agents.reading.modules import Found
from agents.rules.ask import text_of
from agents.rules.habits import Use, by_habit
from agents.rules.project import Project
from agents.rules.reach import served_code
from agents.rules.routers import Endpoint
from agents.rules.rule import Hit, Rule, hit
from agents.rules.scopes import Scope

_MANY, _KINDS = 12, 3
_ENVIRONMENT = ("os.getenv", "os.environ.get", "os.environ.setdefault")
_NOT_SERVED = re.compile(
    r"(^|/)(scripts?|tools|cli|tasks|workers?|celery\w*|alembic|migrations|examples?|docs?|benchmarks?)(/|\.py$)|config|setting|env"
)

_PLATFORM = re.compile(
    r"^(HOME|PATH|USER|PWD|SHELL|TMPDIR|TERM|TZ|LANG|HOSTNAME|DO_NOT_TRACK|NO_COLOR|CI|PORT|VIRTUAL_ENV|PYTEST\w*"
    r"|PYTHON\w*|(GITHUB|GITLAB|OTEL|AWS|GOOGLE|AZURE|KUBERNETES|CUDA|NVIDIA|SPACE|HF|XDG|K_|FLY|RENDER|VERCEL)_\w*)$"
)


def undocumented(project: Project) -> Iterator[Hit]:
    """Operations that say nothing about themselves."""
    uses = []
    for handler, endpoint in project.handlers.items():
        page = endpoint.option("response_class")
        if not endpoint.hidden and not (page is not None and "HTML" in ast.unparse(page)):
            flaw = (
                f"{endpoint.shown} has neither a docstring nor a summary: the API's users see the name of a function."
            )
            uses.append(Use(handler, "" if _documented(endpoint) else flaw))
    yield from by_habit(
        uses,
        "{count} of {all} operations in {file}, {first} first, have neither a docstring nor a summary: the API's "
        "users see names of functions. Say in one sentence what each does.",
    )


def _documented(endpoint: Endpoint) -> bool:
    if any(k.arg is None for k in endpoint.call.keywords):
        return True
    return bool(ast.get_docstring(endpoint.handler.function)) or any(
        endpoint.option(name) is not None for name in ("summary", "description")
    )


def one_file(project: Project) -> Iterator[Hit]:
    """Every route in the file of the application."""
    for router in project.web.routers:
        here = [e for e in router.endpoints if e.handler.module is router.module]
        kinds = {e.path.strip("/").partition("/")[0] for e in here}
        if router.is_app and router.call and len(here) >= _MANY and len(kinds) >= _KINDS:
            yield hit(
                router.scope,
                router.call,
                f"{len(here)} operations on {len(kinds)} kinds of things are in this one file: every change meets "
                "every other. Give each kind an `APIRouter` in a module of its own.",
            )


def scattered(project: Project) -> Iterator[Hit]:
    """The environment read beside the settings."""
    classes = [f for f in project.code.classes() if "BaseSettings" in project.bases(f)]
    settings = max(classes, key=lambda f: len(project.fields(f)), default=None)
    if settings is None:
        return
    served = {scope.module.file for scope in served_code(project)} | {r.module.file for r in project.web.routers}
    for file in sorted(served):
        if file == settings.module.file or _NOT_SERVED.search(file) or _holds_settings(project, file):
            continue
        found = next((place for scope in project.views[file].scopes if (place := _reads(project, scope))), None)
        if found:
            yield hit(
                *found,
                f"The environment is read here, beside `{settings.name}` ({settings.module.file}): nobody sees all "
                "settings in one place, nothing checks this one at start, and tests cannot replace it.",
            )


def _holds_settings(project: Project, file: str) -> bool:
    module = project.code.modules[file]
    classes = [Found(module, name, node) for name, node in module.definitions.items() if isinstance(node, ast.ClassDef)]
    return any("BaseSettings" in project.bases(c) for c in classes)


def _reads(project: Project, scope: Scope) -> tuple[Scope, ast.expr] | None:
    for call in scope.own(ast.Call):
        known = project.names.absolute(scope, call.func) in _ENVIRONMENT
        if known and call.args and _is_setting(call.args[0]):
            return scope, call
    for node in scope.own(ast.Subscript):
        read = isinstance(node.ctx, ast.Load) and _is_setting(node.slice)
        if read and project.names.absolute(scope, node.value) == "os.environ":
            return scope, node
    return None


def _is_setting(node: ast.expr) -> bool:
    """A fixed name, and none that the platform or another program sets."""
    name = text_of(node) or ""
    return bool(name) and "__" not in name and not _PLATFORM.match(name)


RULES = (
    Rule("GL901", "operation-without-words", "info", undocumented),
    Rule("GL902", "everything-in-one-file", "info", one_file),
    Rule("GL903", "settings-scattered", "info", scattered),
)
