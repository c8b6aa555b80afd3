"""Both sides of the examples do the same: run as programs of their own, with what they answer compared."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agents.recipes.apply import apply
from agents.recipes.catalog import recipe
from agents.recipes.explain import page

APP = """
import json, sys, warnings
warnings.simplefilter("ignore")
import main
routes = [(r.path, sorted(r.methods or ()), r.name) for r in main.app.routes if hasattr(r, "methods")]
print(json.dumps({"openapi": main.app.openapi(), "routes": routes}))
"""
LIFESPAN = """
import asyncio, warnings
warnings.simplefilter("ignore")
import main
async def run():
    try:
        async with main.app.router.lifespan_context(main.app):
            print("serving")
            raise RuntimeError
    except RuntimeError:
        print("ended by an error")
asyncio.run(run())
"""
SETTINGS = "import config\nprint([config.DATABASE_URL, config.PORT, config.NAME, config.TOKEN, config.DEBUG])"
QUERIES = """

import crud
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
engine = create_engine("sqlite://")
crud.Base.metadata.create_all(engine)
with Session(engine) as db:
    db.add_all(crud.User(id=n, name="x" if n % 2 else "y") for n in range(1, 8))
    db.commit()
    body = open("crud.py").read().split("def read")[1].split("def write")[0]
    calls = [line.strip() for line in body.splitlines() if line.startswith("    db.")]
    def plain(value):
        if isinstance(value, crud.User):
            return [value.id, value.name]
        return [plain(one) for one in value] if isinstance(value, (list, tuple)) or hasattr(value, "_fields") else value
    names = {**vars(crud), "db": db, "key": 2}
    print([plain(eval(call, names)) for call in calls if "one_or_none" not in call or "func" in call])
    print(crud.write(db, 3), [plain(user) for user in crud.listing(db, "x")])
"""
ANSWERS = """
import warnings
warnings.simplefilter("ignore")
from starlette.testclient import TestClient
import main
client = TestClient(main.app)
for path in ("/health", "/double/7", "/double/3", "/greet", "/greet?name=a"):
    print(client.get(path).status_code, client.get(path).text)
"""
STORED = """
import sqlite3, warnings
warnings.simplefilter("ignore")
with sqlite3.connect("shop.db") as made:
    made.execute("create table items (id integer primary key, name varchar)")
from starlette.testclient import TestClient
from shop.main import app
with TestClient(app) as client:
    print(client.post("/items/tea").text)
    print(client.post("/items/rum").text)
    print(client.get("/items").text)
"""
CLIENT = """
import requests

def fetch(base: str, name: str, page: int):
    try:
        answer = requests.get(f"{base}/{name}", params={"page": page, "q": name})
        answer.raise_for_status()
        return answer.json()
    except requests.HTTPError as error:
        return error.response.status_code
    except requests.ConnectionError:
        return "lost"

def send(base: str):
    answer = requests.post(base + "/form", data={"a": "1", "b": "x y"}, headers={"X-Kind": "form"})
    if answer.ok:
        return answer.text
    return requests.get(base + "/moved", allow_redirects=False).status_code
"""


def said(folder: Path, files: dict[str, str], program: str, **environment: str) -> str:
    """What a program prints beside these files."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    done = subprocess.run(
        [sys.executable, "-B", "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def both(tmp_path: Path, name: str, number: int, program: str, **environment: str) -> tuple[str, str]:
    example = page(name).examples[number]
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    # the newest FastAPI has this method on its router only
    old = {path: text.replace("app.add_event", "app.router.add_event") for path, text in example.before.items()}
    return (
        said(tmp_path / "before", old, program, **environment),
        said(tmp_path / "after", example.after, program, **environment),
    )


@pytest.mark.parametrize("name", ["annotated", "lifespan", "routers"])
def test_the_openapi_document_and_the_routes_stay_the_same(tmp_path: Path, name: str) -> None:
    before, after = (json.loads(text) for text in both(tmp_path, name, 0, APP))
    assert before["openapi"] == after["openapi"]
    assert before["routes"] == after["routes"] or name == "routers"
    assert len(before["openapi"]["paths"]) >= 1


def test_handlers_run_in_the_same_order_also_when_serving_ends_by_an_error(tmp_path: Path) -> None:
    before, after = both(tmp_path, "lifespan", 0, LIFESPAN)
    assert before == after
    assert before.splitlines() == ["prepare", "connect", "serving", "disconnect", "prepare", "ended by an error"]


@pytest.mark.parametrize("environment", [
    {"DATABASE_URL": "sqlite://", "TOKEN": "t", "DEBUG": "1", "PORT": "9000", "database_url": "wrong"},
    {"DATABASE_URL": "", "APP_NAME": " x "},
])  # fmt: skip
def test_settings_hold_what_the_environment_held(tmp_path: Path, environment: dict[str, str]) -> None:
    before, after = both(tmp_path, "pydantic-settings", 0, SETTINGS, **environment)
    assert before == after


def test_a_select_gives_what_the_query_gave(tmp_path: Path) -> None:
    before, after = both(tmp_path, "sqlalchemy-select", 0, QUERIES)
    assert before == after
    assert "[2, 'y']" in before


def test_response_models_answer_the_same_bytes(tmp_path: Path) -> None:
    before, after = both(tmp_path, "response-models", 0, ANSWERS)
    assert before == after
    assert '200 {"status":"ok","ready":true}' in before


def test_async_sessions_answer_and_store_the_same(tmp_path: Path) -> None:
    before, after = both(tmp_path, "async-sessions", 0, STORED)
    assert before == after
    assert before.splitlines() == ["1", "2", '["tea","rum"]']


MADE = """
import sqlite3
from sqlalchemy import Column, Integer
import db

class Item(db.Base):
    __tablename__ = "items"
    id = Column(Integer, primary_key=True)

import main
print(sqlite3.connect("shop.db").execute("select name from sqlite_master").fetchall(), main.app.title)
"""


def test_tables_are_made_at_the_same_moment_where_sessions_turn_async(tmp_path: Path) -> None:
    before, after = both(tmp_path, "async-sessions", 2, MADE)
    assert before == after
    assert "items" in before


class Answers(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        moved = self.path.startswith("/moved")
        self.send_response(302 if moved else 404 if self.path.startswith("/gone") else 200)
        if moved:
            self.send_header("Location", "/here" + self.path[len("/moved") :])
        self.end_headers()
        self.wfile.write(b"" if moved else json.dumps(self.path).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body + self.headers["Content-Type"].encode() + self.headers["X-Kind"].encode())


def test_httpx_sends_follows_and_fails_as_requests_did(tmp_path: Path) -> None:
    outcome = apply(recipe("requests-to-httpx"), {"client.py": CLIENT})
    assert "requests" not in str(outcome.changes["client.py"])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    program = (
        f"import client\nbase = {base!r}\n"
        "print([client.fetch(base, name, 2) for name in ('here', 'gone', 'moved')], client.send(base))\n"
        "print(client.fetch('http://127.0.0.1:9', 'x', 1))"
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before = said(tmp_path / "a", {"client.py": CLIENT}, program)
    after = said(tmp_path / "b", {"client.py": str(outcome.changes["client.py"])}, program)
    server.shutdown()
    server.server_close()
    assert before == after
    assert "404" in before and "/here" in before and "lost" in before
