"""Migrations: up, down and up again, empty and with rows, on every database the service is meant for."""

import ast
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sandbox.container import DockerSandbox
from sandbox.errors import EngineFault
from sandbox.gates.findings import GateFinding, GateResult, evidence
from sandbox.jobs import Job, Plain
from sandbox.listing import Listing
from sandbox.protocol import SOURCE, WORK, Cause
from sandbox.pytest_run import PROJECT_PYTHON, TREE, project_env
from sandbox.reports import Gate, Service
from sandbox.text import last_line, shown

NAME = "migrations"
CONFIG = "alembic.ini"
PARTS = ("migrations",)
STEP_S, ALL_S = 60.0, 300.0
DATABASE = re.compile(r"(?:sqlite|postgresql|postgres|mysql|mariadb)(?:\+\w+)?://")
SQLITE = "/work/migrations.db"


@dataclass(frozen=True, slots=True)
class Target:
    """A database the migrations run on."""

    title: str
    """`SQLite`, `PostgreSQL`."""
    env: Mapping[str, str]
    url: str


def uses_alembic(tree: Listing) -> bool:
    """Whether the tree has migrations."""
    return CONFIG in tree.keys


def heads_of(tree: Listing) -> list[str]:
    """Revisions of a tree that no other one stands on, read from the files."""
    paths = [p for p in tree.keys if p.endswith(".py") and "/versions/" in f"/{p}"]
    found = [_revision(content) for content in tree.read(paths).values()]
    below = {one for _, down in filter(None, found) for one in down}
    return sorted(revision for revision, _ in filter(None, found) if revision not in below)


def _revision(content: bytes) -> tuple[str, tuple[str, ...]] | None:
    try:
        body = ast.parse(content.decode("utf-8-sig")).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    values: dict[str, object] = {}
    for node in body:
        name, value = _assigned(node)
        if name in ("revision", "down_revision") and value is not None:
            try:
                values[name] = ast.literal_eval(value)
            except (ValueError, TypeError, MemoryError, RecursionError):
                return None
    down = values.get("down_revision")
    below = (down,) if isinstance(down, str) else tuple(map(str, down)) if isinstance(down, list | tuple) else ()
    return (str(values["revision"]), below) if "revision" in values else None


def _assigned(node: ast.stmt) -> tuple[str, ast.expr | None]:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    return "", None


def targets(service: Service, box: DockerSandbox) -> list[Target]:
    """Where the migrations run here: on the sandbox's PostgreSQL when it has one, else on SQLite when it is used."""
    names = [name for name, value in service.env.items() if DATABASE.match(value)]
    if box.extras.postgresql is not None:
        url = next((v for v in box.extras.env.values() if v.startswith("postgres")), box.extras.postgresql.url())
        return [Target("PostgreSQL", dict(box.extras.env), url)]
    sqlite = next((service.env[n] for n in names if service.env[n].startswith("sqlite")), "")
    if not sqlite:
        return []
    url = f"{sqlite.partition(':///')[0]}:///{SQLITE}"
    return [Target("SQLite", dict.fromkeys(names, url), url)]


def migrations(box: DockerSandbox, service: Service, target: Target, previous: str) -> GateResult:
    """Run all steps on one database; `/src` holds the tree after the change.

    `previous`: the revision before the change, empty when there was none.

    Raises:
        EngineFault: the engine was lost.
    """
    nonce = secrets.token_hex(16)
    task = {"nonce": nonce, "source": SOURCE, "tree": TREE, "previous": previous, "url": target.url, "step_s": STEP_S}
    env = project_env({**service.env, **target.env})
    job = Job(python=PROJECT_PYTHON, parts=PARTS, task=task, user="app", cwd=WORK, env=env, timeout_s=ALL_S)
    starter = Plain(box)
    starter.clean()
    done = starter.start(job).wait()
    if done.cause is Cause.SANDBOX_DIED:
        raise EngineFault("the container was gone while migrations ran")
    records = list(_records(done.stdout, nonce))
    bad = [_finding(target, record) for record in records if record.get("ok") is False]
    if not bad and not any(record.get("step") == "end" for record in records):
        said = last_line(done.stderr) or "it printed nothing"
        bad = [GateFinding(gate=NAME, code=target.title, text=f"the migrations did not end ({done.cause}): {said}")]
    steps = [str(r["step"]) for r in records if r.get("ok") and r.get("step") != "end"]
    gate = Gate(
        name=f"{NAME} on {target.title}",
        passed=not bad,
        evidence=evidence(bad, f"{len(steps)} steps: {'; '.join(steps)}"),
        command="alembic upgrade head, check, downgrade base, upgrade head; again with rows",
        seconds=round(done.elapsed_s, 3),
    )
    return GateResult(gate=gate, findings=tuple(bad))


def _records(stdout: bytes, nonce: str) -> Iterator[dict[str, object]]:
    for line in stdout.decode("utf-8", "replace").splitlines():
        if line.startswith(f"{nonce} "):
            try:
                record = json.loads(line[len(nonce) + 1 :])
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                yield record


def _finding(target: Target, record: Mapping[str, object]) -> GateFinding:
    said = shown(str(record.get("said", "")), 1500)
    rows = [row.strip() for row in said.splitlines() if row.strip()]
    told = next(
        (row for row in reversed(rows) if re.match(r"FAILED|\S*(?:Error|Exception)\b", row)), rows[-1] if rows else ""
    )
    return GateFinding(gate=NAME, code=target.title, text=f"{record.get('step')}: {told[:300]}")
