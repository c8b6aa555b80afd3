"""Blocking calls on the event loop: while one waits, every other request of the process waits too."""

import ast
import re
from collections.abc import Iterable, Iterator

from agents.reading.modules import Module
from agents.rules.ask import method
from agents.rules.drivers import BLOCKING, WORK
from agents.rules.habits import per_function
from agents.rules.project import Project, is_sync_session
from agents.rules.reach import by_way_of, loop_code
from agents.rules.rule import Change, Hit, Rule, hit
from agents.rules.scopes import Scope

_HTTP_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request", "stream", "send")
_HTTP = frozenset(
    [f"{lib}.{verb}" for lib in ("requests", "httpx") for verb in _HTTP_VERBS]
    + ["urllib.request.urlopen", "urllib.request.urlretrieve"]
)
_HTTP_CLIENTS = {"requests.Session", "requests.sessions.Session", "httpx.Client", "urllib3.PoolManager"}
_DB_CONNECT = frozenset({
    "psycopg2.connect", "psycopg.connect", "pymysql.connect", "MySQLdb.connect", "mysql.connector.connect",
    "sqlite3.connect", "pyodbc.connect", "cx_Oracle.connect", "oracledb.connect",
})  # fmt: skip
_DB_TYPES = {"pymongo.MongoClient", "pymongo.mongo_client.MongoClient", "redis.Redis", "redis.StrictRedis"}
_SESSION_IO = {
    "execute",
    "scalar",
    "scalars",
    "commit",
    "flush",
    "refresh",
    "get",
    "get_one",
    "rollback",
    "exec",
    "merge",
}
_QUERY_IO = {"all", "first", "one", "one_or_none", "count", "scalar", "update", "delete", "get", "exists"}
_FILE_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "open"}
_FILES = frozenset({
    "open", "io.open", "shutil.copyfileobj", "shutil.copy", "shutil.copyfile", "shutil.copy2", "shutil.copytree",
    "shutil.rmtree", "shutil.move", "shutil.make_archive", "shutil.unpack_archive", "os.walk",
})  # fmt: skip
_PROCESSES = frozenset({
    "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output", "subprocess.getoutput",
    "subprocess.getstatusoutput", "os.system", "os.popen",
})  # fmt: skip
_HASHES = frozenset({"bcrypt.hashpw", "bcrypt.checkpw", "hashlib.pbkdf2_hmac", "hashlib.scrypt"})
_HASHERS = {"CryptContext", "PasswordHash", "PasswordHasher", "PasswordHelper", "Argon2Hasher", "BcryptHasher"}
_HEAVY = re.compile(
    r"^(pandas\.read_(csv|excel|parquet|json|sql|sql_query|html|xml)|openpyxl\.load_workbook|PIL\.Image\.open"
    r"|cv2\.(imread|imdecode|resize)|librosa\.load|whisper\.load_model|zipfile\.ZipFile|tarfile\.open|fitz\.open"
    r"|pypdf\.PdfReader|PyPDF2\.PdfReader|docx\.Document)$"
)


_WORKS = {
    "PIL.": {"thumbnail", "resize", "convert", "save", "rotate", "verify", "load", "filter", "crop", "paste"},
    "zipfile.": {"extractall", "extract", "write", "writestr", "testzip"},
    "tarfile.": {"extractall", "extract", "add"},
}
"""Opening one of these is cheap, what is done with it then is not."""


def _named(project: Project, names: Iterable[str], what: str) -> Iterator[Hit]:
    reached = loop_code(project)
    for site in project.calls(*names):
        if site.scope in reached:
            yield _blocked(reached[site.scope], site.scope, site.call, f"{site.name}()", what)


def _blocked(chain: tuple[str, ...], scope: Scope, call: ast.Call, shown: str, what: str) -> Hit:
    way = f" (reached by {by_way_of(chain)})" if len(chain) > 1 else ""
    return hit(scope, call, f"`{shown}` blocks the event loop{way}: every other request waits while {what}.")


def _typed(project: Project, scope: Scope, call: ast.Call) -> str:
    """Absolute name of the type a method is called on."""
    if not isinstance(call.func, ast.Attribute):
        return ""
    meaning = project.type(scope, call.func.value)
    return meaning.name if meaning else ""


def _awaited(project: Project, scope: Scope, call: ast.Call) -> bool:
    return isinstance(project.view(scope).parents.get(call), ast.Await)


def sleeping(project: Project) -> Iterator[Hit]:
    reached = loop_code(project)
    for site in project.calls("time.sleep"):
        if site.scope not in reached:
            continue
        found = _blocked(reached[site.scope], site.scope, site.call, "time.sleep()", "it sleeps")
        changes: tuple[Change, ...] = ()
        if site.scope.is_async:
            changes = (Change.of(site.call.func, "await asyncio.sleep"), *_importing(site.scope.module, "asyncio"))
        yield Hit(found.module, found.node, found.message, changes, found.around)


def _importing(module: Module, name: str) -> tuple[Change, ...]:
    """The import of a module, when there is none yet."""
    if name in module.imports:
        return ()
    imports = [n for n in module.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    first = next((n for n in imports if getattr(n, "module", "") != "__future__"), None)
    return (Change.before(first, f"import {name}\n"),) if first else ()


def http(project: Project) -> Iterator[Hit]:
    yield from _named(project, _HTTP, "the other server answers, however slow it is")
    for scope, chain in loop_code(project).items():
        for call in scope.own(ast.Call):
            verb = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if verb in _HTTP_VERBS and not _awaited(project, scope, call):
                name = _typed(project, scope, call)
                if name in _HTTP_CLIENTS:
                    yield _blocked(chain, scope, call, f"{name}.{verb}()", "the other server answers")


def database(project: Project) -> Iterator[Hit]:
    yield from _named(project, _DB_CONNECT, "the database answers")
    for scope, chain in loop_code(project).items():
        for call in scope.own(ast.Call):
            shown = _database_call(project, scope, call)
            if shown:
                yield _blocked(chain, scope, call, shown, "the database answers")


def _database_call(project: Project, scope: Scope, call: ast.Call) -> str:
    if not isinstance(call.func, ast.Attribute) or _awaited(project, scope, call):
        return ""
    attr, value = call.func.attr, call.func.value
    if attr in _SESSION_IO and is_sync_session(project.type(scope, value)):
        return f"Session.{attr}()"
    if attr in _QUERY_IO and isinstance(value, ast.Call):
        below: ast.expr = value
        while isinstance(below, ast.Call) and isinstance(below.func, ast.Attribute):
            if below.func.attr == "query" and is_sync_session(project.type(scope, below.func.value)):
                return f"Session.query().{attr}()"
            below = below.func.value
    kind = _typed(project, scope, call)
    return f"{kind}.{attr}()" if kind in _DB_TYPES or (kind in BLOCKING and attr in WORK) else ""


def files(project: Project) -> Iterator[Hit]:
    yield from (found for found in _named(project, _FILES, "the disk works") if not _in_memory(found.node))
    for scope, chain in loop_code(project).items():
        for call in scope.own(ast.Call):
            attr = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if attr in _FILE_METHODS and _typed(project, scope, call) in ("pathlib.Path", "Path"):
                yield _blocked(chain, scope, call, f"Path.{attr}()", "the disk works")


def _in_memory(node: ast.AST) -> bool:
    """The file is one the kernel makes up (`/proc/...`)."""
    first = node.args[0] if isinstance(node, ast.Call) and node.args else None
    return first is not None and bool(re.match(r"f?['\"]/(proc|sys)/", ast.unparse(first)))


def processes(project: Project) -> Iterator[Hit]:
    yield from _named(project, _PROCESSES, "the program runs")


def hashing(project: Project) -> Iterator[Hit]:
    yield from _named(project, _HASHES, "the password is hashed (tens of milliseconds of CPU, on purpose)")
    for scope, chain in loop_code(project).items():
        for call in scope.own(ast.Call):
            attr = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if attr in ("hash", "verify", "verify_and_update", "encrypt"):
                meaning = project.type(scope, call.func.value) if isinstance(call.func, ast.Attribute) else None
                if meaning and meaning.found:
                    continue
                name = meaning.last if meaning else _factory(project, scope, call)
                if name in _HASHERS:
                    yield _blocked(chain, scope, call, f"{name}.{attr}()", "the password is hashed")


def _factory(project: Project, scope: Scope, call: ast.Call) -> str:
    """`PasswordHash` of a variable made by `PasswordHash.recommended()`."""
    found = project.names.own(scope, call.func.value) if isinstance(call.func, ast.Attribute) else None
    value = found.node if found else None
    if found and isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        return project.code.origin(found.module, value.func.value).rpartition(".")[2]
    return ""


def heavy(project: Project) -> Iterator[Hit]:
    reached = loop_code(project)
    for name in [name for name in project.sites if _HEAVY.match(name)]:
        works = next((words for start, words in _WORKS.items() if name.startswith(start)), None)
        for site in project.calls(name):
            done = {method(call) for call in site.scope.own(ast.Call)}
            if site.scope in reached and (works is None or done & works):
                what = "one processor is busy with it"
                yield _blocked(reached[site.scope], site.scope, site.call, f"{name}()", what)


RULES = (
    Rule("GL301", "sleep-on-the-loop", "error", sleeping, repairs=True),
    Rule("GL302", "http-on-the-loop", "error", per_function(http)),
    Rule("GL303", "database-on-the-loop", "error", per_function(database)),
    Rule("GL304", "file-on-the-loop", "warning", per_function(files)),
    Rule("GL305", "process-on-the-loop", "error", per_function(processes)),
    Rule("GL306", "hashing-on-the-loop", "warning", per_function(hashing)),
    Rule("GL310", "heavy-work-on-the-loop", "warning", per_function(heavy)),
)
