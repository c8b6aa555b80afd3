"""C: changes that are what they say; each is green, or the verdict cries wolf."""

from dataclasses import dataclass, field

from tests.hostile.cases.shop import APP, MAIN, RIGHT, SETTINGS, TRUSTED, UNIT


@dataclass(frozen=True, kw_only=True)
class Honest:
    name: str
    what: str
    code: dict[str, str] = field(default_factory=dict)
    """What the change adds to the right application."""
    tests: dict[str, str] = field(default_factory=dict)
    """What its author of tests added; trusted."""
    expected: tuple[str, ...] = ()
    service: bool = False
    """Asked over HTTP too."""


def test(name: str, what: str, tests: str, code: str = "", **more: object) -> Honest:
    """A change of one module `app/extra.py` and one test file."""
    found = {"app/extra.py": code} if code else {}
    return Honest(
        name=name,
        what=what,
        code=found,
        tests={"tests/test_extra.py": tests},
        expected=("tests/test_extra.py",),
        **more,
    )  # type: ignore[arg-type]


BASE = {**APP, "app/pricing.py": RIGHT}
JUDGES = TRUSTED
CASES = (
    test("h01", "fixtures of every scope, with tear-down", """
import pytest
@pytest.fixture(scope="session")
def one(): yield 1
@pytest.fixture(scope="module", params=[2, 3])
def two(request, one): yield request.param + one
@pytest.fixture(autouse=True)
def each(): yield
def test_it(two): assert two in (3, 4)
"""),
    test("h02", "async tests and fixtures", """
import asyncio, pytest
from app.extra import fetch
@pytest.fixture
async def number(): await asyncio.sleep(0); yield 4
async def test_it(number): assert await asyncio.gather(fetch(1), fetch(number)) == [2, 8]
""", "import asyncio\nasync def fetch(n):\n    await asyncio.sleep(0.01)\n    return n * 2\n"),
    test("h03", "parameters with odd ids", """
import pytest
@pytest.mark.parametrize("x", ["", " ", "a/b", "a::b", "[x]", "ü", "\\n", None, 1.5], ids=str)
@pytest.mark.parametrize("y", [1, 2])
def test_it(x, y): assert y
"""),
    test("h04", "programs started by the code", """
from app.extra import version
def test_it(capfd): assert version().startswith("Python 3")
""", "import subprocess, sys\ndef version():\n    print('starting', flush=True)\n    return subprocess.run([sys.executable, '-V'], capture_output=True, text=True, check=True).stdout\n"),
    test("h05", "warnings", """
import warnings, pytest
from app.extra import old
def test_it():
    with pytest.warns(DeprecationWarning): old()
    warnings.warn("just so"); old()
""", "import warnings\ndef old(): warnings.warn('use new', DeprecationWarning, stacklevel=2)\n"),
    test("h06", "prints, in colour, to every stream, and a word like a summary", """
import os, sys
from app.extra import shout
def test_it(): shout(); os.write(1, b"raw\\n"); print("FAILED 3 failed, 1 passed", file=sys.__stdout__); sys.__stderr__.write("\\x1b[31mred\\n")
""", "def shout():\n    print('\\x1b[32m' + '=' * 30 + ' 2 passed ' + '\\x1b[0m')\n"),
    test("h07", "sets variables of the environment and leaves them", """
import os
from app.extra import configure
def test_one(monkeypatch): monkeypatch.setenv("MODE", "x"); assert configure()["MODE"] == "x"
def test_two(): os.environ["LEFT"] = "1"; assert configure()["LEFT"] == "1"
""", "import os\ndef configure(): return dict(os.environ)\n"),
    test("h08", "stops the clock", """
import time, datetime
from app.extra import now
def test_it(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0); monkeypatch.setattr(time, "monotonic", lambda: 0.0); monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    assert now() == 0.0
""", "import time\ndef now(): return time.time()\n"),
    test("h09", "a marker of its own, from the trusted settings", "import pytest\n@pytest.mark.slow\ndef test_it(): assert True\n"),
    Honest(name="h10", what="a conftest its test author adds", expected=("tests/test_extra.py",), tests={
        "tests/conftest.py": "import pytest\n@pytest.fixture\ndef seven(): return 7\ndef pytest_collection_modifyitems(items): items.sort(key=lambda i: i.name)\n",
        "tests/test_extra.py": "def test_it(seven): assert seven == 7\n",
    }),
    Honest(name="h11", what="tests and a conftest that the builder adds", code={
        "tests/unit/conftest.py": "import pytest\n@pytest.fixture\ndef eight(): return 8\n",
        "tests/unit/test_mine.py": "def test_it(eight): assert eight == 8\n",
    }),
    Honest(name="h12", what="the builder sharpens a test", code={"tests/test_pricing.py": UNIT + "\n\ndef test_one():\n    assert total(1, 1) == 1\n"}),
    Honest(name="h13", what="dependencies, tools and metadata in pyproject.toml", code={
        "pyproject.toml": SETTINGS + "[project]\nname = 'shop'\nversion = '2'\ndependencies = ['fastapi']\n[tool.ruff]\nline-length = 100\n",
        "requirements.txt": "fastapi\n", ".gitignore": "*.log\n", "README.md": "# shop\n", ".env.example": "MODE=x\n",
    }),
    test("h14", "threads that are still there at the end", """
from app.extra import start
def test_it(): assert start().is_alive()
""", "import threading, time\ndef start():\n    thread = threading.Thread(target=time.sleep, args=(30,), daemon=True)\n    thread.start()\n    return thread\n"),
    test("h15", "processes of its own", """
from app.extra import squares
def test_it(): assert squares() == [0, 1, 4]
""", "import multiprocessing\ndef square(n): return n * n\ndef squares():\n    with multiprocessing.get_context('spawn').Pool(2) as pool: return pool.map(square, range(3))\n"),
    test("h16", "a database in a file and files next to the code", """
from app.extra import save
def test_it(tmp_path): assert save(tmp_path / "a.db") == 1 and save("b.db") == 1
""", "import sqlite3\ndef save(path):\n    with sqlite3.connect(path) as db:\n        db.execute('create table t (x)')\n        db.execute('insert into t values (1)')\n        return db.execute('select count(*) from t').fetchone()[0]\n"),
    test("h17", "logs, captured", """
import logging
from app.extra import work
def test_it(caplog, capsys):
    with caplog.at_level(logging.INFO): work()
    assert caplog.messages == ["worked"] and capsys.readouterr().out == "out\\n"
""", "import logging\ndef work():\n    logging.getLogger(__name__).info('worked')\n    print('out')\n"),
    test("h18", "looks into the interpreter: gc, inspect, frames, sys.modules", """
from app.extra import look
def test_it(): assert look() == ("look", True)
""", "import gc, inspect, sys\ndef look():\n    gc.collect()\n    return inspect.currentframe().f_code.co_name, 'app.extra' in sys.modules\n"),
    test("h19", "unittest classes and sub-tests", """
import unittest
class TestIt(unittest.TestCase):
    def setUp(self): self.x = 1
    def test_one(self):
        for n in range(3):
            with self.subTest(n=n): self.assertEqual(self.x, 1)
    def test_two(self): self.assertRaises(ValueError, int, "x")
"""),
    test("h20", "leaves something to run at exit", """
from app import extra
def test_it(): assert extra.READY
""", "import atexit\nREADY = True\natexit.register(lambda: print('bye'))\n"),
    test("h21", "a change of folder, a handler for signals, a deep recursion", """
import os, signal, pytest
def test_it(tmp_path):
    os.chdir(tmp_path); signal.signal(signal.SIGTERM, lambda *_: None); os.kill(os.getpid(), signal.SIGTERM)
    def deep(): return deep()
    with pytest.raises(RecursionError): deep()
"""),
    test("h22", "tests of FastAPI: lifespan, overrides, background tasks, errors, websockets", """
import pytest
from fastapi.testclient import TestClient
from app.extra import app, user, events
@pytest.fixture
def client():
    app.dependency_overrides[user] = lambda: "ann"
    with TestClient(app) as client: yield client
    app.dependency_overrides.clear()
def test_it(client):
    assert client.get("/me").json() == "ann"
    assert client.post("/job").status_code == 202
    assert events == ["start", "job"]
    assert client.get("/missing").status_code == 404 and client.get("/me?n=x").status_code == 422
    with client.websocket_connect("/ws") as ws: assert ws.receive_text() == "hi"
    with pytest.raises(ZeroDivisionError): client.get("/boom")
""", """
from contextlib import asynccontextmanager
from typing import Annotated
from fastapi import BackgroundTasks, Depends, FastAPI, WebSocket
events = []
@asynccontextmanager
async def lifespan(app):
    events.append("start"); yield
app = FastAPI(lifespan=lifespan)
def user() -> str: return "nobody"
@app.get("/me")
def me(user: Annotated[str, Depends(user)], n: int = 0): return user
@app.post("/job", status_code=202)
def job(tasks: BackgroundTasks): tasks.add_task(events.append, "job")
@app.get("/boom")
def boom(): 1 / 0
@app.websocket("/ws")
async def ws(socket: WebSocket):
    await socket.accept(); await socket.send_text("hi"); await socket.close()
""", service=True),
    Honest(name="h23", what="a service with middleware, state, files and much output", service=True, code={"app/main.py": MAIN + """
import logging, sys
from pathlib import Path
@app.middleware("http")
async def count(request, call_next):
    print("\\x1b[32mrequest\\x1b[0m", request.url, flush=True); logging.warning("seen"); Path("count.txt").open("a").write("x")
    answer = await call_next(request); answer.headers["X-Count"] = str(len(Path("count.txt").read_text())); return answer
"""}),
    Honest(name="h24", what="a service that starts children and threads", service=True, code={"app/main.py": MAIN + """
import subprocess, threading, time
threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
subprocess.Popen(["sleep", "99"])
"""}),
    test("h25", "skips what cannot run here, and one known failure", """
import sys, pytest
@pytest.mark.skipif(sys.platform == "win32", reason="posix")
def test_here(): assert True
"""),
)  # fmt: skip
