"""Two small applications as people write them: one on PostgreSQL by an async driver, one on PostgreSQL and Redis."""

from sandbox.reports import Service

NOTES: dict[str, bytes] = {
    "pyproject.toml": b"""
[project]
name = "notes"
version = "1"
dependencies = ["fastapi>=0.115", "uvicorn", "sqlalchemy[asyncio]>=2", "asyncpg", "pydantic-settings"]

[dependency-groups]
dev = ["pytest", "pytest-asyncio", "httpx"]

[tool.pytest.ini_options]
asyncio_mode = "auto"
""",
    ".github/workflows/test.yml": b"""
jobs:
  test:
    runs-on: ubuntu-latest
    services:
      postgres:
        image: postgres:16
        env:
          POSTGRES_USER: notes
          POSTGRES_PASSWORD: notes
          POSTGRES_DB: notes_test
    env:
      DATABASE_URL: postgresql+asyncpg://notes:notes@localhost:5432/notes_test
    steps:
      - run: pytest
""",
    "app/__init__.py": b"",
    "app/settings.py": b"""
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str


settings = Settings()
""",
    "app/db.py": b"""
from collections.abc import AsyncIterator

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool

from app.settings import settings

engine = create_async_engine(settings.database_url, poolclass=NullPool)
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[dict] = mapped_column(JSONB)


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as open_session:
        yield open_session
""",
    "app/main.py": b"""
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Base, Note, engine, session


@asynccontextmanager
async def lifespan(_: FastAPI):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)
Session = Annotated[AsyncSession, Depends(session)]


@app.post("/notes", status_code=201)
async def add(body: dict, session: Session) -> dict:
    note = Note(body=body)
    session.add(note)
    await session.commit()
    return {"id": note.id, "body": note.body}


@app.get("/notes")
async def all_notes(session: Session) -> list[dict]:
    return [note.body for note in await session.scalars(select(Note).order_by(Note.id))]
""",
    "tests/conftest.py": b"""
import httpx
import pytest

from app.main import app, lifespan


@pytest.fixture
async def client():
    async with lifespan(app):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            yield client
""",
    "tests/test_notes.py": b"""
async def test_the_database_was_empty_and_keeps_what_it_is_given(client):
    assert (await client.get("/notes")).json() == []
    assert (await client.post("/notes", json={"a": [1]})).json() == {"id": 1, "body": {"a": [1]}}
    assert (await client.get("/notes")).json() == [{"a": [1]}]
""",
    "tests/acceptance/conftest.py": b"""
import os

import httpx
import pytest


@pytest.fixture
def client():
    with httpx.Client(base_url=os.environ["APP_BASE_URL"]) as client:
        yield client
""",
    "tests/acceptance/test_service.py": b"""
def test_first_note(client):
    assert client.get("/notes").json() == []
    answer = client.post("/notes", json={"b": 2})
    assert (answer.status_code, answer.json()) == (201, {"id": 1, "body": {"b": 2}})
""",
}
NOTES_SERVICE = Service(
    argv=("python", "-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", "{port}"),
    env={"DATABASE_URL": "sqlite+aiosqlite:////work/app.db"},
)
"""What is read from the code alone; the address of the server wins over it."""
NOTES_UNIT = ("tests/test_notes.py::test_the_database_was_empty_and_keeps_what_it_is_given",)
NOTES_SERVED = ("tests/acceptance/test_service.py::test_first_note",)

COUNTER: dict[str, bytes] = {
    "requirements.txt": b"fastapi\nuvicorn\npsycopg[binary]\nredis\nhttpx\npytest\n",
    ".env.example": b"""
POSTGRES_HOST=db
POSTGRES_USER=counter
POSTGRES_PASSWORD=counter
POSTGRES_DB=counter
REDIS_URL=redis://:hidden@cache:6379/2
""",
    "main.py": b"""
import os

import psycopg
import redis
from fastapi import FastAPI

app = FastAPI()
cache = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)


def connect():
    return psycopg.connect(
        host=os.environ["POSTGRES_HOST"], user=os.environ["POSTGRES_USER"],
        password=os.environ["POSTGRES_PASSWORD"], dbname=os.environ["POSTGRES_DB"],
    )


@app.post("/visits/{name}")
def visit(name: str) -> dict[str, int]:
    with connect() as db:
        db.execute("CREATE TABLE IF NOT EXISTS visits (name text)")
        db.execute("INSERT INTO visits VALUES (%s)", (name,))
        rows = db.execute("SELECT count(*) FROM visits").fetchone()[0]
    return {"rows": rows, "seen": cache.incr(name)}
""",
    "tests/test_visits.py": b"""
import psycopg
import pytest
from fastapi.testclient import TestClient

from main import app, connect


def test_both_servers_were_empty():
    client = TestClient(app)
    assert client.post("/visits/ann").json() == {"rows": 1, "seen": 1}
    assert client.post("/visits/ann").json() == {"rows": 2, "seen": 2}


def test_a_suite_may_make_databases_and_extensions_of_its_own():
    with psycopg.connect("host=db user=counter dbname=postgres", autocommit=True) as db:
        db.execute("CREATE DATABASE own_test")
    with psycopg.connect("host=db user=counter dbname=own_test", autocommit=True) as db:
        db.execute("CREATE EXTENSION pg_trgm")
        db.execute('CREATE EXTENSION "uuid-ossp"')
        db.execute("SET session_replication_role = replica")
        assert db.execute("SELECT similarity('word', 'world') > 0.3").fetchone()[0]
""",
}
