"""From a stack trace of a start or an answer to the usual reason behind it."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agents.bugs.report import Frame, Trace
from agents.bugs.traces import located, traces_in
from agents.errors import EditRefused
from agents.profile import Source
from agents.troubles.settings import missing_settings
from agents.troubles.trouble import Trouble

PACKAGES = {
    "jose": "python-jose has no maintainer: use PyJWT", "multipart": "python-multipart", "PIL": "pillow",
    "yaml": "pyyaml", "dotenv": "python-dotenv", "psycopg2": "psycopg2-binary", "jwt": "PyJWT",
    "dateutil": "python-dateutil", "bs4": "beautifulsoup4", "passlib": "passlib has no maintainer: use pwdlib",
    "pydantic_settings": "pydantic-settings", "email_validator": "email-validator", "sklearn": "scikit-learn",
}  # fmt: skip
"""Module -> the package to ask for, where the names differ."""


@dataclass(frozen=True, slots=True)
class Case:
    """One failure: its trace, where it meets the repository, and everything that was printed."""

    trace: Trace
    own: tuple[Frame, ...]
    """Frames in the repository, outermost first."""
    said: str
    source: Source

    @property
    def text(self) -> str:
        """The last line."""
        return f"{self.trace.error}: {self.trace.message}" if self.trace.message else self.trace.error

    def at(self, frame: Frame | None, reason: str, what: str, change: str) -> Trouble:
        """A reason at a frame."""
        if frame is None:
            return Trouble(reason=reason, what=what, change=change, shown=self.text[:300])
        code = line_of(self.source, frame.file, frame.line) or frame.code
        return Trouble(
            reason=reason, what=what, change=change, path=frame.file, line=frame.line, code=code, shown=self.text[:300]
        )

    @property
    def last(self) -> Frame | None:
        """The innermost frame of the repository."""
        return self.own[-1] if self.own else None


Rule = Callable[[Case], Trouble | None]


def troubles_in(said: str, source: Source) -> Iterator[Trouble]:
    """A reason for every stack trace in what a service printed; the same one once."""
    seen = set()
    for trace in traces_in(said):
        own = located(trace, [path for path in source.files() if path.endswith(".py")]).frames
        case = Case(trace, tuple(own), said, source)
        found = next((trouble for rule in RULES if (trouble := rule(case)) is not None), None) or _other(case)
        key = (found.reason, found.path, found.line, found.what)
        if key not in seen:
            seen.add(key)
            yield found


def line_of(source: Source, path: str, line: int) -> str:
    """One line of a file, stripped; empty when it is not there."""
    try:
        lines = source.read(path).splitlines()
    except EditRefused:
        return ""
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""


def _cycle(case: Case) -> Trouble | None:
    found = re.search(r"partially initialized module '([\w.]+)'", case.trace.message)
    if found is None:
        return None
    names = [frame.file for frame in case.own]
    first = next((n for n, file in enumerate(names) if _module(file).endswith(found[1])), 0)
    ring = " -> ".join(dict.fromkeys(names[first:])) + f" -> {names[first]}" if names else found[1]
    return case.at(
        case.last, "import cycle", f"The modules import each other in a ring: {ring}.",
        "Move what both need into a module of its own, or import it inside the function that uses it.",
    )  # fmt: skip


def _module(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _dependency(case: Case) -> Trouble | None:
    text = case.text
    if re.search(r'requires "?python-multipart', text):
        return _needs(case, "python-multipart", "Forms and uploads need a package that is not installed.")
    if "email-validator is not installed" in text:
        return _needs(case, "email-validator", "`EmailStr` needs a package that is not installed.")
    if case.trace.error == "ImportError" and (advised := re.search(r"pip install ['\"]?([\w.\[\],-]+)", text)):
        return _needs(case, advised[1], "A package that is there needs another one that is not.")
    found = re.search(r"No module named '([\w.]+)'", text)
    if found is None:
        return None
    top = found[1].partition(".")[0]
    if local := _local(top, case.source.files()):
        return case.at(
            case.last, "missing dependency", f"`{found[1]}` is looked for and not found, although {local} is there: "
            "the import is written for another working folder.",
            f"Write the import from the folder the application is started in, or start it from the folder of {local}.",
        )  # fmt: skip
    return _needs(
        case, PACKAGES.get(top, top.replace("_", "-")), f"`import {found[1]}` finds nothing: nobody asks for it."
    )


def _needs(case: Case, package: str, what: str) -> Trouble:
    files = case.source.files()
    where = next((f for f in ("pyproject.toml", "requirements.txt", "requirements/base.txt") if f in files), "")
    change = f"Add the package to {where or 'requirements.txt'}: {package}."
    return case.at(case.last, "missing dependency", what, change)


def _local(top: str, files: Sequence[str]) -> str:
    found = (f for f in files if f.endswith(f"/{top}.py") or f"/{top}/" in f"/{f}")
    return next((f for f in found if f.endswith(".py")), "")


def _setting(case: Case) -> Trouble | None:
    return missing_settings(case.text, case.said, case.own, case.source)


def _loop(case: Case) -> Trouble | None:
    text = case.text
    if re.search(r"asyncio\.run\(\) cannot be called|event loop is already running|another loop is running", text):
        return case.at(
            case.last, "event loop already running",
            "Asynchronous code is started a second time inside of a running event loop.",
            "`await` it (the function around it must be `async def`); at start-up do it in the lifespan.",
        )  # fmt: skip
    if "attached to a different loop" in text:
        return case.at(
            case.last, "event loop already running",
            "Something made on one event loop (a connection, a lock, a client) is used on another.",
            "Make it in the lifespan or in a dependency, not when the module is imported.",
        )  # fmt: skip
    return None


SESSION = {
    r"concurrent operations are not permitted|another operation is in progress|IllegalStateChangeError":
        ("One session is used by two tasks at once.",
         "Give each request a session of its own: a dependency with `yield`."),
    r"objects created in a thread can only be used in that same thread":
        ("A connection made in one thread is used by a request in another.",
         "Make a session for each request by a dependency with `yield`, not once for the process."),
    r"is not bound to a Session|DetachedInstanceError":
        ("A row is used after its session was closed.",
         "Read what is needed before the session ends, or return a schema."),
    r"MissingGreenlet|greenlet_spawn has not been called":
        ("A related row is loaded on first use, which an asynchronous session cannot do.",
         "Load it in the query: `selectinload(...)`."),
    r"This Session's transaction has been rolled back|PendingRollbackError":
        ("A session goes on being used after an error in it.",
         "Give each request a session of its own, which is rolled back and closed at its end."),
    r"already attached to session":
        ("A row of one session is put into another.", "Use the request's one session everywhere: pass it on."),
}  # fmt: skip


def _session(case: Case) -> Trouble | None:
    for pattern, (what, change) in SESSION.items():
        if re.search(pattern, case.text):
            return case.at(case.last, "session reuse", what, change)
    return None


PYDANTIC = {
    r"`?BaseSettings`? has been moved":
        "Import it from `pydantic_settings` and add pydantic-settings to the dependencies.",
    r"`regex` is (removed|deprecated)": "Write `pattern=` instead of `regex=`.",
    r"`const` is removed": "Write `Literal[...]` as the type instead of `const=`.",
    r"non-annotated attribute": "Write the type: `name: str = ...`.",
    r"`@root_validator`": "Write `@model_validator(mode='after')` or `mode='before'` instead.",
    r"has been removed in V2|removed in Pydantic V2|import error.*pydantic":
        "Use the name pydantic 2 has for it; the message says which.",
    r"has no attribute '(from_orm|parse_obj|parse_raw|__fields__|dict|json|copy)'":
        "Use `model_validate`, `model_dump` or `model_dump_json`.",
    r"You must set the config attribute `from_attributes=True`":
        "Write `model_config = ConfigDict(from_attributes=True)`; `orm_mode` is the name pydantic 1 had.",
    r"`min_items`|`max_items`|`allow_mutation`|`fields` config": "Use the names of pydantic 2.",
}  # fmt: skip


def _pydantic(case: Case) -> Trouble | None:
    for pattern, change in PYDANTIC.items():
        if re.search(pattern, case.text) and (case.trace.error.startswith("Pydantic") or "attribute" in case.text):
            return case.at(case.last, "pydantic 1 leftover", "The code is written for pydantic 1.", change)
    return None


def _declaration(case: Case) -> Trouble | None:
    if "Invalid args for response field" in case.text:
        return case.at(
            case.last, "wrong declaration", "The return type of a handler is no type pydantic knows.",
            "Return a schema, or write `response_model=None` in the decorator.",
        )  # fmt: skip
    if case.trace.error in ("SyntaxError", "IndentationError", "TabError"):
        return case.at(
            case.last, "syntax error", f"Python cannot read the file: {case.trace.message}.", "Repair the line."
        )
    return None


def _database(case: Case) -> Trouble | None:
    if not re.search(r"Connection refused|could not translate host name|Name or service not known|ConnectionRefused",
                     case.text):  # fmt: skip
        return None
    return case.at(
        case.last, "server not reachable", "It connects to a server at start-up that is not there.",
        "Connect in the lifespan, to an address from the settings; the sandbox starts PostgreSQL and Redis when the "
        "repository's configuration names them.",
    )  # fmt: skip


RULES: tuple[Rule, ...] = (_cycle, _dependency, _setting, _loop, _session, _pydantic, _declaration, _database)


def _other(case: Case) -> Trouble:
    return case.at(case.last, "other", f"It ends with {case.text[:200]}.", "Look at the line and the error.")
