import ast
from pathlib import Path

import pytest

from agents.errors import EditRefused
from agents.profile import AppProfile
from agents.profile_reader import read_profile, service_for
from agents.reading.factory import given_to
from agents.reading.modules import read_code
from agents.reading.routes import read_web

ROOT = Path(__file__).resolve().parents[2]


class Tree:
    """Files in memory, as a Source."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def files(self) -> list[str]:
        return sorted(self._files)

    def read(self, path: str) -> str:
        if path not in self._files:
            raise EditRefused(f"no such file: {path}")
        return self._files[path]


def folder(path: Path) -> Tree:
    return Tree({p.relative_to(path).as_posix(): p.read_text() for p in path.rglob("*") if p.suffix in (".py", ".txt")})


@pytest.fixture(scope="module")
def shop() -> AppProfile:
    return read_profile(folder(ROOT / "examples/shop"))


@pytest.fixture(scope="module")
def library() -> AppProfile:
    return read_profile(folder(ROOT / "tests/agents/apps/library"))


def read(**files: str) -> AppProfile:
    return read_profile(Tree({name.replace("__", "/") + ".py": text for name, text in files.items()}))


def test_a_single_file_app_is_read(shop: AppProfile) -> None:
    assert (shop.target, shop.layout, shop.database) == ("main:app", "single_file", "sqlalchemy_sync")
    assert shop.base and shop.base.name == "Base"
    assert shop.session_dependency and shop.session_dependency.name == "get_db"
    assert {(r.method, r.path) for r in shop.routes} >= {("GET", "/"), ("PATCH", "/products/{product_id}")}
    assert shop.login is None
    assert shop.alembic == ""


def test_a_resource_is_read_with_its_constraints(shop: AppProfile) -> None:
    product = shop.resource("products")
    assert product
    assert product.path == "/products"
    assert product.model and product.model.name == "Product"
    assert product.create_schema and product.create_schema.name == "ProductCreate"
    assert product.read_schema and product.read_schema.name == "ProductOut"
    assert product.list_handler and product.list_handler.name == "list_products"
    fields = {f.name: f for f in product.fields}
    assert list(fields) == ["name", "price", "stock", "category"]
    assert (fields["name"].min_length, fields["name"].max_length) == (1, 120)
    assert (fields["price"].type, fields["price"].gt) == ("float", 0)
    assert (fields["stock"].required, fields["stock"].default) == (False, "0")
    assert not fields["category"].required


def test_a_foreign_key_becomes_a_relation(shop: AppProfile) -> None:
    order = shop.resource("order")
    assert order
    assert [f.name for f in order.fields] == ["quantity", "customer"]
    assert [(r.kind, r.target, r.required, r.nested) for r in order.relations] == [
        ("many_to_one", "product", True, False)
    ]


def test_a_package_is_read_with_full_prefixes(library: AppProfile) -> None:
    assert (library.target, library.layout, library.main_file) == ("api.main:app", "package", "api/main.py")
    paths = {(r.method, r.path): r.guarded for r in library.routes}
    assert paths["GET", "/api/v1/books/{book_id}"] is False
    assert paths["DELETE", "/api/v1/books/{book_id}"] is True
    author = library.resource("author")
    assert author and author.natural_key == "name"
    assert author.fields[0].max_length == 100


def test_login_and_guards_are_read(library: AppProfile) -> None:
    assert library.login
    assert library.login.current_user and library.login.current_user.name == "get_current_user"
    assert (library.login.token_path, library.login.register_path) == ("/api/v1/login", "/api/v1/users")
    assert library.login.user_model and library.login.user_model.name == "User"
    book = library.resource("book")
    assert book and book.guarded == ("delete",)


def test_the_service_gets_throwaway_settings(library: AppProfile) -> None:
    service = service_for(library, folder(ROOT / "tests/agents/apps/library"))
    assert service
    assert service.argv[:4] == ("python", "-m", "uvicorn", "api.main:app")
    assert service.env["LIBRARY_DATABASE_URL"] == "sqlite:////work/app.db"
    assert len(service.env["LIBRARY_SECRET_KEY"]) >= 32
    assert set(service.env) == {"LIBRARY_DATABASE_URL", "LIBRARY_SECRET_KEY"}


def test_no_application_no_service() -> None:
    tree = Tree({"README.md": "hello", "tool.py": "print(1)"})
    profile = read_profile(tree)
    assert profile == AppProfile(python_files=1)
    assert service_for(profile, tree) is None


def test_a_broken_file_is_skipped() -> None:
    profile = read(main="from fastapi import FastAPI\napp = FastAPI()\n", broken="def (:\n", unreadable="\0")
    assert profile.target == "main:app"
    assert profile.python_files == 3


def test_reading_never_imports(tmp_path: Path) -> None:
    flag = tmp_path / "imported"
    read(main=f"import pathlib\npathlib.Path({str(flag)!r}).touch()\nfrom fastapi import FastAPI\napp = FastAPI()\n")
    assert not flag.exists()


FACTORY = """
from fastapi import FastAPI
from pkg.routes import api

def create_app() -> FastAPI:
    application = FastAPI()
    application.include_router(api)
    return application
"""
ROUTES = """
from fastapi import APIRouter
V = "/v2"
inner = APIRouter(prefix="/things")
api = APIRouter(prefix="/api" + V)
api.include_router(inner, prefix="/all")

@inner.get("/{thing_id}")
async def read_thing(thing_id: int): ...

@inner.api_route("", methods=["GET", "POST"])
async def things(): ...
"""


def test_a_factory_and_nested_routers() -> None:
    profile = read(src__pkg__main=FACTORY, src__pkg__routes=ROUTES)
    assert (profile.target, profile.factory) == ("pkg.main:create_app", True)
    assert [(r.method, r.path) for r in profile.routes] == [
        ("GET", "/api/v2/all/things/{thing_id}"),
        ("GET", "/api/v2/all/things"),
        ("POST", "/api/v2/all/things"),
    ]
    service = service_for(profile, Tree({}))
    assert service and service.argv[-3:] == ("--factory", "--app-dir", "src")


SETTINGS = """
from dataclasses import dataclass
from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings

class Settings(BaseSettings):
    secret: str

@dataclass
class Options:
    debug: bool = False

class Limits(BaseModel):
    most: int = Field(gt=0)
"""
ASKING = FACTORY.replace("def create_app(", "from pkg.config import Limits, Options, Settings\n\ndef create_app({}")


def test_a_factory_is_called_with_the_settings_it_asks_for() -> None:
    asks = "settings: Settings, size: int = 3, *, options: Options"
    files = {"src/pkg/main.py": ASKING.replace("{}", asks), "src/pkg/config.py": SETTINGS, "src/pkg/routes.py": ROUTES}
    service = service_for(read_profile(Tree(files)), Tree(files))
    assert service and service.argv[:2] == ("python", "-c") and service.env["SECRET"]
    ast.parse(service.argv[2].replace("{port}", "1"))
    assert "create_app(settings=Settings(), options=Options())" in service.argv[2]
    assert "from pkg.config import Settings; from pkg.config import Options" in service.argv[2]


@pytest.mark.parametrize("asks", ["config", "config: dict", "limits: Limits", "settings: Settings, /"])
def test_what_a_factory_asks_for_may_not_be_had(asks: str) -> None:
    files = {"src/pkg/main.py": ASKING.replace("{}", asks), "src/pkg/config.py": SETTINGS, "src/pkg/routes.py": ROUTES}
    profile = read_profile(Tree(files))
    given, service = given_to(read_code(Tree(files)), profile), service_for(profile, Tree(files))
    assert given and given.lacking == (asks.partition(":")[0],)
    assert service and "--factory" in service.argv


def test_a_factory_called_at_module_level_is_no_factory() -> None:
    profile = read(app__main=FACTORY.replace("from pkg.routes", "from app.routes") + "\napp = create_app()\n",
                   app__routes=ROUTES)  # fmt: skip
    assert (profile.target, profile.factory) == ("app.main:app", False)
    assert len(profile.routes) == 3


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("def create_app() -> FastAPI:\n    return FastAPI(title='x')\n", "app"),
        (
            "def create_app(app, v=1):\n    if v:\n        return FastAPI(debug=True)\n    return FastAPI()\n",
            "application",
        ),
    ],
)
def test_an_application_that_is_returned_without_a_name(written: str, name: str) -> None:
    files = {"src/make.py": f"from fastapi import FastAPI\n\n\n{written}"}
    tree = Tree(files)
    web = read_web(read_code(tree))
    assert web.app and (web.app.key.scope, web.app.key.name, web.app.returned) == ("create_app", name, True)
    assert (read_profile(tree).target, read_profile(tree).factory) == ("make:create_app", True)
    calls = Tree({**files, "src/asgi.py": "from make import create_app\n\nserved = create_app()\n"})
    service = service_for(read_profile(calls), calls)
    assert service and "asgi:served" in service.argv and service.argv[-2:] == ("--app-dir", "src")
    named = Tree({**files, "other.py": "from fastapi import FastAPI\n\napi = FastAPI()\n"})
    assert read_profile(named).target == "other:api", "one that has a name is the likelier one"


FIELDS = """
from enum import Enum
from typing import Annotated, Literal, Optional, Union
from fastapi import FastAPI
from pydantic import BaseModel, EmailStr, Field, PositiveInt, conint, constr

class Color(str, Enum):
    RED = "red"
    BLUE = "blue"

class Base(BaseModel):
    a: Annotated[str, Field(min_length=2, max_length=9)]
    b: Union[int, None] = 4

class ThingIn(Base):
    b: Optional[PositiveInt] = None
    c: constr(max_length=5)
    d: conint(ge=-1, lt=10) = 3
    e: Literal["x", "y"] = "x"
    f: Color
    g: EmailStr | None = None
    h: bool = False
    i: "float" = Field(..., le=2.5)

app = FastAPI()

@app.post("/things")
def create(thing: ThingIn): ...
"""


def test_field_types_and_constraints() -> None:
    thing = read(main=FIELDS).resource("thing")
    assert thing
    fields = {f.name: f.model_dump(exclude_defaults=True, exclude={"name"}) for f in thing.fields}
    assert fields == {
        "a": {"min_length": 2, "max_length": 9},
        "b": {"type": "int", "required": False, "gt": 0},
        "c": {"max_length": 5},
        "d": {"type": "int", "required": False, "ge": -1, "lt": 10, "default": "3"},
        "e": {"type": "enum", "required": False, "choices": ("x", "y"), "default": "x"},
        "f": {"type": "enum", "choices": ("red", "blue")},
        "g": {"type": "email", "required": False},
        "h": {"type": "bool", "required": False, "default": "false"},
        "i": {"type": "float", "le": 2.5},
    }


def test_a_required_field_we_cannot_express_means_no_create_schema() -> None:
    thing = read(main=FIELDS.replace("f: Color", "f: dict[str, int]")).resource("thing")
    assert thing and thing.create_schema is None


@pytest.mark.parametrize(
    ("imports", "kind"),
    [
        ("from sqlmodel import SQLModel, create_engine", "other"),
        ("from tortoise import fields", "other"),
        ("import sqlite3", "other"),
        ("import json", "none"),
        ("from sqlalchemy.orm import declarative_base\nfrom sqlalchemy.ext.asyncio import create_async_engine\n"
         "Base = declarative_base()", "sqlalchemy_async"),
    ],
)  # fmt: skip
def test_database_kind(imports: str, kind: str) -> None:
    assert read(main=f"from fastapi import FastAPI\n{imports}\napp = FastAPI()\n").database == kind


def test_environment_reads_without_default_get_a_value() -> None:
    main = (
        'import os\nfrom fastapi import FastAPI\nKEY = os.environ["SIGNING_KEY"]\nX = os.getenv("X")\napp = FastAPI()\n'
    )
    tree = Tree({"main.py": main, "alembic.ini": "", "requirements.txt": ""})
    service = service_for(read_profile(tree), tree)
    assert service
    assert set(service.env) == {"SIGNING_KEY"}
    assert service.prepare == (("python", "-m", "alembic", "upgrade", "head"),)


HOSTILE = {
    "includes": "r = APIRouter(prefix='/a')\n"
    + "r.include_router(r)\n" * 50
    + "app.include_router(r)\n@r.get('')\ndef z(): ...\n",
    "literals": "P = f'" + "{P}" * 300 + "'\n@app.get(P)\ndef z(): ...\n",
    "aliases": "Y = " + "|".join(["Y"] * 60) + "\nclass M(BaseModel):\n    a: Y\n@app.post('/ms')\ndef z(m: M): ...\n",
    "classes": "class A(B): ...\nclass B(A): ...\n@app.post('/ms')\ndef z(a: A, b: B): ...\n",
    "dependencies": "def a(x=Depends(b)): ...\ndef b(x=Depends(a)): ...\n@app.get('/')\ndef z(x=Depends(a)): ...\n",
    "imports": "import main\nfrom main import here as here\nhere = here\n",
    "nesting": "x = " + "-" * 150 + "1\n",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("case", HOSTILE)
def test_code_written_to_keep_us_busy_is_read_in_bounded_time(case: str) -> None:
    head = "from fastapi import APIRouter, Depends, FastAPI\nfrom pydantic import BaseModel\napp = FastAPI()\n"
    assert read(main=head + HOSTILE[case]).python_files == 1
