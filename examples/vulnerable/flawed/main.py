"""Notes with every hole in the book. For the attack pack to find; never to be deployed."""

import hashlib
import os
import re
import sqlite3
import subprocess
import time
import traceback
from pathlib import Path
from typing import Annotated

import jwt
from fastapi import Body, Depends, FastAPI, File, HTTPException, Request, Response, UploadFile
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from jinja2 import Template
from pydantic import BaseModel, ConfigDict

SECRET = os.environ["SECRET_KEY"]
FILES = Path("public")
FILES.mkdir(exist_ok=True)
bearer = OAuth2PasswordBearer(tokenUrl="token")
app = FastAPI(title="Notes")
app.add_middleware(
    CORSMiddleware, allow_origin_regex=".*", allow_credentials=True, allow_methods=["*"], allow_headers=["*"]
)  # HOLE: any site reads answers with the user's credentials

database = sqlite3.connect(":memory:", check_same_thread=False)
database.row_factory = sqlite3.Row
database.executescript("""
create table users (id integer primary key, username text unique, hashed_password text, is_admin int);
create table notes (id integer primary key, owner_id int, text text);
create table comments (id integer primary key, text text);
insert into notes (owner_id, text) values (0, 'welcome'), (0, 'hello');
""")


class NewUser(BaseModel):
    model_config = ConfigDict(extra="allow")
    username: str
    password: str


class User(BaseModel):
    id: int
    username: str
    is_admin: bool


class NewNote(BaseModel):
    text: str


class Note(BaseModel):
    id: int
    text: str


def hashed(password: str) -> str:
    return "pbkdf2_sha256$" + hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 1000).hex()


def user_of(token: Annotated[str, Depends(bearer)]) -> sqlite3.Row:
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    return found(claims)


def careless_user(token: Annotated[str, Depends(bearer)]) -> sqlite3.Row:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})  # HOLE: anybody can write such a token
    except jwt.InvalidTokenError:
        raise HTTPException(401)
    return found(claims)


def timeless_user(token: Annotated[str, Depends(bearer)]) -> sqlite3.Row:
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False})  # HOLE: never expires
    except jwt.InvalidTokenError:
        raise HTTPException(401)
    return found(claims)


def found(claims: dict) -> sqlite3.Row:
    user = database.execute("select * from users where id = ?", (str(claims.get("sub")),)).fetchone()
    if user is None:
        raise HTTPException(401)
    return user


CurrentUser = Annotated[sqlite3.Row, Depends(user_of)]


@app.exception_handler(Exception)
async def failed(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse(traceback.format_exc(), status_code=500)  # HOLE: shows the inside


@app.post("/users", status_code=201)
def register(user: NewUser) -> User:
    is_admin = bool((user.model_extra or {}).get("is_admin"))  # HOLE: the client makes itself an administrator
    try:
        cursor = database.execute(
            "insert into users (username, hashed_password, is_admin) values (?, ?, ?)",
            (user.username, hashed(user.password), is_admin),
        )
    except sqlite3.IntegrityError:
        raise HTTPException(409, "taken")
    return User(id=cursor.lastrowid or 0, username=user.username, is_admin=is_admin)


@app.get("/users")
def list_users() -> list[dict]:
    return [dict(row) for row in database.execute("select * from users limit 20")]  # HOLE: hashes in the answer


@app.post("/token")
def login(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
    user = database.execute("select * from users where username = ?", (form.username,)).fetchone()
    if user is None:
        raise HTTPException(404, "no such user")  # HOLE: tells which users there are
    if user["hashed_password"] != hashed(form.password):
        raise HTTPException(401, "wrong password")
    claims = {"sub": str(user["id"]), "exp": int(time.time()) + 3600}
    return {"access_token": jwt.encode(claims, SECRET, algorithm="HS256"), "token_type": "bearer"}


@app.get("/me")
def me(user: Annotated[sqlite3.Row, Depends(careless_user)]) -> User:
    return User(**dict(user))


@app.get("/settings")
def settings(user: Annotated[sqlite3.Row, Depends(timeless_user)]) -> dict[str, str]:
    return {"theme": "dark"}


@app.get("/notes")
def list_notes(user: CurrentUser) -> list[Note]:
    rows = database.execute("select * from notes where owner_id = ? order by id desc limit 50", (user["id"],))
    return [Note(**dict(row)) for row in rows]


@app.post("/notes", status_code=201)
def create_note(note: NewNote, user: CurrentUser) -> Note:
    cursor = database.execute("insert into notes (owner_id, text) values (?, ?)", (user["id"], note.text))
    return Note(id=cursor.lastrowid or 0, text=note.text)


@app.get("/notes/{note_id}")
def read_note(note_id: int, user: CurrentUser) -> Note:
    row = database.execute("select * from notes where id = ?", (note_id,)).fetchone()  # HOLE: anybody's note
    if row is None:
        raise HTTPException(404)
    return Note(**dict(row))


@app.delete("/notes/{note_id}", status_code=204)
def delete_note(note_id: int) -> None:  # HOLE: no login, unlike its siblings
    database.execute("delete from notes where id = ?", (note_id,))


@app.get("/search")
def search(q: str) -> list[Note]:
    rows = database.execute(f"select * from notes where text like '%{q}%'")  # HOLE: SQL from outside
    return [Note(**dict(row)) for row in rows]


@app.post("/ping")
def ping(host: Annotated[str, Body(embed=True)]) -> dict[str, str]:
    done = subprocess.run(f"echo pinging {host}", shell=True, capture_output=True, text=True)  # HOLE: a shell
    return {"said": done.stdout}


@app.get("/greet")
def greet(name: str) -> dict[str, str]:
    return {"text": Template("Hello " + name).render()}  # HOLE: a template from outside


@app.get("/public/{name:path}")
def public(name: str) -> PlainTextResponse:
    try:
        return PlainTextResponse((FILES / name).read_text())  # HOLE: leads out of the folder
    except (OSError, ValueError):
        raise HTTPException(404)


@app.get("/language")
def language(lang: str) -> Response:
    return Response("ok", headers={"Content-Language": lang})  # HOLE: whole headers can be planted


@app.post("/comments", status_code=201)
def comment(note: NewNote) -> Note:
    cursor = database.execute("insert into comments (text) values (?)", (note.text,))  # HOLE: megabytes, for ever
    return Note(id=cursor.lastrowid or 0, text=note.text)


@app.get("/board", response_class=HTMLResponse)
def board() -> str:
    rows = database.execute("select text from comments order by id desc limit 5")
    return "<ul>" + "".join(f"<li>{row['text'][:200]}</li>" for row in rows) + "</ul>"  # HOLE: scripts run


@app.post("/subscribe")
def subscribe(address: Annotated[str, Body(embed=True)]) -> dict[str, bool]:
    return {"ok": re.fullmatch(r"([a-z0-9]+)+@x", address) is not None}  # HOLE: never ends on some texts


@app.post("/tree")
def tree(node: dict) -> dict[str, int]:
    def depth(value: object) -> int:
        return 1 + max(map(depth, value.values()), default=0) if isinstance(value, dict) else 0

    return {"depth": depth(node)}  # HOLE: as deep as the client likes


@app.post("/avatar", status_code=201)
async def avatar(user: CurrentUser, file: Annotated[UploadFile, File()]) -> dict[str, str]:
    await file.read()  # HOLE: any kind, any size
    return {"stored": f"avatars/{file.filename}"}  # HOLE: the client's own name


@app.get("/leave")
def leave(next: str) -> RedirectResponse:
    return RedirectResponse(next)  # HOLE: to any site


@app.get("/status")
def status() -> dict[str, str]:
    return {"key": SECRET}  # HOLE: a secret in an answer
