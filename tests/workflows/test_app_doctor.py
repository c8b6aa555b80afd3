"""Small broken applications, each with one usual reason: it is seen in the sandbox and the line to change is named."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from agents.desk import MemoryDesk
from agents.profile_reader import read_profile, service_for
from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.manifest import read_manifest
from sandbox.protocol import SOURCE, Command, Limits
from sandbox.tars import build
from tests.support.trees import RUN_ID, images
from workflows.app_doctor import Examination, examined_in

pytestmark = pytest.mark.docker
Files = dict[str, str]
NEEDS = {"requirements.txt": "fastapi\nuvicorn\nsqlalchemy[asyncio]\naiosqlite\npydantic-settings\n"}
HEAD = '"""A shop."""\n\nfrom fastapi import FastAPI\n'
GOOD: Files = {
    "main.py": HEAD
    + '''from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"])


@app.get("/items/latest")
async def latest() -> dict[str, int]:
    """The newest item."""
    return {"id": 1}


@app.get("/items/{number}")
async def item(number: int) -> dict[str, int]:
    """One item."""
    return {"id": number}
'''
}
CYCLE: Files = {
    "app/__init__.py": "",
    "app/main.py": HEAD + "from app.models import Item\n\napp = FastAPI()\nprint(Item)\n",
    "app/models.py": "from app.schemas import ItemRead\n\n\nclass Item:\n    read = ItemRead\n",
    "app/schemas.py": "from app.models import Item\n\n\nclass ItemRead:\n    of = Item\n",
}
SETTING: Files = {
    "main.py": HEAD + "from settings import Settings\n\nsettings = Settings()\napp = FastAPI()\n",
    "settings.py": "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n"
    "    debug: bool = False\n    payment_key: str\n",
}
ENVIRON: Files = {"main.py": HEAD + 'import os\n\nKEY = os.environ["PAYMENT_KEY"]\napp = FastAPI()\n'}
LOOP: Files = {
    "main.py": HEAD.replace('"""A shop."""\n', '"""A shop."""\n\nimport asyncio\n')
    + '''
app = FastAPI()


async def price() -> int:
    """The price."""
    return 3


@app.get("/price")
async def read_price() -> int:
    """The price, asked for in the wrong way."""
    return asyncio.run(price())
'''
}
SESSION: Files = {
    "main.py": HEAD
    + '''from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

app = FastAPI()
engine = create_async_engine("sqlite+aiosqlite:////work/app.db")
session = AsyncSession(engine)


@app.get("/count")
async def count() -> int:
    """How many there are."""
    result = await session.execute(text("select 7"))
    return int(result.scalar_one())
'''
}
PYDANTIC: Files = {"main.py": HEAD + "from pydantic import BaseSettings\n\napp = FastAPI()\n"}
FORM: Files = {
    "main.py": HEAD
    + '''from pydantic import BaseModel

app = FastAPI()


class Login(BaseModel):
    """What the page sends."""

    name: str
    password: str


@app.post("/login")
async def login(body: Login) -> str:
    """Log in."""
    return body.name
''',
    "templates/login.html": '<form method="post" action="/login"><input name="name"><input name="password"></form>',
}
CORS: Files = {"main.py": GOOD["main.py"].replace("localhost:3000", "localhost:3000/")}
ORDER_TEXT = GOOD["main.py"].split("\n\n\n")
ORDER: Files = {"main.py": "\n\n\n".join([ORDER_TEXT[0], ORDER_TEXT[2].rstrip(), ORDER_TEXT[1]]) + "\n"}
BLOCKING: Files = {
    "main.py": HEAD.replace('"""A shop."""\n', '"""A shop."""\n\nimport time\n')
    + '''
app = FastAPI()


@app.get("/report")
async def report() -> int:
    """Takes its time."""
    time.sleep(1.5)
    return 1
'''
}
FACTORY: Files = {
    "main.py": HEAD
    + """

def create_app(config: dict[str, str]) -> FastAPI:
    app = FastAPI(title=config["title"])
    return app
"""
}
CASES: dict[str, tuple[Files, str, str, str, str]] = {
    "cycle": (CYCLE, "import cycle", "app/schemas.py:1", "from app.models import Item", "partially initialized module"),
    "dependency": ({"main.py": HEAD + "import stripe\n\napp = FastAPI()\n"}, "missing dependency", "main.py:4",
                   "import stripe", "No module named 'stripe'"),
    "form-package": ({"main.py": HEAD + 'from fastapi import Form\n\napp = FastAPI()\n\n\n@app.post("/x")\n'
                      "async def x(name: str = Form()) -> str:\n    return name\n"}, "missing dependency", "main.py:9",
                     '@app.post("/x")', "python-multipart"),
    "extra": (SESSION | {"requirements.txt": NEEDS["requirements.txt"].replace("[asyncio]", "")}, "missing dependency",
              "main.py:5", "from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine",
              "install sqlalchemy["),
    "setting": (SETTING, "missing setting", "settings.py:6", "payment_key: str", "ValidationError"),
    "environ": (ENVIRON, "missing setting", "main.py:6", 'KEY = os.environ["PAYMENT_KEY"]', "KeyError"),
    "loop": (LOOP, "event loop already running", "main.py:18", "return asyncio.run(price())", "asyncio.run() cannot"),
    "session": (SESSION, "session reuse", "main.py:9", "session = AsyncSession(engine)", ""),
    "pydantic": (PYDANTIC, "pydantic 1 leftover", "main.py:4", "from pydantic import BaseSettings", "has been moved"),
    "form": (FORM, "422 on a form", "main.py:16", '@app.post("/login")', "answered 422"),
    "cors": (CORS, "CORS", "main.py:7", 'app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000/"])',
             "without access-control-allow-origin"),
    "order": (ORDER, "route order", "main.py:16", '@app.get("/items/latest")',
              "GET /items/latest answered 422"),
    "factory": (FACTORY, "factory with arguments", "main.py:6", "def create_app(config: dict[str, str]) -> FastAPI:",
                "missing 1 required positional argument: 'config'"),
    "blocking": (BLOCKING, "blocking call", "main.py:13", "time.sleep(1.5)", "another request waited"),
}  # fmt: skip


Boxes = Callable[[str], DockerSandbox]


@pytest.fixture(scope="module")
def boxes() -> Iterator[Boxes]:
    """One container for each image, without files and processes whenever it is asked for."""
    engine = DockerEngine()
    with ExitStack() as stack:
        stack.callback(engine.close)
        opened = cache(lambda image: stack.enter_context(engine.open(image, run_id=RUN_ID, limits=Limits())))

        def box(image: str) -> DockerSandbox:
            found = opened(image)
            found.sweep()
            emptied = ("find", SOURCE, "-mindepth", "1", "-delete")
            assert found.run(Command(argv=emptied, timeout_s=30, user="root"))
            return found

        yield box


def examined(boxes: Boxes, files: Files, repo: Path) -> Examination:
    files = NEEDS | files
    source = MemoryDesk(files)
    service = service_for(read_profile(source), source)
    assert service is not None
    data = {path: text.encode() for path, text in files.items()}
    image = images().ensure(read_manifest(sorted(data), data.get)).tag
    box = boxes(image)
    box.put(build(data), SOURCE)
    return examined_in(box, source, service, repo)


@pytest.mark.parametrize("case", CASES)
def test_the_reason_is_seen_and_its_line_named(boxes: Boxes, tmp_path: Path, case: str) -> None:
    files, reason, place, code, shown = CASES[case]
    found = examined(boxes, files, tmp_path)
    assert [t.reason for t in found.troubles] == [reason], found
    (trouble,) = found.troubles
    assert (f"{trouble.path}:{trouble.line}", trouble.code) == (place, code)
    assert trouble.shown and shown in trouble.shown, trouble
    assert trouble.change


def test_a_sound_application_has_nothing(boxes: Boxes, tmp_path: Path) -> None:
    found = examined(boxes, GOOD, tmp_path)
    assert (found.starts, found.troubles) == (True, ())
    assert found.asked >= 1


def test_a_server_nobody_asks_for_is_put_beside_the_code_and_told(boxes: Boxes, tmp_path: Path) -> None:
    found = examined(boxes, GOOD | {"requirements.txt": "fastapi\n"}, tmp_path)
    (trouble,) = found.troubles
    assert (found.starts, trouble.reason, trouble.change) == (
        True,
        "missing dependency",
        "Add uvicorn to requirements.txt.",
    )
    assert "uvicorn is not among the dependencies" in trouble.what and not trouble.shown


def test_a_factory_that_asks_for_settings_is_given_them(boxes: Boxes, tmp_path: Path) -> None:
    main = GOOD["main.py"].replace("app = FastAPI()", "app = FastAPI(debug=settings.debug)")
    head, _, body = main.partition("\napp = ")
    body = "\n".join(f"    {line}" if line else "" for line in ("app = " + body).splitlines())
    asked = "\nfrom settings import Settings\n\n\ndef create_app(settings: Settings) -> FastAPI:\n"
    files = {"main.py": f"{head}{asked}{body}\n    return app\n", "settings.py": SETTING["settings.py"]}
    (tmp_path / ".env").write_text("PAYMENT_KEY=secret\n")
    found = examined(boxes, files, tmp_path)
    assert (found.starts, found.troubles) == (True, ()), found


def test_a_setting_that_is_in_the_owners_env_file_is_there(boxes: Boxes, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PAYMENT_KEY=secret\n")
    assert examined(boxes, SETTING, tmp_path).troubles == ()
