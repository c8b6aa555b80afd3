"""What a client sends, used as code: SQL, commands, paths, addresses, templates, patterns."""

import ast
import re
from collections.abc import Iterator

from agents.reading.modules import keyword
from agents.rules.ask import is_true, method
from agents.rules.project import Project
from agents.rules.rows import table_named
from agents.rules.rule import Hit, Rule, hit
from agents.rules.sinks import built, says
from agents.rules.taint import Flow, begins_with, flows

_SQL = re.compile(r"(?i)\b(select|insert\s+into|update|delete\s+from|where|from|order\s+by|values|drop|alter|set)\b")
_SQL_METHODS = {
    ".execute",
    ".executemany",
    ".exec_driver_sql",
    ".fetch",
    ".fetchrow",
    ".fetchval",
    ".fetch_all",
    ".fetch_one",
    ".fetchone",
    ".fetchall",
    ".raw",
    ".scalar",
    ".scalars",
    ".executescript",
}
_TEXT_CALLS = ("sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text", "sqlmodel.text")
_SHELLS = (
    "os.system",
    "os.popen",
    "asyncio.create_subprocess_shell",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
)
_FILES = (
    "open",
    "io.open",
    "os.remove",
    "os.unlink",
    "os.rename",
    "os.listdir",
    "os.makedirs",
    "shutil.rmtree",
    "shutil.copy",
    "shutil.copyfile",
    "shutil.move",
    "aiofiles.open",
    "anyio.open_file",
)
_PATH_METHODS = (".read_text", ".read_bytes", ".write_text", ".write_bytes", ".open", ".unlink")
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request", "stream")
_CLIENTS = (
    "httpx.AsyncClient",
    "httpx.Client",
    "aiohttp.ClientSession",
    "aiohttp.client.ClientSession",
    "requests.Session",
)
_POWER = re.compile(r"(?i)admin|superuser|staff|owner")
"""Who may set addresses anyway."""
_LOADS = (
    "eval",
    "exec",
    "pickle.loads",
    "pickle.load",
    "cPickle.loads",
    "marshal.loads",
    "dill.loads",
    "cloudpickle.loads",
    "joblib.load",
    "jsonpickle.decode",
    "shelve.open",
)
_PATTERNS = tuple(f"re.{name}" for name in ("compile", "search", "match", "fullmatch", "findall", "sub", "split"))


_NESTED = re.compile(r"\((\?:)?(\[[^\]]*\]|\\?[^()\[\]])[+*]\)[+*]")
"""A repetition of nothing but a repetition: `(a+)+`."""


def sql(project: Project) -> Iterator[Hit]:
    """SQL put together from what a client sends."""
    for flow in flows(project):
        if flow.place not in (0, "text", "statement", "query", "clause") or flow.taint.kind == "model":
            continue
        known = flow.name in _TEXT_CALLS or (
            f".{method(flow.call)}" in _SQL_METHODS and bool(_SQL.search(built(flow.scope, flow.value)))
        )
        if known:
            yield hit(
                flow.scope,
                flow.value,
                says(
                    flow,
                    "becomes part of the SQL: a client reads, changes or deletes any row. Use a bound parameter "
                    "(`:name`).",
                ),
            )


def shell(project: Project) -> Iterator[Hit]:
    """A shell command with something of a client's in it."""
    for flow in flows(project):
        direct = flow.name in _SHELLS
        through = flow.name.startswith("subprocess.") and is_true(keyword(flow.call, "shell"))
        if (direct or through) and flow.place in (0, "cmd", "args"):
            yield hit(
                flow.scope,
                flow.value,
                says(
                    flow,
                    "is read by a shell: `; rm -rf ~` in it is a command. Pass a list of arguments, without a shell.",
                ),
            )


def path(project: Project) -> Iterator[Hit]:
    """A path that a client chooses."""
    for flow in flows(project):
        if flow.taint.kind == "text" and _is_file(flow):
            yield hit(
                flow.scope,
                flow.value,
                says(
                    flow,
                    "is used as a path: `../` in it reaches any file of the service. Resolve it and check that it "
                    "stays inside.",
                ),
            )


def upload_name(project: Project) -> Iterator[Hit]:
    """The client's file name as a path."""
    for flow in flows(project):
        if flow.taint.kind == "file name" and _is_file(flow):
            yield hit(
                flow.scope,
                flow.value,
                says(
                    flow,
                    "is the client's own text: a name such as `../../app/main.py` overwrites any file. Choose the "
                    "name yourself.",
                ),
            )


def _is_file(flow: Flow) -> bool:
    first = flow.place in (0, "path", "file", "self")
    response = flow.name.endswith("FileResponse")
    return first and (
        flow.name in _FILES or response or (f".{method(flow.call)}" in _PATH_METHODS and flow.place == "self")
    )


def address(project: Project) -> Iterator[Hit]:
    """A request to wherever a client says."""
    for flow in flows(project):
        verb = method(flow.call)
        if verb in _VERBS:
            place = (1, "url") if verb in ("request", "stream") else (0, "url")
            meaning = (
                project.type(flow.scope, flow.call.func.value) if isinstance(flow.call.func, ast.Attribute) else None
            )
            known = flow.name.partition(".")[0] in ("requests", "httpx") or (
                meaning is not None and meaning.name in _CLIENTS
            )
        else:
            place, known = (0, "url"), flow.name in ("urllib.request.urlopen", "urllib.request.urlretrieve")
        powerful = any(_POWER.search(d.name) for d in project.guards.of(flow.taint.endpoint))
        if (
            known
            and not powerful
            and flow.place in place
            and flow.taint.kind in ("text", "url")
            and begins_with(project, flow)
        ):
            yield hit(
                flow.scope,
                flow.value,
                says(
                    flow,
                    "chooses where this request goes: a client reaches internal services and cloud metadata through "
                    "it. Allow known hosts only.",
                ),
            )


def redirect(project: Project) -> Iterator[Hit]:
    """A redirect to wherever a client says."""
    for flow in flows(project):
        goes = (
            flow.name.endswith("RedirectResponse") and flow.place in (0, "url") and flow.taint.kind in ("text", "url")
        )
        if goes and "headers" not in flow.taint.source and begins_with(project, flow):
            yield hit(
                flow.scope,
                flow.value,
                says(
                    flow,
                    "chooses where the browser goes: a link to your site lands on a copy of it that asks for the "
                    "password. Allow own paths only.",
                ),
            )


def code(project: Project) -> Iterator[Hit]:
    """A client's bytes run as code."""
    for flow in flows(project):
        unsafe_yaml = (flow.name == "yaml.load" and "Safe" not in ast.unparse(flow.call)) or flow.name in (
            "yaml.unsafe_load",
            "yaml.full_load",
        )
        if flow.place == 0 and (flow.name in _LOADS or unsafe_yaml):
            yield hit(
                flow.scope,
                flow.call,
                says(
                    flow,
                    f"reaches `{flow.name}`, which runs code that is in it: a client takes over the service. Use JSON.",
                ),
            )


def pattern(project: Project) -> Iterator[Hit]:
    """A regular expression that a client writes."""
    for flow in flows(project):
        if flow.name in _PATTERNS and flow.place in (0, "pattern") and flow.taint.kind in ("text", "segment"):
            yield hit(
                flow.scope,
                flow.value,
                says(
                    flow,
                    "is a regular expression: one such as `(a+)+$` keeps a processor busy for minutes, a broken one "
                    "is a 500. Use `re.escape`, or plain text search.",
                ),
            )


def slow_pattern(project: Project) -> Iterator[Hit]:
    """A pattern that takes for ever on some texts, applied to what a client sends."""
    for flow in flows(project):
        if flow.name not in _PATTERNS or flow.place not in (1, "string") or flow.taint.kind not in ("text", "segment"):
            continue
        text = project.code.text(flow.scope.module, flow.call.args[0]) or ""
        if _NESTED.search(text):
            yield hit(
                flow.scope,
                flow.call,
                says(
                    flow,
                    "is matched against a repetition inside a repetition: a text of thirty characters that almost "
                    "fits keeps a processor busy for minutes. Repeat once.",
                ),
            )


def attribute(project: Project) -> Iterator[Hit]:
    """An attribute of a table that a client names."""
    for flow in flows(project):
        if flow.name == "getattr" and flow.place == 1 and len(flow.call.args) == 2:
            table = table_named(project, flow.scope, flow.call.args[0])
            if table:
                yield hit(
                    flow.scope,
                    flow.call,
                    says(
                        flow,
                        f"names any attribute of `{table.name}`: an unknown one is a 500, and sorting by a secret "
                        "column shows its order. Map allowed names to columns.",
                    ),
                )


RULES = (
    Rule("GL601", "sql-from-input", "error", sql),
    Rule("GL602", "shell-from-input", "error", shell),
    Rule("GL603", "path-from-input", "error", path),
    Rule("GL604", "path-from-file-name", "error", upload_name),
    Rule("GL605", "address-from-input", "error", address),
    Rule("GL606", "redirect-from-input", "warning", redirect),
    Rule("GL607", "code-from-input", "error", code),
    Rule("GL610", "pattern-from-input", "warning", pattern),
    Rule("GL611", "attribute-from-input", "warning", attribute),
    Rule("GL613", "pattern-without-end", "error", slow_pattern),
)
