"""Rendered applications at work: migrated, started and asked over HTTP inside the sandbox."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agents.blueprints.fragments import Known, Symbol
from agents.blueprints.migration import migration
from agents.blueprints.new_app import NEW_APP_STYLE, new_app
from agents.blueprints.spec import FeatureSpec, FieldSpec, Relation, ResourceSpec
from sandbox import tars
from sandbox.docker import DockerEngine
from sandbox.manifest import read_manifest
from sandbox.protocol import WORK, Command, Limits, Sandbox
from sandbox.reports import Service, SuiteReport, Word
from sandbox.service import run_service_tests
from tests.support.blueprint_apps import ASYNC_HEAD, ONE_FILE, SYNC_HEAD, one_module
from tests.support.blueprint_specs import ALL, BOOK, EVERYTHING, LIBRARY, REVIEW, TAG
from tests.support.trees import RUN_ID, images

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
ACCEPTANCE = Path(__file__).parents[1] / "support" / "blueprint_acceptance"
UVICORN = ("python", "-m", "uvicorn", "{target}", "--port", "{port}")
MIGRATE = ("python", "-m", "alembic", "upgrade", "head")
PYTHON = "/opt/venv/bin/python"
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
