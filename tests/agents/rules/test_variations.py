"""The same flaw written in other ways is found; what only looks like it is not."""

import textwrap

import pytest

from agents.rules.check import check
from tests.support.sources import Tree

HEAD = """
from typing import Annotated, Any, Literal, Optional

import asyncio
import bcrypt
import httpx
import jwt
import os
import random
import re
import requests
import secrets
import subprocess
import time
from fastapi import APIRouter, BackgroundTasks, Body, Depends, FastAPI, File, Header, HTTPException, Path, Query, Request
from fastapi import Response, UploadFile, status
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import String, ForeignKey, create_engine, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload, sessionmaker

app = FastAPI()
router = APIRouter()
bearer = OAuth2PasswordBearer(tokenUrl="login")
SessionLocal = sessionmaker(create_engine(os.environ["DATABASE_URL"]))
AsyncLocal = async_sessionmaker(create_async_engine(os.environ["DATABASE_URL"]), expire_on_commit=False)


def get_db():
    with SessionLocal() as db:
        yield db


async def get_session():
    async with AsyncLocal() as session:
        yield session


Db = Annotated[Session, Depends(get_db)]
Adb = Annotated[AsyncSession, Depends(get_session)]


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    password_hash: Mapped[str] = mapped_column(String(200))


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str] = mapped_column(String(200))
    user: Mapped[User] = relationship()
    author: Mapped[User] = relationship(lazy="selectin")


"""


def found(rule: str, code: str, **files: str) -> list[int]:
    """Lines of the code in which the rule finds something."""
    head = HEAD.lstrip().count("\n")
    others = {name.replace("__", "/") + ".py": textwrap.dedent(text) for name, text in files.items()}
    tree = Tree({"main.py": HEAD.lstrip() + textwrap.dedent(code).strip() + "\n", **others})
    return [f.line - head for f in check(tree, {rule}) if f.path == "main.py"]


FLAWED = {
    "a route on an application that a factory made": (
        "GL602",
        "def create_app() -> FastAPI:\n    return FastAPI()\n\nserved = create_app()\n\n"
        "@served.get('/ls')\ndef ls(name: str) -> int:\n    return subprocess.call(f'ls {name}', shell=True)",
    ),
    "debug mode of an application that is returned": (
        "GL510",
        "def create_app():\n    return FastAPI(debug=True)\n\nserved = create_app()",
    ),
    "a route on an application of a factory without annotations": (
        "GL602",
        "def create_app():\n    return FastAPI()\n\nserved = create_app()\n\n"
        "@served.get('/ls')\ndef ls(name: str) -> int:\n    return subprocess.call(f'ls {name}', shell=True)",
    ),
    "a role of a sign-up that nobody looks at": (
        "GL107",
        "class SignUp(BaseModel):\n    name: str\n    role: str = 'reader'\n\n"
        "@app.post('/register')\ndef register(body: SignUp) -> str:\n    if body.name == '':\n"
        "        raise HTTPException(422, 'no name')\n    return body.role",
    ),
    "sleep under another name": (
        "GL301",
        "from time import sleep as nap\n@app.get('/')\nasync def f() -> int:\n    nap(1)\n    return 1",
    ),
    "sleep in a dependency": (
        "GL301",
        "async def d() -> None:\n    time.sleep(1)\n@app.get('/', dependencies=[Depends(d)])\nasync def f() -> int:\n    return 1",
    ),
    "sleep in middleware": (
        "GL301",
        "@app.middleware('http')\nasync def m(request: Request, call_next):\n    time.sleep(1)\n    return await call_next(request)",
    ),
    "sleep in a nested function": (
        "GL301",
        "@app.get('/')\nasync def f() -> int:\n    def inner() -> None:\n        time.sleep(1)\n    inner()\n    return 1",
    ),
    "a client kept in a variable": (
        "GL302",
        "@app.get('/')\nasync def f() -> int:\n    with httpx.Client() as client:\n        return client.get('https://a.example').status_code",
    ),
    "a session without annotation": (
        "GL303",
        "@app.get('/')\nasync def f(db=Depends(get_db)) -> int:\n    return db.query(User).count()",
    ),
    "a method of a service": (
        "GL303",
        "class Notes:\n    def __init__(self, db: Session) -> None:\n        self.db = db\n    def first(self) -> int:\n        return self.db.execute(select(Note.id)).scalar_one()\n@app.get('/')\nasync def f(db: Db) -> int:\n    return Notes(db).first()",
    ),
    "open in a context manager": (
        "GL304",
        "@app.get('/')\nasync def f() -> str:\n    with open('a') as file:\n        return file.read()",
    ),
    "os.system": ("GL305", "@app.get('/')\nasync def f() -> int:\n    return os.system('ls')"),
    "execute without await": (
        "GL307",
        "@app.get('/')\nasync def f(s: Adb) -> int:\n    return s.execute(select(Note.id)).scalar_one()",
    ),
    "a bare coroutine": ("GL307", "async def send() -> None: ...\n@app.get('/')\nasync def f() -> None:\n    send()"),
    "run_until_complete": (
        "GL308",
        "async def g() -> int:\n    return 1\n@app.get('/')\nasync def f() -> int:\n    return asyncio.get_event_loop().run_until_complete(g())",
    ),
    "gather of many": (
        "GL309",
        "@app.get('/')\nasync def f(s: Adb, ids: list[int]) -> int:\n    return len(await asyncio.gather(*[s.get(Note, i) for i in ids]))",
    ),
    "keys with get": (
        "GL101",
        "@app.post('/')\nasync def f(r: Request) -> str:\n    data = await r.json()\n    return data.get('a')",
    ),
    "a body of Any": (
        "GL102",
        "@app.post('/')\ndef f(data: Annotated[dict[str, Any], Body()]) -> str:\n    return data['a']",
    ),
    "a path parameter without type": ("GL103", "@router.get('/{x}')\ndef f(x) -> str:\n    return x"),
    "values of an update": (
        "GL105",
        "class N(BaseModel):\n    title: Optional[str] = None\n@app.patch('/{i}')\ndef f(i: int, n: N, db: Db) -> None:\n    db.execute(update(Note).values(**n.model_dump()))",
    ),
    "a role in a sign-up": (
        "GL107",
        "class S(BaseModel):\n    name: str\n    role: str = 'user'\n@app.post('/auth/signup')\ndef f(s: S) -> None: ...",
    ),
    "a row by query": (
        "GL202",
        "@app.get('/u/{i}')\ndef f(i: int, db: Db):\n    return db.query(User).filter(User.id == i).first()",
    ),
    "rows in a list": (
        "GL202",
        "@app.get('/u')\nasync def f(s: Adb):\n    users = (await s.scalars(select(User).limit(5))).all()\n    return users",
    ),
    "an error in a JSONResponse": (
        "GL204",
        "@app.get('/')\ndef f() -> JSONResponse:\n    return JSONResponse({'error': 'no'})",
    ),
    "success false": (
        "GL204",
        "@app.get('/')\ndef f() -> dict[str, Any]:\n    return {'success': False, 'message': 'no'}",
    ),
    "a text of an error by format": (
        "GL205",
        "@app.get('/')\ndef f() -> int:\n    try:\n        return 1\n    except Exception as e:\n        raise HTTPException(status_code=500, detail='failed: ' + str(e))",
    ),
    "a traceback": (
        "GL205",
        "import traceback\n@app.get('/')\ndef f() -> int:\n    try:\n        return 1\n    except Exception:\n        raise HTTPException(500, detail=traceback.format_exc())",
    ),
    "swallowed by a bare except": (
        "GL206",
        "@app.get('/')\ndef f() -> int:\n    try:\n        raise HTTPException(404)\n    except:\n        return 0",
    ),
    "first and then an attribute": (
        "GL210",
        "@app.get('/u/{i}')\ndef f(i: int, db: Db) -> str:\n    u = db.query(User).filter(User.id == i).first()\n    return u.name",
    ),
    "a service that looks a row up": (
        "GL210",
        "async def load(s: AsyncSession, i: int) -> str:\n    note = await s.get(Note, i)\n    return note.title\n@app.get('/{i}')\nasync def f(i: int, s: Adb) -> str:\n    return await load(s, i)",
    ),
    "a Flask tuple with a constant": (
        "GL212",
        "@app.get('/')\ndef f():\n    return {'a': 1}, status.HTTP_404_NOT_FOUND",
    ),
    "a session closed on the good way only": (
        "GL402",
        "@app.get('/')\ndef f() -> int:\n    db = SessionLocal()\n    n = db.scalar(select(func.count(User.id)))\n    db.close()\n    return n",
    ),
    "Session(engine) at module level": (
        "GL403",
        "db = Session(create_engine('sqlite://'))\n@app.get('/')\ndef f() -> int:\n    return db.scalar(select(1))",
    ),
    "a class as dependency, called": (
        "GL409",
        "def paging() -> dict[str, int]:\n    return {'limit': 5}\n@app.get('/')\ndef f(p: Annotated[dict[str, int], Depends(paging())]) -> int:\n    return 1",
    ),
    "lazy in a loop": (
        "GL410",
        "@app.get('/')\nasync def f(s: Adb) -> list[str]:\n    names = []\n    for note in await s.scalars(select(Note).limit(5)):\n        names.append(note.user.name)\n    return names",
    ),
    "utcnow as a default": (
        "GL413",
        "from datetime import datetime\nclass N(BaseModel):\n    at: datetime = Field(default_factory=datetime.utcnow)",
    ),
    "a key given directly": (
        "GL501",
        "def t() -> str:\n    return jwt.encode({'exp': 1}, 'topsecret', algorithm='HS256')",
    ),
    "a default that is read": (
        "GL502",
        "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n    secret_key: str = 'dev-secret-of-everybody'\n@app.get('/')\ndef f() -> int:\n    return len(Settings().secret_key)",
    ),
    "a default by environ.get": ("GL502", "KEY = os.environ.get('SECRET_KEY', 'not-so-secret')"),
    "no algorithms": ("GL504", "def t(token: str) -> Any:\n    return jwt.decode(token, os.environ['K'])"),
    "expiry switched off": (
        "GL505",
        "def t(token: str) -> Any:\n    o = {'verify_exp': False}\n    return jwt.decode(token, os.environ['K'], ['HS256'], options=o)",
    ),
    "a regex for all origins": (
        "GL509",
        "from fastapi.middleware.cors import CORSMiddleware\napp.add_middleware(CORSMiddleware, allow_origin_regex='.*', allow_credentials=True)",
    ),
    "a one-time password by randint": (
        "GL514",
        "def otp() -> int:\n    otp_code = random.randint(0, 999999)\n    return otp_code",
    ),
    "SQL by format": (
        "GL601",
        "@app.get('/')\ndef f(q: str, db: Db) -> Any:\n    return db.execute(text('SELECT * FROM notes WHERE title = {}'.format(q))).all()",
    ),
    "SQL by %": (
        "GL601",
        "@app.get('/')\ndef f(q: str, db: Db) -> Any:\n    sql = \"DELETE FROM notes WHERE title = '%s'\" % q\n    return db.connection().exec_driver_sql(sql)",
    ),
    "SQL from a body": (
        "GL601",
        "class B(BaseModel):\n    q: str\n@app.post('/')\ndef f(b: B, db: Db) -> Any:\n    return db.execute(text(f'SELECT {b.q}')).all()",
    ),
    "SQL from a header": (
        "GL601",
        "@app.get('/')\ndef f(r: Request, db: Db) -> Any:\n    return db.execute(text('SELECT ' + r.headers['x'])).all()",
    ),
    "a shell by os.popen": ("GL602", "@app.get('/')\ndef f(q: str) -> str:\n    return os.popen('ls ' + q).read()"),
    "a path by a path converter": (
        "GL603",
        "@app.get('/f/{name:path}')\ndef f(name: str) -> FileResponse:\n    return FileResponse(f'/srv/{name}')",
    ),
    "a request in a helper": (
        "GL605",
        "def fetch(u: str) -> str:\n    return requests.get(u, timeout=3).text\n@app.get('/')\ndef f(url: str) -> str:\n    return fetch(url)",
    ),
    "a router of a base class": (
        "GL301",
        "class Base_:\n    def __init__(self) -> None:\n        self.router = APIRouter()\nclass Notes(Base_):\n    def setup(self) -> None:\n        @self.router.get('/')\n        async def f() -> int:\n            time.sleep(1)\n            return 1",
    ),
    "a SQL connection of the module": (
        "GL601",
        "import sqlite3\ndatabase = sqlite3.connect('a')\n@app.get('/')\ndef f(q: str) -> Any:\n    return database.execute(f\"select * from notes where title = '{q}'\").fetchall()",
    ),
    "HTML by a response class": (
        "GL608",
        "@app.get('/', response_class=HTMLResponse)\ndef f(q: str) -> str:\n    return f'<b>{q}</b>'",
    ),
    "a pattern from the query": ("GL610", "@app.get('/')\ndef f(q: str) -> bool:\n    return bool(re.compile(q))"),
    "a page in a class": (
        "GL702",
        "def paging(limit: int | None = None) -> Any:\n    return limit\n@app.get('/')\ndef f(p: Annotated[Any, Depends(paging)]) -> int:\n    return 1",
    ),
    "an old offset": ("GL703", "@app.get('/')\ndef f(skip: int = Query(0)) -> int:\n    return skip"),
    "bytes": ("GL704", "@app.post('/')\ndef f(file: Annotated[bytes, File()]) -> int:\n    return len(file)"),
    "shadowed by a text parameter": (
        "GL801",
        "@app.get('/u/{name}/x')\ndef f(name: str) -> str:\n    return name\n@app.get('/u/me/x')\ndef g() -> str:\n    return ''",
    ),
    "shadowed by a converter": (
        "GL801",
        "@app.get('/f/{p:path}')\ndef f(p: str) -> str:\n    return p\n@app.get('/f/a/b')\ndef g() -> str:\n    return ''",
    ),
    "twice with another name": (
        "GL802",
        "@app.get('/n/{a}')\ndef f(a: int) -> int:\n    return a\n@app.get('/n/{b}')\ndef g(b: int) -> int:\n    return b",
    ),
    "another name in the path": ("GL804", "@app.get('/n/{note_id}')\ndef f(noteid: int) -> int:\n    return noteid"),
    "a route in a factory, too late": (
        "GL806",
        "def make() -> FastAPI:\n    one = FastAPI()\n    sub = APIRouter()\n    one.include_router(sub)\n    @sub.get('/x')\n    def x() -> int:\n        return 1\n    return one",
    ),
    "a mount before a router": ("GL809", "app.mount('/', app=None)\napp.include_router(router)"),
    "startup": ("GL904", "@app.on_event('startup')\ndef start() -> None: ..."),
    "dict of a parameter": ("GL906", "class N(BaseModel):\n    a: int\ndef f(n: N) -> Any:\n    return n.dict()"),
    "from_orm of a class": ("GL906", "class N(BaseModel):\n    a: int\ndef f(n: Any) -> N:\n    return N.from_orm(n)"),
}
"""What is flawed -> the rule that says so, and the code."""

CLEAN = {
    "a role that is looked up and may be refused": (
        "GL107",
        "class SignUp(BaseModel):\n    name: str\n    role: str = 'reader'\n\ndef make(body: SignUp) -> None:\n"
        "    if body.role not in ('reader', 'writer'):\n        raise HTTPException(422, 'no such role')\n\n"
        "@app.post('/register')\ndef register(body: SignUp) -> str:\n    make(body)\n    return body.name",
    ),
    "a table of a few rows": (
        "GL701",
        "class Currency(Base):\n    __tablename__ = 'currencies'\n    id: Mapped[int] = mapped_column(primary_key=True)\n\n"
        "@app.get('/currencies')\ndef f(db: Db) -> list[int]:\n    return [c.id for c in db.scalars(select(Currency)).all()]",
    ),
    "sleep in a plain handler": ("GL301", "@app.get('/')\ndef f() -> int:\n    time.sleep(1)\n    return 1"),
    "sleep in a thread": (
        "GL301",
        "def wait() -> None:\n    time.sleep(1)\n@app.get('/')\nasync def f() -> None:\n    await run_in_threadpool(wait)",
    ),
    "sleep by lambda in a thread": (
        "GL301",
        "@app.get('/')\nasync def f() -> None:\n    await run_in_threadpool(lambda: time.sleep(1))",
    ),
    "sleep in a generator that is streamed": (
        "GL301",
        "def lines():\n    time.sleep(1)\n    yield 'a'\n@app.get('/')\nasync def f() -> Any:\n    return lines()",
    ),
    "sleep outside of requests": ("GL301", "async def worker() -> None:\n    time.sleep(1)"),
    "an asynchronous client": (
        "GL302",
        "@app.get('/')\nasync def f() -> int:\n    async with httpx.AsyncClient() as client:\n        return (await client.get('https://a.example')).status_code",
    ),
    "a parameter called requests": (
        "GL302",
        "@app.get('/')\nasync def f(requests: Annotated[dict[str, str], Depends(dict)]) -> str:\n    return requests.get('a')",
    ),
    "an asynchronous session": (
        "GL303",
        "@app.get('/')\nasync def f(s: Adb) -> int:\n    return (await s.execute(select(Note.id))).scalar_one()",
    ),
    "run_sync": (
        "GL303",
        "@app.get('/')\nasync def f(s: Adb) -> None:\n    await s.run_sync(lambda db: db.execute(select(1)))",
    ),
    "aiofiles": (
        "GL304",
        "import aiofiles\n@app.get('/')\nasync def f() -> str:\n    async with aiofiles.open('a') as file:\n        return await file.read()",
    ),
    "a hash of something else": (
        "GL306",
        "import hashlib\n@app.get('/')\nasync def f() -> str:\n    return hashlib.sha256(b'a').hexdigest()",
    ),
    "a task that is kept": (
        "GL307",
        "async def send() -> None: ...\n@app.get('/')\nasync def f() -> None:\n    task = asyncio.create_task(send())\n    await task",
    ),
    "gather of two sessions": (
        "GL309",
        "async def one(n: int) -> int:\n    async with AsyncLocal() as s:\n        return await s.scalar(select(n))\n@app.get('/')\nasync def f() -> Any:\n    return await asyncio.gather(one(1), one(2))",
    ),
    "json given to a model": (
        "GL101",
        "class M(BaseModel):\n    a: int\n@app.post('/')\nasync def f(r: Request) -> int:\n    data = await r.json()\n    return M.model_validate(data).a",
    ),
    "a body of free form": ("GL102", "@app.post('/')\ndef f(data: dict[str, Any]) -> int:\n    return len(data)"),
    "a body that is passed on": (
        "GL102",
        "@app.post('/')\ndef f(data: dict[str, Any]) -> Any:\n    name = data['name']\n    return {**data, 'name': name}",
    ),
    "an injected parameter without type": ("GL103", "@app.get('/')\ndef f(db=Depends(get_db)) -> int:\n    return 1"),
    "a text in a field with a validator": (
        "GL104",
        "class NoteCreate(BaseModel):\n    title: str\n    @field_validator('title')\n    @classmethod\n    def short(cls, v: str) -> str:\n        return v[:200]\n@app.post('/')\ndef f(n: NoteCreate) -> None: ...",
    ),
    "a PUT writes everything": (
        "GL105",
        "class N(BaseModel):\n    title: Optional[str] = None\n@app.put('/{i}')\ndef f(i: int, n: N, db: Db) -> None:\n    db.execute(update(Note).values(**n.model_dump()))",
    ),
    "a row of a model": (
        "GL106",
        "class N(BaseModel):\n    title: str\n@app.post('/')\ndef f(n: N) -> Any:\n    return Note(**n.model_dump())",
    ),
    "a role given by an administrator": (
        "GL107",
        "class S(BaseModel):\n    role: str\ndef get_current_user() -> int:\n    return 1\n@app.post('/signup')\ndef f(s: S, u: Annotated[int, Depends(get_current_user)]) -> None: ...",
    ),
    "a Response of its own": (
        "GL201",
        "@app.get('/')\ndef f():\n    answer = JSONResponse({'a': random.random()})\n    return answer",
    ),
    "a column, not a row": (
        "GL202",
        "@app.get('/n/{i}')\ndef f(i: int, db: Db):\n    return db.scalar(select(Note.title).where(Note.id == i))",
    ),
    "a password that comes in": (
        "GL203",
        "class L(BaseModel):\n    password: str\n@app.post('/')\ndef f(x: L) -> int:\n    return 1",
    ),
    "a field called error that may be None": (
        "GL204",
        "@app.get('/')\ndef f(e: str | None = None) -> dict[str, Any]:\n    return {'value': 1, 'error': e}",
    ),
    "the text of an own error": (
        "GL205",
        "class Refused(ValueError): ...\n@app.get('/')\ndef f() -> int:\n    try:\n        return 1\n    except Refused as e:\n        raise HTTPException(409, str(e))",
    ),
    "an error that is only logged": (
        "GL205",
        "import logging\n@app.get('/')\ndef f() -> int:\n    try:\n        return 1\n    except Exception as e:\n        logging.error('failed %s', e)\n        raise HTTPException(500, 'failed')",
    ),
    "an HTTP error let through": (
        "GL206",
        "@app.get('/')\ndef f() -> int:\n    try:\n        raise HTTPException(404)\n    except HTTPException:\n        raise\n    except Exception:\n        return 0",
    ),
    "an except that raises again": (
        "GL206",
        "@app.get('/')\ndef f(db: Db) -> int:\n    try:\n        raise HTTPException(404)\n    except Exception:\n        db.rollback()\n        raise",
    ),
    "a row that is checked": (
        "GL210",
        "@app.get('/u/{i}')\ndef f(i: int, db: Db) -> str:\n    u = db.get(User, i)\n    if not u:\n        raise HTTPException(404)\n    return u.name",
    ),
    "a row that must be there": (
        "GL210",
        "@app.get('/u/{i}')\ndef f(i: int, db: Db) -> str:\n    u = db.scalars(select(User).where(User.id == i)).one()\n    return u.name",
    ),
    "204 and nothing": (
        "GL209",
        "@app.delete('/', status_code=204, response_model=None)\ndef f() -> None:\n    return None",
    ),
    "a session in a with": (
        "GL402",
        "@app.get('/')\ndef f() -> int:\n    with SessionLocal() as db:\n        return db.scalar(select(1))",
    ),
    "a session closed in finally": (
        "GL402",
        "@app.get('/')\ndef f() -> int:\n    db = SessionLocal()\n    try:\n        return db.scalar(select(1))\n    finally:\n        db.close()",
    ),
    "a factory of dependencies": (
        "GL409",
        "def need(role: str) -> Any:\n    def check() -> str:\n        return role\n    return check\n@app.get('/')\ndef f(r: Annotated[str, Depends(need('a'))]) -> str:\n    return r",
    ),
    "a dependency that cleans up": (
        "GL404",
        "def d() -> Any:\n    db = SessionLocal()\n    try:\n        yield db\n    finally:\n        db.close()\n@app.get('/')\ndef f(db: Annotated[Session, Depends(d)]) -> int:\n    return 1",
    ),
    "an eager relationship": (
        "GL410",
        "@app.get('/')\nasync def f(s: Adb) -> list[str]:\n    return [n.author.name for n in await s.scalars(select(Note).limit(5))]",
    ),
    "a loaded relationship": (
        "GL410",
        "@app.get('/')\nasync def f(s: Adb) -> list[str]:\n    q = select(Note).options(selectinload(Note.user)).limit(5)\n    return [n.user.name for n in await s.scalars(q)]",
    ),
    "a commit in a session of its own": (
        "GL406",
        "@app.post('/')\ndef f(ids: list[int]) -> None:\n    for i in ids:\n        with SessionLocal() as db:\n            db.commit()",
    ),
    "names that are no secrets": (
        "GL501",
        "from enum import Enum\nTOKEN_URL = '/auth/token'\nAPI_KEY_HEADER = 'X-API-Key'\nsecret_key = 'secret_key'\nclass Kind(Enum):\n    SECRET = 'secret'\nSECRET_KEY = os.environ['SECRET_KEY']",
    ),
    "a key nobody reads": (
        "GL502",
        "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n    secret_key: str = 'dev-secret-of-everybody'\n@app.get('/')\ndef f() -> int:\n    return len(Settings().name)",
    ),
    "an empty default": ("GL502", "KEY = os.getenv('SECRET_KEY', '')"),
    "a token read to log somebody out": (
        "GL505",
        "def logout(token: str) -> Any:\n    return jwt.decode(token, os.environ['K'], ['HS256'], options={'verify_exp': False})",
    ),
    "a payload made elsewhere": (
        "GL505",
        "def t(claims: dict[str, Any]) -> str:\n    return jwt.encode(claims, os.environ['K'])",
    ),
    "a checksum": ("GL506", "import hashlib\ndef etag(body: bytes) -> str:\n    return hashlib.md5(body).hexdigest()"),
    "a hash before bcrypt": (
        "GL506",
        "import hashlib\ndef h(password: str) -> bytes:\n    return bcrypt.hashpw(hashlib.sha256(password.encode()).digest(), bcrypt.gensalt())",
    ),
    "two passwords typed": (
        "GL507",
        "class C(BaseModel):\n    password: str\n    confirm_password: str\ndef same(user: C) -> bool:\n    return user.password == user.confirm_password",
    ),
    "any origin without credentials": (
        "GL509",
        "from fastapi.middleware.cors import CORSMiddleware\napp.add_middleware(CORSMiddleware, allow_origins=['*'])",
    ),
    "a login among guarded routes": (
        "GL511",
        "def get_current_user() -> int:\n    return 1\nU = Annotated[int, Depends(get_current_user)]\n@router.post('/login')\ndef a() -> None: ...\n@router.post('/b')\ndef b(u: U) -> None: ...\n@router.post('/c')\ndef c(u: U) -> None: ...",
    ),
    "a guard on the router": (
        "GL511",
        "def get_current_user() -> int:\n    return 1\nr2 = APIRouter(dependencies=[Depends(get_current_user)])\n@r2.post('/a')\ndef a() -> None: ...\n@r2.delete('/b')\ndef b(u: Annotated[int, Depends(get_current_user)]) -> None: ...",
    ),
    "a dice": ("GL514", "def roll() -> int:\n    return random.randint(1, 6)"),
    "bound SQL": (
        "GL601",
        "@app.get('/')\ndef f(q: str, db: Db) -> Any:\n    return db.execute(text('SELECT * FROM notes WHERE title = :q'), {'q': q}).all()",
    ),
    "SQL with a number": (
        "GL601",
        "@app.get('/')\ndef f(n: int, db: Db) -> Any:\n    return db.execute(text(f'SELECT {n}')).all()",
    ),
    "SQL with one of two words": (
        "GL601",
        "@app.get('/')\ndef f(o: Literal['asc', 'desc'], db: Db) -> Any:\n    return db.execute(text(f'SELECT 1 ORDER BY 1 {o}')).all()",
    ),
    "SQL with a checked word": (
        "GL601",
        "@app.get('/')\ndef f(o: str, db: Db) -> Any:\n    if o not in ('asc', 'desc'):\n        raise HTTPException(400)\n    return db.execute(text(f'SELECT 1 ORDER BY 1 {o}')).all()",
    ),
    "a list of arguments": (
        "GL602",
        "@app.get('/')\ndef f(q: str) -> Any:\n    return subprocess.run(['ls', q], check=True)",
    ),
    "a part of a path that has no slash": (
        "GL603",
        "@app.get('/f/{name}')\ndef f(name: str) -> FileResponse:\n    return FileResponse(f'/srv/{name}')",
    ),
    "an address with a fixed host": (
        "GL605",
        "@app.get('/')\ndef f(q: str) -> str:\n    return requests.get(f'https://a.example/{q}', timeout=3).text",
    ),
    "a redirect inside": (
        "GL606",
        "@app.get('/')\ndef f(page: str) -> RedirectResponse:\n    return RedirectResponse('/pages/' + page)",
    ),
    "an escaped text": (
        "GL608",
        "from html import escape\n@app.get('/')\ndef f(q: str) -> HTMLResponse:\n    return HTMLResponse(f'<b>{escape(q)}</b>')",
    ),
    "a redirect chosen by a check with a name": (
        "GL606",
        "@app.get('/')\ndef f(next: str) -> RedirectResponse:\n    local = next.startswith('/') and not next.startswith('//')\n    return RedirectResponse(next if local else '/')",
    ),
    "a plain pattern": ("GL613", "@app.get('/')\ndef f(q: str) -> bool:\n    return bool(re.match(r'(ab+c)+', q))"),
    "an escaped pattern": (
        "GL610",
        "@app.get('/')\ndef f(q: str) -> bool:\n    return bool(re.search(re.escape(q), 'abc'))",
    ),
    "a list with a limit": (
        "GL701",
        "@app.get('/n')\ndef f(db: Db) -> Any:\n    return db.scalars(select(Note).limit(10)).all()",
    ),
    "a list of one owner": (
        "GL701",
        "@app.get('/n')\ndef f(db: Db) -> Any:\n    return db.scalars(select(Note).where(Note.user_id == 1)).all()",
    ),
    "a limit that is clamped": ("GL702", "@app.get('/n')\ndef f(limit: int = 10) -> int:\n    return min(limit, 100)"),
    "a limit of a POST": ("GL702", "@app.post('/n')\ndef f(limit: int = 10) -> int:\n    return limit"),
    "an upload that is measured": (
        "GL704",
        "@app.post('/')\nasync def f(file: UploadFile) -> int:\n    if (file.size or 0) > 1000:\n        raise HTTPException(413)\n    return len(await file.read())",
    ),
    "fixed before parameter": (
        "GL801",
        "@app.get('/u/me')\ndef g() -> str:\n    return ''\n@app.get('/u/{name}')\ndef f(name: str) -> str:\n    return name",
    ),
    "another method": (
        "GL801",
        "@app.get('/u/{name}')\ndef f(name: str) -> str:\n    return name\n@app.post('/u/me')\ndef g() -> str:\n    return ''",
    ),
    "stacked decorators": (
        "GL801",
        "@app.get('/f/{p:path}')\n@app.get('/f/a/{q}')\ndef f(p: str = '', q: str = '') -> str:\n    return p",
    ),
    "one of two by a switch": (
        "GL802",
        "if os.environ.get('A'):\n    @app.get('/n')\n    def f() -> int:\n        return 1\nelse:\n    @app.get('/n')\n    def g() -> int:\n        return 2",
    ),
    "a path parameter in a dependency": (
        "GL804",
        "def note(note_id: int) -> int:\n    return note_id\n@app.get('/n/{note_id}')\ndef f(n: Annotated[int, Depends(note)]) -> int:\n    return n",
    ),
    "a path parameter with an alias": (
        "GL804",
        "@app.get('/n/{id}')\ndef f(note_id: Annotated[int, Path(alias='id')]) -> int:\n    return note_id",
    ),
    "a path parameter of the prefix": (
        "GL805",
        "r3 = APIRouter(prefix='/u/{user_id}')\n@r3.get('/n')\ndef f(user_id: Annotated[int, Path()]) -> int:\n    return user_id\napp.include_router(r3)",
    ),
    "a GET and a POST in one": (
        "GL808",
        "@app.api_route('/n/delete', methods=['GET', 'POST'])\ndef delete_note(db: Db) -> int:\n    db.commit()\n    return 1",
    ),
    "a mount at the end": ("GL809", "app.include_router(router)\napp.mount('/', app=None)"),
    "a dictionary's own copy": ("GL906", "def f(d: dict[str, int]) -> Any:\n    return d.copy()"),
}
"""What only looks flawed -> the rule that must say nothing, and the code."""


@pytest.mark.parametrize("name", FLAWED)
def test_the_flaw_is_found_however_it_is_written(name: str) -> None:
    rule, code = FLAWED[name]
    assert found(rule, code)


@pytest.mark.parametrize("name", CLEAN)
def test_what_only_looks_like_it_is_left_alone(name: str) -> None:
    rule, code = CLEAN[name]
    assert found(rule, code) == []
