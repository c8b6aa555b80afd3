"""Each gate on a real engine: nothing on a clean change, the planted flaw and only that on a flawed one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agents.blueprints.new_app import new_app
from sandbox.docker import DockerEngine
from sandbox.gates.contract import contract, document_of
from sandbox.gates.documented import documented
from sandbox.gates.findings import GateResult
from sandbox.gates.lint import lint
from sandbox.gates.migrations import heads_of, migrations, targets
from sandbox.gates.probe import attacks, schema_check
from sandbox.gates.stand import Stand
from sandbox.gates.types import types
from tests.support.blueprint_specs import LIBRARY
from tests.support.corpus import Flaw
from tests.support.gate_stand import listing, stand_on

pytestmark = pytest.mark.docker
Files = dict[str, str]
APP: Files = new_app(LIBRARY)


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    engine = DockerEngine()
    yield engine
    engine.close()


def on_stand(engine: DockerEngine, base: Files, head: Files, gate: Callable[[Stand], Any]) -> Any:
    with stand_on(engine, base, head) as stand:
        return gate(stand)


def edited(path: str, old: str, new: str, files: Files = APP) -> Files:
    assert files[path].count(old) >= 1, f"{path} has no {old}"
    return files | {path: files[path].replace(old, new, 1)}


def test_lint_finds_what_is_new_and_keeps_quiet_about_the_rest(engine: DockerEngine) -> None:
    old = "import os\n\n\ndef f(x):\n    return eval(x)\n"
    base = APP | {"app/old.py": old}
    head = base | {"app/old.py": f"import sys\n{old}", "app/new.py": "import json\n"}
    found: GateResult = on_stand(engine, base, head, lint)
    unused = {(f.path, f.line) for f in found.findings if f.code == "F401"}
    assert unused == {("app/new.py", 1), ("app/old.py", 1)}
    assert not {f.code for f in found.findings} - {"F401", "I001"}, "what was there before is no finding"
    assert not found.gate.passed
    assert on_stand(engine, {}, APP, lint).gate.passed, "the blueprints themselves are not clean"


def test_the_repositorys_own_lint_settings_win(engine: DockerEngine) -> None:
    base = {
        "main.py": APP["app/main.py"],
        "ruff.toml": 'lint.select = ["D100"]\n',
        "requirements.txt": "fastapi\nuvicorn\n",
    }
    base |= {k: v for k, v in APP.items() if k.startswith("app/")}
    found: GateResult = on_stand(engine, base, base | {"app/new.py": "import json\n"}, lint)
    assert [f.code for f in found.findings] == ["D100"]


def test_types_by_the_repositorys_own_checker(engine: DockerEngine) -> None:
    base = APP | {"mypy.ini": "[mypy]\nfiles = app/typed.py\n", "app/typed.py": "def f(n: int) -> str:\n    return n\n"}
    base["pyproject.toml"] = base["pyproject.toml"].replace("dependencies = [", 'dependencies = [\n    "mypy",', 1)
    head = base | {"app/typed.py": base["app/typed.py"] + "\n\ndef g(n: int) -> str:\n    return f('x') + n\n"}
    found = on_stand(engine, base, head, types)
    assert found is not None
    assert {f.code for f in found.findings} == {"arg-type", "operator"}
    assert on_stand(engine, APP, APP, types) is None


SLUGS = '''def slug(title: str) -> str:
    """A title as part of an address.

    >>> slug("A b")
    'a-b'
    >>> slug("wrong before already")
    'x'
    """
    return title.lower().replace(" ", "-")
'''


def test_what_the_documentation_shows_goes_on_holding(engine: DockerEngine) -> None:
    base = APP | {"app/slugs.py": SLUGS, "README.md": APP.get("README.md", "") + "\n\n    >>> 1 + 1\n    2\n"}
    head = base | {"app/slugs.py": SLUGS.replace("title.lower()", "title").replace("'a-b'", "'A-b'")}
    found = on_stand(engine, base, head, documented)
    assert found is not None
    assert [(f.path, f.line, f.source) for f in found.findings] == [("app/slugs.py", 4, "slug(\"A b\") gives 'a-b'")]
    assert not found.gate.passed
    same = on_stand(engine, base, base | {"app/slugs.py": SLUGS + "\n\nUSED = True\n"}, documented)
    assert (same.gate.passed, same.gate.evidence) == (True, "2 examples of the documentation hold as before")
    assert on_stand(engine, base, base | {"README.md": ""}, documented) is None, "no code changed"


def test_the_contract(engine: DockerEngine) -> None:
    head = edited("app/schemas/book.py", "    author: str\n    year: int | None\n", "    year: int | None\n")

    def held(stand: Stand) -> GateResult | None:
        return contract(document_of(stand, "base"), document_of(stand, "head"))

    found: GateResult = on_stand(engine, APP, head, held)
    assert not found.gate.passed
    assert any("author: is gone" in f.text for f in found.findings)
    same: GateResult = on_stand(engine, APP, APP, held)
    assert (same.gate.passed, same.gate.evidence) == (True, "the service publishes the same as before")


def test_migrations_of_a_new_application(engine: DockerEngine) -> None:
    (result,) = on_stand(engine, {}, APP, migrated)
    assert result.gate.passed, result.gate.evidence
    assert result.gate.name == "migrations on SQLite"
    assert "models and migrations agree" in result.gate.evidence


def migrated(stand: Stand, previous: str = "") -> list[GateResult]:
    stand.show("head")
    found = stand.trees.services["head"]
    assert found is not None
    return [migrations(stand.box, found, target, previous) for target in targets(found, stand.box)]


def test_a_model_without_its_migration(engine: DockerEngine) -> None:
    path = next(p for p in APP if p.startswith("app/models/book"))
    head = edited(path, "    title: Mapped[", "    subtitle: Mapped[str | None]\n    title: Mapped[")
    (result,) = on_stand(engine, APP, head, migrated)
    assert not result.gate.passed
    assert "models and migrations agree" in result.findings[0].text
    assert "subtitle" in result.findings[0].text


def test_a_migration_that_only_works_on_an_empty_database(engine: DockerEngine) -> None:
    versions = next(p.rpartition("/")[0] for p in APP if "/versions/" in p)
    (previous,) = heads_of(listing(APP))
    bad = f'''"""Add a column nobody can fill."""

import sqlalchemy as sa
from alembic import op

revision = "9999_bad"
down_revision = "{previous}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("books") as batch:
        batch.add_column(sa.Column("shelf", sa.String(20), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("books") as batch:
        batch.drop_column("shelf")
'''
    path = next(p for p in APP if p.startswith("app/models/book"))
    head = edited(path, "    title: Mapped[", "    shelf: Mapped[str] = mapped_column(String(20))\n    title: Mapped[")
    head |= {f"{versions}/9999_bad.py": bad}
    assert heads_of(listing(head)) == ["9999_bad"]
    (result,) = on_stand(engine, APP, head, lambda stand: migrated(stand, previous))
    assert not result.gate.passed
    assert result.findings[0].text.startswith("a database with rows comes up to head")


def test_requests_from_the_schema_and_attacks(engine: DockerEngine) -> None:
    def probed(stand: Stand) -> tuple[GateResult, GateResult]:
        document = document_of(stand, "head")
        found = stand.trees.services["head"]
        assert document is not None and found is not None
        return (schema_check(stand.box, found, document, budget_s=60), attacks(stand.box, found, document, budget_s=60))

    for result in on_stand(engine, {}, APP, probed):
        assert result.gate.passed, result.gate.evidence
        assert "not measured" not in result.gate.evidence
    routes = next(p for p in APP if p.startswith("app/routers/book") or p.endswith("routers/books.py"))
    broken = APP | {routes: APP[routes] + BROKEN_ROUTE}
    schema, _ = on_stand(engine, {}, broken, probed)
    assert [f.code for f in schema.findings] == ["GET /books/broken/{number}"]
    assert schema.hits[0].attack.steps[0].path.startswith("/books/broken/")


BROKEN_ROUTE = '''

@router.get("/broken/{number}")
def broken(number: int) -> dict[str, int]:
    """Divide by what the client sends."""
    return {"half": 100 // number}
'''


ON_POSTGRESQL = {
    "requirements.txt": "fastapi\nuvicorn\nsqlalchemy\nalembic\npsycopg[binary]\n",
    "compose.yaml": "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: x\n"
    "  web:\n    build: .\n    environment:\n      DATABASE_URL: postgresql+psycopg://postgres:x@db:5432/postgres\n",
    "models.py": """from enum import Enum

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Size(Enum):
    small = 1
    large = 2


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[Size]
""",
    "migrations/versions/0001_books.py": '''"""Books."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    size = sa.Enum("small", "large", name="size")
    op.create_table("books", sa.Column("id", sa.Integer, primary_key=True), sa.Column("size", size, nullable=False))


def downgrade() -> None:
    op.drop_table("books")
''',
}


def test_a_way_back_that_only_postgresql_cannot_go_twice(engine: DockerEngine) -> None:
    flawed = Flaw("migrations", "", "", "", "migrated").files("before") | ON_POSTGRESQL
    (result,) = on_stand(engine, {}, flawed, migrated)
    assert result.gate.name == "migrations on PostgreSQL"
    assert [f.text.partition(":")[0] for f in result.findings] == ["and up again"], result.gate.evidence
    assert "already exists" in result.findings[0].text
    path = "migrations/versions/0001_books.py"
    mended = flawed[path].replace('drop_table("books")', 'drop_table("books")\n    op.execute("drop type size")')
    (result,) = on_stand(engine, {}, flawed | {path: mended}, migrated)
    assert result.gate.passed, result.gate.evidence
