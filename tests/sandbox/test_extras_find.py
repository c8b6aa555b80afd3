"""What a repository needs beside it, told from files as real projects write them."""

import textwrap

import pytest

from sandbox.extras.find import needed_extras
from sandbox.extras.values import Database, Extras, parse_choice

PYPROJECT = "[project]\nname = 'shop'\ndependencies = [{}]\n"


def needed(files: dict[str, str], *requirements: str, choice: str = "auto") -> Extras:
    tree = {path: textwrap.dedent(text).encode() for path, text in files.items()}
    quoted = ", ".join(repr(r) for r in ("fastapi", *requirements))
    tree.setdefault("pyproject.toml", PYPROJECT.format(quoted).encode())
    return needed_extras(sorted(tree), tree.get, choice)


def databases(extras: Extras) -> list[tuple[str, str]]:
    assert extras.postgresql is not None
    return [(d.name, d.owner) for d in extras.postgresql.databases]


TEMPLATE = {
    ".env": """
        POSTGRES_SERVER=localhost
        POSTGRES_PORT=5432
        POSTGRES_DB=app
        POSTGRES_USER=postgres
        POSTGRES_PASSWORD=changethis
        """,
    "compose.yml": """
        services:
          db:
            image: postgres:17
            environment:
              - POSTGRES_PASSWORD=${POSTGRES_PASSWORD?Variable not set}
              - POSTGRES_USER=${POSTGRES_USER?Variable not set}
              - POSTGRES_DB=${POSTGRES_DB?Variable not set}
          backend:
            environment:
              - POSTGRES_SERVER=db
        """,
    "app/core/config.py": """
        from pydantic import PostgresDsn, computed_field
        from pydantic_settings import BaseSettings, SettingsConfigDict

        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_file="../.env", extra="ignore")
            POSTGRES_SERVER: str
            POSTGRES_PORT: int = 5432
            POSTGRES_USER: str
            POSTGRES_PASSWORD: str = ""
            POSTGRES_DB: str = ""

            @computed_field
            @property
            def SQLALCHEMY_DATABASE_URI(self) -> PostgresDsn:
                return PostgresDsn.build(scheme="postgresql+psycopg", username=self.POSTGRES_USER)
        """,
}


def test_parts_in_variables_of_their_own() -> None:
    extras = needed(TEMPLATE, "sqlmodel", "psycopg[binary]>=3.1")
    assert databases(extras) == [("app", "postgres")]
    assert extras.postgresql is not None and extras.postgresql.roles == ("postgres",)
    assert extras.env["POSTGRES_SERVER"] == "localhost"
    assert extras.env["POSTGRES_PASSWORD"] == "changethis"
    assert extras.redis is None
    assert extras.notes == ("PostgreSQL with app is started beside the code: POSTGRES_DB in .env",)


CI = {
    ".github/workflows/test.yml": """
        jobs:
          test:
            runs-on: ubuntu-latest
            env:
              DATABASE_URL: postgresql+asyncpg://me:${{ secrets.PW }}@localhost:${{ job.services.db.ports[5432] }}/test
              REDIS_URL: "redis://localhost:6379/1"  # the second one
            services:
              db:
                image: postgres:16-alpine
                env: {POSTGRES_USER: me, POSTGRES_DB: test}
              cache:
                image: redis:7
            steps:
              - run: psql -h localhost -U me -c 'CREATE DATABASE other_db'
        """,
    "app/config.py": """
        from pydantic_settings import BaseSettings

        class Settings(BaseSettings):
            database_url: str = "sqlite+aiosqlite:///./dev.db"
            redis_url: str | None = None
        """,
}


def test_ci_says_how_the_tests_are_run() -> None:
    extras = needed(CI, "sqlalchemy[asyncio]", "asyncpg", "aiosqlite", "redis>=5")
    assert databases(extras) == [("test", "me"), ("other_db", "me")]
    assert extras.env["DATABASE_URL"] == "postgresql+asyncpg://me:secret@localhost:5432/test"
    assert extras.env["REDIS_URL"] == "redis://localhost:6379/1"
    assert extras.names == ("postgresql", "redis")


def test_a_default_that_works_without_a_server_is_believed_before_a_deployment() -> None:
    files = {
        "app/config.py": CI["app/config.py"],
        "docker-compose.yml": "services:\n  db:\n    image: postgres:16\n  web:\n    environment:\n      DATABASE_URL: postgresql://a:b@db/shop\n",
        ".env.example": "REDIS_URL=redis://redis:6379/0\n",
    }
    extras = needed(files, "sqlalchemy", "asyncpg", "aiosqlite", "redis")
    assert extras.names == () and extras.env == {}
    assert [note.partition(":")[0] for note in extras.notes] == ["PostgreSQL is not started", "Redis is not started"]


def test_what_tests_set_wins_over_defaults() -> None:
    files = {
        "app/db.py": 'import os\nURL = os.getenv("DATABASE_URL", "postgresql+asyncpg://shop:shop@db:5432/shop")\n',
        "tests/conftest.py": 'import os\nos.environ["DATABASE_URL"] = "sqlite+aiosqlite:///:memory:"\n',
    }
    assert needed(files, "sqlalchemy", "asyncpg", "aiosqlite").names == ()
    files["tests/conftest.py"] = (
        'import os\nos.environ.setdefault("DATABASE_URL", "postgresql+asyncpg://t:t@localhost/tests")\n'
    )
    extras = needed(files, "sqlalchemy", "asyncpg")
    assert databases(extras) == [("tests", "t")]
    assert extras.env["DATABASE_URL"] == "postgresql+asyncpg://t:t@localhost/tests"


def test_what_one_test_sets_for_a_moment_says_nothing() -> None:
    files = {
        "app/config.py": """
            import os
            from pydantic_settings import BaseSettings
            class Settings(BaseSettings):
                database_url: str = os.getenv("DATABASE_URL", "postgresql://s:s@db/shop")
            """,
        "tests/test_config.py": """
            def test_sqlite(monkeypatch):
                monkeypatch.setenv("DATABASE_URL", "sqlite://")
            """,
    }
    assert needed(files, "psycopg2").env["DATABASE_URL"] == "postgresql://s:s@db/shop"
    files = {
        "app/config.py": 'import os\nURL = os.getenv("DATABASE_URL", "sqlite:///app.db")\n',
        "tests/test_config.py": 'def test_url():\n    assert masked("postgresql://u:p@h/d") == "..."\n',
    }
    assert needed(files, "psycopg2").names == ()


def test_a_default_in_code_leads_to_the_sandbox_by_its_own_name() -> None:
    files = {"main.py": 'import os\nURL = os.environ.get("DB_DSN", "postgres://shop:pw@database.internal:5432/shop")\n'}
    extras = needed(files, "asyncpg")
    assert extras.hosts == ("database.internal",)
    assert extras.env["DB_DSN"] == "postgres://shop:pw@database.internal:5432/shop"
    assert databases(extras) == [("shop", "shop")]


@pytest.mark.parametrize(
    ("requirements", "code", "url"),
    [
        (("sqlalchemy", "asyncpg"), "create_async_engine", "postgresql+asyncpg://app:secret@127.0.0.1:5432/app"),
        (("sqlalchemy", "psycopg[binary]"), "create_engine", "postgresql+psycopg://app:secret@127.0.0.1:5432/app"),
        (("sqlalchemy", "psycopg2-binary"), "create_engine", "postgresql://app:secret@127.0.0.1:5432/app"),
        (("asyncpg",), "connect", "postgresql://app:secret@127.0.0.1:5432/app"),
    ],
)
def test_a_setting_without_a_value_gets_an_address_for_the_driver(
    requirements: tuple[str, ...], code: str, url: str
) -> None:
    config = f"from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    database_url: str\n# {code}\n"
    assert needed({"app/config.py": config}, *requirements).env["DATABASE_URL"] == url


def test_a_prefix_an_alias_and_an_optional_field() -> None:
    config = """
        from pydantic import Field, PostgresDsn
        from pydantic_settings import BaseSettings, SettingsConfigDict

        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_prefix="SHOP_")
            db_host: str = "db"
            db_user: str = "shop"
            db_password: str
            db_name: str = "shop"
            db_pool_size: int = 5
            replica_url: str | None = None
            cache: str = Field("redis://:pw@cache:6379/0", alias="REDIS_DSN")
        """
    extras = needed({"app/config.py": config}, "asyncpg", "redis")
    assert extras.env | {"PGHOST": ""} == {
        "PGHOST": "", "PGUSER": "shop", "PGPASSWORD": "secret", "SHOP_DB_HOST": "db", "SHOP_DB_USER": "shop",
        "SHOP_DB_PASSWORD": "secret", "SHOP_DB_NAME": "shop", "REDIS_DSN": "redis://:pw@cache:6379/0",
    }  # fmt: skip
    assert extras.hosts == ("db", "cache")
    assert extras.redis is not None and extras.redis.password == "pw"


def test_alembic_alone_and_an_address_in_a_connect_call() -> None:
    ini = "[alembic]\nsqlalchemy.url = postgresql://al:x@10.0.0.7:5432/migrated\n"
    extras = needed({"alembic.ini": ini, "app/db.py": "import psycopg2\n"}, "psycopg2-binary", "alembic")
    assert databases(extras) == [("migrated", "al")] and extras.hosts == ()
    code = 'import asyncpg\nasync def go():\n    return await asyncpg.connect(host="pg", user="u", database="d")\n'
    extras = needed({"app/db.py": code}, "asyncpg")
    assert databases(extras) == [("d", "u")] and extras.hosts == ("pg",)


def test_tests_that_create_their_database_find_it_absent() -> None:
    files = {
        "app/config.py": 'import os\nDATABASE_URL = os.getenv("DATABASE_URL", "postgresql://u:p@localhost/live")\n',
        "tests/conftest.py": """
            from sqlalchemy_utils import create_database
            URL = "postgresql://u:p@localhost/fresh"
            create_database(URL)
            """,
    }
    assert databases(needed(files, "psycopg2", "sqlalchemy")) == [("live", "u")]


def test_celery_on_redis() -> None:
    files = {
        "worker/app.py": """
            import os
            from celery import Celery
            app = Celery("w", broker=os.environ.get("CELERY_BROKER_URL", "redis://redis:6379/0"),
                         backend=os.environ.get("CELERY_RESULT_BACKEND", "redis://redis:6379/1"))
            """
    }
    extras = needed(files, "celery[redis]")
    assert extras.names == ("redis",) and extras.hosts == ("redis",)


def test_compose_with_references_and_another_port() -> None:
    files = {
        "docker-compose.test.yml": """
            x-db: &db
              DB_USER: tester
              DB_NAME: ${NAME_OF_DB:-shop_test}
            services:
              pg:
                image: "postgis/postgis:15-3.4"
                environment: *db
              app:
                environment:
                  DATABASE_URL: postgresql://${DB_USER}:pw@pg:5433/${DB_NAME}?sslmode=require
            """,
        "app/config.py": 'import os\nurl = os.environ["DATABASE_URL"]\n',
    }
    extras = needed(files, "psycopg2-binary", "sqlalchemy")
    assert extras.postgresql is not None
    assert databases(extras) == [("shop_test", "tester")] and extras.postgresql.port == 5433
    assert extras.env["DATABASE_URL"] == "postgresql://tester:pw@pg:5433/shop_test"


@pytest.mark.parametrize("requirements", [("sqlalchemy", "aiosqlite"), ("httpx",), ("fakeredis",)])
def test_without_a_driver_nothing_is_read_and_nothing_needed(requirements: tuple[str, ...]) -> None:
    assert needed(TEMPLATE | CI, *requirements) == Extras()


def test_the_setting_decides_when_it_says_so() -> None:
    assert needed(TEMPLATE, "psycopg", choice="none") == Extras()
    extras = needed({"main.py": ""}, choice="postgresql redis")
    assert extras.names == ("postgresql", "redis") and databases(extras) == [("app", "app")]
    assert needed(CI, "asyncpg", "redis", choice="redis").names == ("redis",)
    lite = {"app/config.py": CI["app/config.py"]}
    env = needed(lite, "sqlalchemy", "asyncpg", "redis", choice="postgresql, redis").env
    assert env["DATABASE_URL"] == "postgresql://app:secret@127.0.0.1:5432/app"
    assert env["REDIS_URL"] == "redis://127.0.0.1:6379/0"
    assert parse_choice("auto") is None and parse_choice("none") == ()
    with pytest.raises(ValueError, match="mongodb"):
        parse_choice("mongodb")


def test_hostile_names_and_variables_are_left_out() -> None:
    files = {
        ".env.example": """
            PYTHONPATH=postgresql://a:b@h/one
            PYTEST_ADDOPTS=postgresql://a:b@h/two
            LD_PRELOAD=redis://h/0
            APP_BASE_URL=redis://h/0
            PATH=postgresql://a:b@h/three
            DATABASE_URL=postgresql://greenloop_superuser:b@ev%20il/x%22%3BDROP%20ROLE%20y
            OTHER_DATABASE_URL=postgresql://pg_monitor:b@localhost/pg_x
            """,
        "app/config.py": 'import os\nos.environ["DATABASE_URL"]\n',
    }
    extras = needed(files, "asyncpg", "redis")
    assert set(extras.env) == {"DATABASE_URL", "OTHER_DATABASE_URL", "PGHOST", "PGUSER", "PGPASSWORD"}
    assert extras.postgresql is not None
    assert extras.postgresql.roles == ("app",) and extras.postgresql.databases == (Database(),)
    assert extras.hosts == ()


def test_what_is_made_is_bounded() -> None:
    lines = [f"DATABASE_URL_{n}=postgresql://u{n}:p@h{n}:{n}/d{n}" for n in range(300)]
    long = [f"X{n}_DB_PASSWORD={'x' * 1200}" for n in range(50)] + ["A=" + " x" * 20_000, "image:" + " " * 20_000]
    files = {".env": "\n".join(lines + long), "app/db.py": 'import os\nos.environ["DATABASE_URL"]\n'}
    extras = needed(files, "asyncpg")
    assert extras.postgresql is not None
    assert len(extras.postgresql.roles) == len(extras.postgresql.databases) == 6
    assert {d.owner for d in extras.postgresql.databases} <= set(extras.postgresql.roles)
    assert len(extras.hosts) == 20 and extras.postgresql.port == 5432
    assert len(extras.env) < 110 and max(map(len, extras.env.values())) < 100


def test_damaged_files_say_nothing() -> None:
    files = {
        "app/broken.py": "postgres = (",
        "compose.yml": "\t{:",
        "tests/deep.py": "x = " + "(" * 5000 + "'postgres'",
    }
    assert needed(files, "asyncpg").names == ()
    assert needed({"pyproject.toml": "[[[", "main.py": "postgres"}, "asyncpg") == Extras()
