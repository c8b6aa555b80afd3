"""Notes with tags, kept in memory, shared between users by invitation."""

import hashlib
import itertools
from dataclasses import dataclass, field
from enum import Enum

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Response, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, Field, field_validator

app = FastAPI()
router = APIRouter(prefix="/notes")
api_key = APIKeyHeader(name="X-Key", auto_error=False)


class Sort(str, Enum):
    NEWEST = "newest"
    OLDEST = "oldest"
    TITLE = "title"


@dataclass
class Note:
    id: int
    owner: str
    title: str
    text: str
    tags: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    deleted: bool = False
    version: int = 1


class Store:
    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.notes: dict[int, Note] = {}
        self.ids = itertools.count(1)

    def add_user(self, name: str, key: str) -> None:
        self.keys[hashlib.sha256(key.encode()).hexdigest()] = name

    def user_of(self, key: str) -> str | None:
        return self.keys.get(hashlib.sha256(key.encode()).hexdigest())

    def add(self, owner: str, title: str, text: str, tags: list[str]) -> Note:
        note = Note(next(self.ids), owner, title, text, tags)
        self.notes[note.id] = note
        return note

    def visible(self, user: str) -> list[Note]:
        """Notes a user may read: own ones and those shared with them."""
        return [n for n in self.notes.values() if not n.deleted and (n.owner == user or user in n.shared)]


store = Store()


class NoteIn(BaseModel):
    title: str = Field(min_length=1, max_length=80)
    text: str = ""
    tags: list[str] = []

    @field_validator("tags")
    @classmethod
    def tidy(cls, tags: list[str]) -> list[str]:
        return sorted({tag.strip().lower() for tag in tags if tag.strip()})


class NoteChange(BaseModel):
    title: str | None = Field(default=None, min_length=1, max_length=80)
    text: str | None = None
    version: int


class NoteOut(BaseModel):
    id: int
    owner: str
    title: str
    text: str
    tags: list[str]
    version: int


class Listing(BaseModel):
    notes: list[NoteOut]
    next: int | None


def user(key: str | None = Security(api_key)) -> str:
    name = store.user_of(key) if key else None
    if name is None:
        raise HTTPException(status_code=401, detail="a key is needed")
    return name


def readable(note_id: int, name: str = Depends(user)) -> Note:
    note = store.notes.get(note_id)
    if note is None or note.deleted:
        raise HTTPException(status_code=404, detail="no such note")
    if note.owner != name and name not in note.shared:
        raise HTTPException(status_code=404, detail="no such note")
    return note


def writable(note: Note = Depends(readable), name: str = Depends(user)) -> Note:
    if note.owner != name:
        raise HTTPException(status_code=403, detail="only its owner may do that")
    return note


@router.post("", status_code=201, response_model=NoteOut)
def create(body: NoteIn, name: str = Depends(user)):
    return store.add(name, body.title, body.text, body.tags)


@router.get("", response_model=Listing)
def search(
    tag: str | None = None,
    text: str | None = None,
    sort: Sort = Sort.NEWEST,
    offset: int = 0,
    limit: int = 10,
    name: str = Depends(user),
):
    found = store.visible(name)
    if tag is not None:
        found = [note for note in found if tag.lower() in note.tags]
    if text is not None:
        found = [note for note in found if text.lower() in note.title.lower() or text.lower() in note.text.lower()]
    if sort is Sort.TITLE:
        found.sort(key=lambda note: note.title.lower())
    else:
        found.sort(key=lambda note: note.id, reverse=sort is Sort.NEWEST)
    page = found[offset : offset + limit]
    following = offset + limit
    return {"notes": page, "next": following if following < len(found) else None}


@router.get("/tags")
def tags(name: str = Depends(user)) -> dict[str, int]:
    counts: dict[str, int] = {}
    for note in store.visible(name):
        for tag in note.tags:
            counts[tag] = counts.get(tag, 0) + 1
    return counts


@router.get("/{note_id}", response_model=NoteOut)
def read(note: Note = Depends(readable)):
    return note


@router.patch("/{note_id}", response_model=NoteOut)
def change(body: NoteChange, note: Note = Depends(writable)):
    if body.version != note.version:
        raise HTTPException(status_code=409, detail="somebody else was faster")
    if body.title is not None:
        note.title = body.title
    if body.text is not None:
        note.text = body.text
    note.version += 1
    return note


@router.put("/{note_id}/shared/{other}", status_code=204)
def share(other: str, note: Note = Depends(writable)):
    if other not in store.keys.values():
        raise HTTPException(status_code=404, detail="no such user")
    note.shared.add(other)
    return Response(status_code=204)


@router.delete("/{note_id}", status_code=204)
def delete(note: Note = Depends(writable)):
    note.deleted = True
    return Response(status_code=204)


app.include_router(router)
