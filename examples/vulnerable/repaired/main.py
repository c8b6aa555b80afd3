"""The same notes with the holes closed."""

import hashlib
import hmac
import html
import os
import re
import sqlite3
import time
from pathlib import Path
from typing import Annotated

import jwt
from fastapi import Body, Depends, FastAPI, File, HTTPException, Query, Request, Response, UploadFile
from fastapi import Path as PathParameter
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from jinja2 import Template
from pydantic import BaseModel, Field

SECRET = os.environ["SECRET_KEY"]
FILES = Path("public")
FILES.mkdir(exist_ok=True)
bearer = OAuth2PasswordBearer(tokenUrl="token")
app = FastAPI(title="Notes")
app.add_middleware(CORSMiddleware, allow_origins=["https://notes.example"], allow_credentials=True)

database = sqlite3.connect(":memory:", check_same_thread=False)
database.row_factory = sqlite3.Row
database.executescript("""
create table users (id integer primary key, username text unique, hashed_password text, is_admin int);
create table notes (id integer primary key, owner_id int, text text);
create table comments (id integer primary key, text text);
insert into notes (owner_id, text) values (0, 'welcome'), (0, 'hello');
""")


class NewUser(BaseModel):
    username: str = Field(max_length=100)
    password: str = Field(max_length=200)


class User(BaseModel):
    id: int
    username: str
    is_admin: bool


class NewNote(BaseModel):
    text: str = Field(max_length=5000)


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


def found(claims: dict) -> sqlite3.Row:
    user = database.execute("select * from users where id = ?", (str(claims.get("sub")),)).fetchone()
    if user is None:
        raise HTTPException(401)
    return user


Key = Annotated[int, PathParameter(ge=1, le=2**62)]
Text = Annotated[str, Query(max_length=200)]
MOST = 1_000_000
CurrentUser = Annotated[sqlite3.Row, Depends(user_of)]


@app.exception_handler(Exception)
async def failed(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse("something went wrong", status_code=500)


@app.post("/users", status_code=201)
def register(user: NewUser) -> User:
    try:
        cursor = database.execute(
            "insert into users (username, hashed_password, is_admin) values (?, ?, ?)",
            (user.username, hashed(user.password), False),
        )
    except sqlite3.IntegrityError:
        raise HTTPException(409, "taken")
    return User(id=cursor.lastrowid or 0, username=user.username, is_admin=False)


@app.get("/users")
def list_users() -> list[User]:
    return [User(**dict(row)) for row in database.execute("select * from users limit 20")]


@app.post("/token")
def login(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
    user = database.execute("select * from users where username = ?", (form.username,)).fetchone()
    known = user["hashed_password"] if user is not None else hashed("nobody has this password")
    if not hmac.compare_digest(known, hashed(form.password)) or user is None:
        raise HTTPException(401, "wrong user or password", headers={"WWW-Authenticate": "Bearer"})
    claims = {"sub": str(user["id"]), "exp": int(time.time()) + 3600}
    return {"access_token": jwt.encode(claims, SECRET, algorithm="HS256"), "token_type": "bearer"}


@app.get("/me")
def me(user: CurrentUser) -> User:
    return User(**dict(user))


@app.get("/settings")
def settings(user: CurrentUser) -> dict[str, str]:
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
def read_note(note_id: Key, user: CurrentUser) -> Note:
    mine = (note_id, user["id"])
    row = database.execute("select * from notes where id = ? and owner_id = ?", mine).fetchone()
    if row is None:
        raise HTTPException(404)
    return Note(**dict(row))


@app.delete("/notes/{note_id}", status_code=204)
def delete_note(note_id: Key, user: CurrentUser) -> None:
    gone = database.execute("delete from notes where id = ? and owner_id = ?", (note_id, user["id"]))
    if not gone.rowcount:
        raise HTTPException(404)


@app.get("/search")
def search(q: Text) -> list[Note]:
    rows = database.execute("select id, text from notes where owner_id = 0 and text like ?", (f"%{q}%",))
    return [Note(**dict(row)) for row in rows]


@app.post("/ping")
def ping(host: Annotated[str, Body(embed=True, max_length=200)]) -> dict[str, str]:
    if not re.fullmatch(r"[a-z0-9.-]{1,200}", host):
        raise HTTPException(422, "not a host")
    return {"said": f"pinging {host}"}


@app.get("/greet")
def greet(name: Text) -> dict[str, str]:
    return {"text": Template("Hello {{ name }}").render(name=name)}


@app.get("/public/{name:path}")
def public(name: str) -> PlainTextResponse:
    try:
        path = (FILES / name).resolve()
        if path.is_relative_to(FILES.resolve()):
            return PlainTextResponse(path.read_text())
    except (OSError, ValueError):
        pass
    raise HTTPException(404)


@app.get("/language")
def language(lang: Annotated[str, Query(pattern="^[a-z]{2}$")]) -> Response:
    return Response("ok", headers={"Content-Language": lang})


@app.post("/comments", status_code=201)
def comment(note: NewNote) -> Note:
    cursor = database.execute("insert into comments (text) values (?)", (note.text,))
    return Note(id=cursor.lastrowid or 0, text=note.text)


@app.get("/board", response_class=HTMLResponse)
def board() -> str:
    rows = database.execute("select text from comments order by id desc limit 5")
    return "<ul>" + "".join(f"<li>{html.escape(row['text'][:200])}</li>" for row in rows) + "</ul>"


@app.post("/subscribe")
def subscribe(address: Annotated[str, Body(embed=True, max_length=200)]) -> dict[str, bool]:
    return {"ok": re.fullmatch(r"[a-z0-9]+@x", address) is not None}


@app.post("/tree")
def tree(node: dict) -> dict[str, int]:
    depth, level = 0, [node]
    while level and depth < 20:
        level = [inner for value in level for inner in value.values() if isinstance(inner, dict)]
        depth += 1
    if level:
        raise HTTPException(422, "too deep")
    return {"depth": depth}


@app.post("/avatar", status_code=201)
async def avatar(user: CurrentUser, file: Annotated[UploadFile, File()]) -> dict[str, str]:
    head = await file.read(MOST + 1)
    if len(head) > MOST:
        raise HTTPException(413, "at most 1 MB")
    if not head.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        raise HTTPException(415, "a PNG or JPEG picture is wanted")
    return {"stored": f"avatars/{hashlib.sha256(head).hexdigest()}"}


@app.get("/leave")
def leave(next: Text) -> RedirectResponse:
    local = re.fullmatch(r"/[a-z0-9/]*", next) and not next.startswith("//")
    return RedirectResponse(next if local else "/")


@app.get("/status")
def status() -> dict[str, str]:
    return {"status": "ok"}
