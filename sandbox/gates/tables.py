"""The database schema an application declares, before a change and after it."""

import re
import secrets

from pydantic import Field

from sandbox import stream
from sandbox.errors import EngineFault
from sandbox.gates.findings import GateFinding, GateResult, evidence
from sandbox.gates.stand import Side, Stand
from sandbox.jobs import Job, Plain
from sandbox.listing import Listing
from sandbox.protocol import SOURCE, WORK, Cause
from sandbox.pytest_run import PROJECT_PYTHON, TREE, project_env
from sandbox.reports import Frozen, Gate
from sandbox.text import last_line, shown
from sandbox.trust import kind_of

NAME = "preserved: database schema"
PARTS = ("reporter", "tables")
TIMEOUT_S = 90.0
MOST_MODULES = 200
_DECLARES = re.compile(rb"__tablename__|declarative_base|DeclarativeBase|\bTable\(|table\s*=\s*True|MetaData\(")
_LEFT_OUT = ("alembic/", "migrations/", "/versions/")


class Tables(Frozen):
    """What one tree declares."""

    ddl: dict[str, str] = Field(default_factory=dict)
    """Table -> the statements that create it, on SQLite and PostgreSQL."""
    broken: dict[str, str] = Field(default_factory=dict)
    """Module -> why it cannot be imported."""


def module_name(path: str) -> str:
    """`app/models/book.py` -> `app.models.book`; a leading `src` folder is no package."""
    parts = path.removesuffix(".py").split("/")
    parts = parts[1:] if parts[0] == "src" and len(parts) > 1 else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def declaring(tree: Listing) -> list[str]:
    """Modules of a tree that seem to declare tables."""
    paths = [p for p in sorted(tree.keys) if p.endswith(".py") and kind_of(p) is None and _is_code(p)]
    found = [path for path, content in tree.read(paths).items() if _DECLARES.search(content)]
    return [module_name(path) for path in sorted(found)][:MOST_MODULES]


def _is_code(path: str) -> bool:
    return not any(part in f"/{path}" for part in _LEFT_OUT)


def tables_of(stand: Stand, side: Side) -> Tables:
    """Import what declares tables, in the sandbox, and ask SQLAlchemy for their statements.

    Raises:
        EngineFault: the engine was lost.
    """
    modules = declaring(stand.trees.side(side))
    if not modules:
        return Tables()
    stand.show(side)
    service, nonce = stand.trees.services[side], secrets.token_hex(16)
    job = Job(
        python=PROJECT_PYTHON, parts=PARTS, task={"nonce": nonce, "source": SOURCE, "tree": TREE, "modules": modules},
        user="app", cwd=WORK, env=project_env({**(service.env if service else {}), **stand.box.env}),
        timeout_s=TIMEOUT_S,
    )  # fmt: skip
    starter = Plain(stand.box)
    starter.clean()
    done = starter.start(job).wait()
    if done.cause is Cause.SANDBOX_DIED:
        raise EngineFault("the container was gone while the database schema was read")
    ddl: dict[str, set[str]] = {}
    broken: dict[str, str] = {}
    ended = False
    for record in stream.records(done.stdout, nonce):
        if record["k"] == "table":
            ddl.setdefault(shown(str(record["name"]), 200), set()).add(shown(str(record["ddl"]), 20_000))
        elif record["k"] == "broken":
            broken[str(record["module"])] = shown(str(record["why"]), 300)
        ended = ended or record["k"] == "end"
    if not ended:
        broken["(all)"] = f"not read to the end: {last_line(done.stderr) or done.cause}"
    return Tables(ddl={name: "\n".join(sorted(texts)) for name, texts in ddl.items()}, broken=broken)


def same_tables(before: Tables, after: Tables, *, allowed: bool = False) -> GateResult | None:
    """Hold two schemas against each other; None when neither declares anything.

    `allowed`: the request is about the schema, so differences are told and stop nothing.
    """
    if not (before.ddl or after.ddl or before.broken or after.broken):
        return None
    rows = [_differs(name, before.ddl.get(name), after.ddl.get(name)) for name in sorted({*before.ddl, *after.ddl})]
    found = [row for row in rows if row is not None]
    if set(after.broken.values()) - set(before.broken.values()):
        worse = {m: why for m, why in after.broken.items() if why not in before.broken.values()}
        found += [GateFinding(gate=NAME, code="import", text=f"{m} cannot be imported: {w}") for m, w in worse.items()]
    good = f"{len(after.ddl)} tables are created by the same statements as before"
    told = evidence(found, good)
    gate = Gate(
        name=NAME, passed=not found or allowed, evidence=f"allowed: {told}" if found and allowed else told,
        command="CREATE TABLE of every declared table, SQLite and PostgreSQL",
    )  # fmt: skip
    return GateResult(gate=gate, findings=tuple(found))


def _differs(name: str, before: str | None, after: str | None) -> GateFinding | None:
    if before == after:
        return None
    if before is None or after is None:
        text = "the table is new" if before is None else "the table is gone"
        return GateFinding(gate=NAME, code=name, text=text)
    new = next((row for row in after.splitlines() if row not in before.splitlines()), after)
    old = next((row for row in before.splitlines() if row not in after.splitlines()), before)
    at = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, at - 30)
    return GateFinding(gate=NAME, code=name, text=f"was `...{old[start : at + 50]}`, is `...{new[start : at + 50]}`")
