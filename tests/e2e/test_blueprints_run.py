"""Rendered applications at work: migrated, started and asked over HTTP inside the sandbox."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agents.blueprints.fragments import Known, Symbol
from agents.blueprints.migration import migration
from agents.blueprints.new_app import NEW_APP_STYLE, new_app
from agents.blueprints.place import place
from agents.blueprints.spec import FeatureSpec, FieldSpec, GuardSpec, ListingSpec, Relation, ResourceSpec
from agents.contracts import Criterion, Plan, Request
from agents.desk import MemoryDesk
from agents.offline.criteria import topics_of
from agents.offline.grammar import read, read_request
from agents.offline.planner import plan_of
from agents.offline.tester import OfflineTester
from agents.profile import AppProfile
from agents.profile_reader import read_profile
from agents.roles import Brief
from agents.testkit import CONFTEST, acceptance_conftest
from sandbox import tars
from sandbox.docker import DockerEngine
from sandbox.manifest import read_manifest
from sandbox.protocol import WORK, Command, Limits, Sandbox
from sandbox.reports import Service, SuiteReport, Word
from sandbox.service import run_service_tests
from tests.support.blueprint_apps import ASYNC_HEAD, ONE_FILE, SYNC_HEAD, one_module
from tests.support.blueprint_specs import ALL, BOOK, EVERYTHING, LIBRARY, NOTES, REVIEW, TAG
from tests.support.trees import RUN_ID, images

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
ACCEPTANCE = Path(__file__).parents[1] / "support" / "blueprint_acceptance"
UVICORN = ("python", "-m", "uvicorn", "{target}", "--port", "{port}")
MIGRATE = ("python", "-m", "alembic", "upgrade", "head")
PYTHON = "/opt/venv/bin/python"
SERVICE = Service(
    argv=tuple(word.replace("{target}", "app.main:app") for word in UVICORN),
    prepare=(MIGRATE,),
    ready_path="/openapi.json",
)
CREATE_SYNC = "import main; main.Base.metadata.create_all(main.engine)"
CREATE_ASYNC = """
import asyncio, main
async def create():
    async with main.engine.begin() as connection:
        await connection.run_sync(main.Base.metadata.create_all)
asyncio.run(create())
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    files = {path: text.encode() for path, text in new_app(LIBRARY).items()}
    image = images().ensure(read_manifest(files, files.get)).tag
    engine = DockerEngine()
    with engine.open(image, run_id=RUN_ID, limits=Limits()) as sandbox:
        yield sandbox
    engine.close()


def put(box: Sandbox, files: Mapping[str, str], target: str = "/src") -> None:
    assert box.run(Command(argv=("find", target, "-mindepth", "1", "-delete"), timeout_s=30, user="root"))
    box.put(tars.build({path: text.encode() for path, text in files.items()}), target)


def serve(box: Sandbox, files: Mapping[str, str], tests: str, target: str, *prepare: tuple[str, ...]) -> SuiteReport:
    put(box, files)
    trusted = {"conftest.py": ACCEPTANCE / "conftest.py", f"test_{tests}.py": ACCEPTANCE / f"{tests}.py"}
    put(box, {f"tests/acceptance/{name}": path.read_text() for name, path in trusted.items()}, "/tests")
    service = Service(
        argv=tuple(word.replace("{target}", target) for word in UVICORN), prepare=prepare, ready_path="/openapi.json"
    )
    return run_service_tests(box, service=service, timeout_s=180)


def assert_green(report: SuiteReport, at_least: int) -> None:
    failures = "\n".join(f"{f.node_id}: {f.message}" for f in report.failures())
    assert report.word is Word.GREEN, f"{report.reason}\n{failures}\n{report.service_output[-3000:]}"
    assert len(report.passed()) >= at_least


def test_a_new_library_keeps_its_promises(box: Sandbox) -> None:
    assert_green(serve(box, new_app(LIBRARY), "library", "app.main:app", MIGRATE), 30)


def test_a_new_application_with_everything_keeps_its_promises(box: Sandbox) -> None:
    assert_green(serve(box, new_app(EVERYTHING), "everything", "app.main:app", MIGRATE), 50)


def test_one_synchronous_file_keeps_the_same_promises(box: Sandbox) -> None:
    files = {"main.py": one_module(EVERYTHING, ONE_FILE, SYNC_HEAD)}
    assert_green(serve(box, files, "everything", "main:app", ("python", "-c", CREATE_SYNC)), 50)


def test_one_asynchronous_file_keeps_the_same_promises(box: Sandbox) -> None:
    files = {"main.py": one_module(EVERYTHING, replace(ONE_FILE, database="sqlalchemy_async"), ASYNC_HEAD)}
    assert_green(serve(box, files, "everything", "main:app", ("python", "-c", CREATE_ASYNC)), 50)


UNUSUAL = FeatureSpec(
    resources=(
        ResourceSpec(
            name="event",
            plural="events",
            fields=(
                FieldSpec(name="from", type="date", unique=True),
                FieldSpec(name="class", type="enum", choices=('say "hi"', "back\\slash", "it's")),
                FieldSpec(name="key", type="uuid", required=False, default="ABCDEF12123442348234123456789ABC"),
                FieldSpec(name="seen", type="datetime", required=False, default="2020-01-02T03:04:05+02:00"),
                FieldSpec(name="share", type="float", gt=0, lt=0.3),
                FieldSpec(name="event", required=False),
            ),
            relations=(
                Relation(kind="many_to_one", target="author", nested=False),
                Relation(kind="many_to_many", target="course", nested=False),
            ),
        ),
        ResourceSpec(name="author", plural="authors", fields=(FieldSpec(name="name", unique=True),)),
        ResourceSpec(
            name="course",
            plural="courses",
            fields=(FieldSpec(name="title", unique=True), FieldSpec(name="credits", type="int", ge=1, le=30)),
        ),
    ),
    listings=(
        ListingSpec(resource="event", filters=("author", "course", "class", "key"), order_by="from", paginated=True),
    ),
    guards=(GuardSpec(resource="event", actions=("create", "list")),),
)


@pytest.mark.parametrize("spec", [EVERYTHING, UNUSUAL], ids=["everything", "unusual"])
def test_the_written_tests_and_the_written_code_agree(box: Sandbox, spec: FeatureSpec) -> None:
    _, topics = topics_of(spec, AppProfile())
    criteria = tuple(Criterion(id=f"C{n}", text=t.text, guard=t.guard) for n, t in enumerate(topics, 1))
    plan = Plan(summary="x", criteria=criteria, spec=spec.model_dump(mode="json"))
    brief = Brief(request=Request(text="x"), desk=MemoryDesk({}))
    suite = asyncio.run(OfflineTester(read_profile=lambda _: AppProfile()).write_tests(brief, plan))
    put(box, new_app(spec))
    put(box, {f.path: f.content for f in suite.files} | {CONFTEST: acceptance_conftest(SERVICE)}, "/tests")
    assert_green(run_service_tests(box, service=SERVICE, timeout_s=300), len(suite.cases))


SOFT = "Add books with title. Books are soft deleted. Add shelves with name"
HANGS_ON = "Add reviews of books with rating 1-5. Add loans with borrower (str). Loans may belong to a book. "


@pytest.mark.parametrize("asked", [HANGS_ON, "Shelves may belong to a book"], ids=["new", "extended"])
def test_what_hangs_on_something_softly_deleted_goes_with_it(box: Sandbox, asked: str) -> None:
    before = new_app(read_request(SOFT, AppProfile()))
    desk = MemoryDesk(before)
    profile = read_profile(desk)
    spec = read_request(asked, profile)
    after = before | {path: str(text) for path, text in place(spec, profile, desk).items()}
    plan = plan_of(read(asked, profile), profile)
    suite = asyncio.run(OfflineTester(read_profile).write_tests(Brief(request=Request(text=asked), desk=desk), plan))
    assert [case.node_id for case in suite.cases if "_deleted_book" in case.node_id]
    put(box, after)
    put(box, {f.path: f.content for f in suite.files} | {CONFTEST: acceptance_conftest(SERVICE)}, "/tests")
    assert_green(run_service_tests(box, service=SERVICE, timeout_s=300), len(suite.cases))


EXPORTS = "Add orders with title. Export orders in the background"
WORKER = """
import asyncio, datetime as dt
from sqlalchemy import update
from app.main import app
from app.models.export_job import ExportJob
from app.routers import order_exports as jobs

sessions, now = app.state.sessions, lambda: dt.datetime.now(dt.UTC)

async def add(name, **values):
    values = dict(kind=jobs.KIND, status="queued", attempts=0, due_at=now(), created_at=now()) | values
    async with sessions.begin() as session:
        session.add(ExportJob(id=name, **values))

async def state(name):
    async with sessions() as session:
        job = await session.get(ExportJob, name)
        return job.status, job.attempts

async def due(name):
    async with sessions.begin() as session:
        await session.execute(update(ExportJob).where(ExportJob.id == name).values(due_at=now()))

async def main():
    async def broken(_): raise ValueError("broken")
    whole, jobs.export = jobs.export, broken
    await add("a")
    for attempt in (1, 2, 3):
        assert await jobs.work(sessions)
        assert await state("a") == ("queued" if attempt < 3 else "failed", attempt), await state("a")
        assert not await jobs.work(sessions), "not before its time"
        await due("a")
    assert not await jobs.work(sessions), "given up"
    jobs.export = whole
    await add("b", status="running", attempts=1, due_at=now() + dt.timedelta(seconds=60))
    assert not await jobs.work(sessions), "somebody has it"
    await due("b")
    assert await jobs.work(sessions) and await state("b") == ("done", 2), "its worker died"
    await add("c", status="running", attempts=3)
    assert not await jobs.work(sessions) and await state("c") == ("failed", 3)
    await add("d")
    taken = await asyncio.gather(*(jobs.claim(sessions) for _ in range(5)), return_exceptions=True)
    assert [one for one in taken if isinstance(one, tuple)] == [("d", 1)], taken
    async def slow(_):
        await due("e")
        assert await jobs.claim(sessions) == ("e", 2)
        return "late"
    jobs.export = slow
    await add("e")
    assert await jobs.work(sessions) and await state("e") == ("running", 2), "the old worker says nothing"
    await app.state.engine.dispose()
    print("all held")

asyncio.run(main())
"""


def test_the_worker_of_background_exports_loses_nothing_and_does_nothing_twice(box: Sandbox) -> None:
    unpack(box, new_app(read_request(EXPORTS, AppProfile())))
    assert run(box, "-m", "alembic", "upgrade", "head")[0] == 0
    code, said = run(box, "-c", WORKER)
    assert code == 0 and "all held" in said.splitlines(), said


def run(box: Sandbox, *argv: str, env: dict[str, str] | None = None) -> tuple[int | None, str]:
    done = box.run(Command(argv=(PYTHON, *argv), timeout_s=60, cwd=f"{WORK}/app", env=env or {}))
    return done.exit_code, (done.stdout + done.stderr).decode()


def unpack(box: Sandbox, files: Mapping[str, str]) -> None:
    """A writable copy below `/work/app`."""
    assert box.run(Command(argv=("rm", "-rf", f"{WORK}/app"), timeout_s=30))
    add(box, files)


def add(box: Sandbox, files: Mapping[str, str]) -> None:
    box.put(tars.build({f"app/{path}": text.encode() for path, text in files.items()}), WORK)


@pytest.mark.parametrize("name", ALL)
def test_migrations_equal_the_models_and_can_be_undone(box: Sandbox, name: str) -> None:
    unpack(box, new_app(ALL[name]))
    for step in (("upgrade", "head"), ("check",), ("downgrade", "base"), ("upgrade", "head"), ("check",)):
        code, output = run(box, "-m", "alembic", *step)
        assert code == 0, f"{step}: {output}"


def test_production_needs_a_real_key(box: Sandbox) -> None:
    unpack(box, new_app(LIBRARY))
    for key, starts in (("", False), ("changeme" * 8, False), ("k" * 31, False), ("0f" * 32, True)):
        code, output = run(box, "-c", "import app.main", env={"ENVIRONMENT": "production", "SECRET_KEY": key})
        assert (code == 0) == starts, output
        assert key not in output or not key
    code, output = run(box, "-c", "import app.main")
    assert code == 0 and "SECRET_KEY is not set" in output


def test_settings_refuse_what_is_meant_to_be_replaced(box: Sandbox) -> None:
    unpack(box, new_app(NOTES))
    live = {"ENVIRONMENT": "production"}
    for env, starts in (
        (live | {"DATABASE_URL": "postgresql+asyncpg://app:changeme@db/app"}, False),
        (live | {"DATABASE_URL": "postgresql+asyncpg://app:9f2Kq@db/app"}, True),
        ({"CORS_ORIGINS": '["*"]'}, False),
        ({"CORS_ORIGINS": '["https://shop.example"]'}, True),
    ):
        code, output = run(box, "-c", "import app.main", env=env)
        assert (code == 0) == starts, output


def test_a_second_migration_keeps_the_rows(box: Sandbox) -> None:
    unpack(box, new_app(FeatureSpec(resources=(BOOK, REVIEW))))
    assert run(box, "-m", "alembic", "upgrade", "head")[0] == 0
    insert = (
        "import sqlite3; c = sqlite3.connect('app.db');"
        "c.execute(\"insert into books (title, author, isbn) values ('a', 'b', 'c')\");"
        "c.execute(\"insert into reviews (rating, text, book_id) values (1, 'x', 1)\"); c.commit()"
    )
    assert run(box, "-c", insert)[0] == 0
    more = ResourceSpec(
        name="book",
        plural="books",
        exists=True,
        fields=(
            FieldSpec(name="stock", type="int", required=False, default="0"),
            FieldSpec(name="code", unique=True),
            FieldSpec(name="paid", type="bool", required=False, default="no"),
        ),
        relations=(
            Relation(kind="many_to_many", target="tag"),
            Relation(kind="many_to_one", target="shop", nested=False, required=False),
        ),
    )
    shop = ResourceSpec(name="shop", plural="shops", fields=(FieldSpec(name="name"),))
    spec = FeatureSpec(resources=(more, TAG, shop))
    style = replace(NEW_APP_STYLE, known={"book": Known(Symbol("app.models.book", "Book"), "books", "isbn")})
    text = migration(spec, style, revision="0002", down_revision="0001", message="add tags", users=True)
    add(box, {"alembic/versions/0002_add_tags.py": text})
    select = "import sqlite3; print(sqlite3.connect('app.db').execute('select {} from books, reviews').fetchall())"
    for step in (("upgrade", "head"), ("downgrade", "0001"), ("upgrade", "head")):
        code, output = run(box, "-m", "alembic", *step)
        assert code == 0, output
    assert (
        "[('a', 0, None, 0, None, 'x')]" in run(box, "-c", select.format("title, stock, code, paid, shop_id, text"))[1]
    )
