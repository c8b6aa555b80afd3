"""Rendered applications under every gate, on SQLite and on PostgreSQL, in one container."""

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from agents.blueprints.new_app import new_app
from agents.contracts import Plan, Request
from agents.desk import MemoryDesk
from agents.offline.grammar import read
from agents.offline.planner import plan_of
from agents.offline.tester import OfflineTester
from agents.profile import AppProfile
from agents.profile_reader import read_profile, service_for
from agents.roles import Brief
from agents.rules.check import check
from agents.testkit import CONFTEST, acceptance_conftest
from sandbox import tars
from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.extras.provide import open_with
from sandbox.gates.contract import document_of
from sandbox.gates.findings import GateResult
from sandbox.gates.lint import lint
from sandbox.gates.migrations import Target, migrations
from sandbox.gates.probe import attacks, schema_check
from sandbox.gates.stand import Stand, Trees
from sandbox.listing import Listing
from sandbox.manifest import read_manifest
from sandbox.protocol import SOURCE, Command, Limits
from sandbox.pytest_run import PROJECT_PYTHON
from sandbox.reports import Service, Word
from sandbox.service import run_service_tests
from tests.support.combinations import COMBINATIONS
from tests.support.trees import RUN_ID, images

NAME = "DATABASE_URL"
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
PROBE_S = 10.0
GATES = ("lint", "types", "house rules", "tests", "migrations", "schema", "attacks")


@dataclass
class Row:
    """One application on one database."""

    name: str
    database: str
    tests: int = 0
    seconds: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)
    """Gate -> what it found."""

    def take(self, gate: str, result: GateResult) -> None:
        """A gate's result, kept when it is not clean."""
        if not result.gate.passed or result.gate.evidence.startswith("not measured"):
            told = "; ".join(f.text for f in result.findings[:3])
            self.failed[gate] = f"{result.gate.evidence} {told}"[:600]


def plan_for(text: str) -> Plan:
    """The offline engine's plan for a request into an empty repository."""
    return plan_of(read(text, AppProfile()), AppProfile(), assume=True)


def built(plan: Plan) -> dict[str, str]:
    """The application the plan leads to."""
    from agents.blueprints.spec import FeatureSpec

    return new_app(FeatureSpec.model_validate(plan.spec))


def acceptance(plan: Plan, service: Service) -> tuple[dict[str, str], int]:
    """Its acceptance tests, and how many there are."""
    brief = Brief(request=Request(text=plan.summary), desk=MemoryDesk({}))
    suite = asyncio.run(OfflineTester(read_profile=lambda _: AppProfile()).write_tests(brief, plan))
    return {f.path: f.content for f in suite.files} | {CONFTEST: acceptance_conftest(service)}, len(suite.cases)


@contextmanager
def sandbox_for(engine: DockerEngine, names: Collection[str], *, probes: bool) -> Iterator[DockerSandbox]:
    """A container with PostgreSQL in which these combinations run."""
    needs: dict[str, str] = {}
    for name in names:
        needs |= dict.fromkeys(_dependencies(built(plan_for(COMBINATIONS[name]))["pyproject.toml"]), "")
    wanted = [*needs, *(["mypy"] if probes else [])]
    manifest = read_manifest(["requirements.txt"], {"requirements.txt": "\n".join(wanted).encode()}.get)
    with open_with(engine, images(), manifest, "postgresql", run_id=RUN_ID, limits=Limits()) as box:
        yield box


def _dependencies(pyproject: str) -> list[str]:
    import tomllib

    return list(tomllib.loads(pyproject)["project"]["dependencies"])


def rows(box: DockerSandbox, name: str, *, probes: bool = True) -> Iterator[Row]:
    """The application of one combination under every gate: tests and migrations on both databases, requests made up
    from the schema and attacks on PostgreSQL, the stricter one."""
    plan = plan_for(COMBINATIONS[name])
    files = built(plan)
    desk = MemoryDesk(files)
    service = service_for(read_profile(desk), desk)
    assert service is not None, "the application was not recognised"
    assert box.extras.postgresql is not None
    begun = time.monotonic()
    urls = {SQLITE: service.env[NAME], POSTGRESQL: box.extras.postgresql.url("asyncpg")}
    for number, (database, url) in enumerate(urls.items()):
        row = Row(name, database)
        mine = service.model_copy(update={"env": {**service.env, NAME: url}})
        _empty(box, SOURCE)
        stand = _stand(box, files, mine)
        stand.show("head")
        if number == 0:
            _of_the_code(row, stand, files, typed=probes)
        _of_the_service(row, stand, mine, plan, files, probes=probes and database == POSTGRESQL)
        row.seconds, begun = time.monotonic() - begun, time.monotonic()
        yield row


def _empty(box: DockerSandbox, folder: str) -> None:
    assert box.run(Command(argv=("find", folder, "-mindepth", "1", "-delete"), timeout_s=30, user="root"))


def _stand(box: DockerSandbox, files: Mapping[str, str], service: Service) -> Stand:
    data = {path: text.encode() for path, text in files.items()}
    head = Listing({p: (str(hash(c)), False) for p, c in data.items()}, lambda paths: {p: data[p] for p in paths})
    trees = Trees(
        base=Listing({}, lambda _: {}), head=head, changed=set(files), services={"base": None, "head": service}
    )
    return Stand(box, trees)


def _of_the_code(row: Row, stand: Stand, files: Mapping[str, str], *, typed: bool) -> None:
    row.take("lint", lint(stand))
    for finding in check(MemoryDesk(files)):
        row.failed["house rules"] = f"{finding.rule} {finding.path}:{finding.line}: {finding.message}"
    if not typed:
        return
    stand.show("head")
    argv = (PROJECT_PYTHON, "-m", "mypy", "--strict", "--cache-dir=/tmp/mypy", "--no-error-summary", "app")
    done = stand.box.run(Command(argv=argv, user="app", cwd=SOURCE, timeout_s=240))
    if not done:
        row.failed["types"] = (done.stdout + done.stderr).decode()[:600]


def _of_the_service(
    row: Row, stand: Stand, service: Service, plan: Plan, files: Mapping[str, str], *, probes: bool
) -> None:
    tests, row.tests = acceptance(plan, service)
    box = stand.box
    _empty(box, "/tests")
    box.put(tars.build({path: text.encode() for path, text in tests.items()}), "/tests")
    report = run_service_tests(box, service=service, timeout_s=300)
    if report.word is not Word.GREEN or len(report.passed()) < row.tests:
        failures = "; ".join(f"{f.node_id}: {f.message}" for f in report.failures()[:4])
        row.failed["tests"] = f"{report.word} {report.reason} {failures} {report.service_output[-300:]}"
    if any(path.startswith("alembic/versions/0") for path in files):
        url = service.env[NAME]
        row.take("migrations", migrations(box, service, Target(row.database, {NAME: url}, url), ""))
    document = document_of(stand, "head") if probes else None
    if document is not None:
        row.take("schema", schema_check(box, service, document, budget_s=PROBE_S))
        row.take("attacks", attacks(box, service, document, budget_s=PROBE_S))
