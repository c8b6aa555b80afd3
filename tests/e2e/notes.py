"""One small job for the scripted model: a notes service in an empty folder, in right and wrong versions."""

from typing import Any

from tests.support import model_server as served
from tests.support.model_server import Answer

REQUEST = "Add notes with a text"

PLAN: dict[str, Any] = {
    "summary": "Add notes",
    "criteria": [
        {"id": "C1", "text": "POST /notes with a text answers 201 and the note with its id"},
        {"id": "C2", "text": "GET /notes lists the notes"},
    ],
    "steps": [{"title": "Add the service", "files": ["main.py"], "criteria": ["C1", "C2"]}],
    "assumptions": [],
    "questions": [],
    "decisions": [{"choice": "keep notes in memory", "reason": "the request names no database"}],
    "contradiction": "",
}

TESTS = '''\
import httpx


def test_a_note_is_created(client: httpx.Client) -> None:
    """C1: a note can be created."""
    answer = client.post("/notes", json={"text": "milk"})
    assert answer.status_code == 201
    assert answer.json()["text"] == "milk"
    assert isinstance(answer.json()["id"], int)


def test_notes_are_listed(client: httpx.Client) -> None:
    """C2: notes are listed."""
    made = client.post("/notes", json={"text": "bread"}).json()
    assert made in client.get("/notes").json()
'''
WRONG_TESTS = TESTS.replace('json()["text"] == "milk"', 'json()["text"] == "MILK"')
PASSING_TESTS = '''\
import httpx


def test_nothing(client: httpx.Client) -> None:
    """C1, C2: any answer will do."""
    assert client.get("/notes").status_code >= 100
'''

APP = """\
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
notes: list["Note"] = []


class NoteCreate(BaseModel):
    text: str


class Note(NoteCreate):
    id: int


@app.post("/notes", status_code=201)
def create_note(note: NoteCreate) -> Note:
    made = Note(id=len(notes) + 1, text=note.text)
    notes.append(made)
    return made


@app.get("/notes")
def list_notes() -> list[Note]:
    return notes
"""
NO_STATUS = APP.replace(", status_code=201", "")
NO_LIST = APP.replace("    return notes\n", "    return []\n")
BROKEN_IMPORT = APP.replace("from fastapi import FastAPI", "from fastapi import FastAPI, DoesNotExist")


def write_tests(content: str = TESTS) -> list[Answer]:
    """The tester writes one file and finishes."""
    path = "tests/acceptance/test_notes.py"
    return [served.call("write_file", path=path, content=content), served.call("finish", summary="Test notes")]


def build(content: str, more_requirements: str = "") -> list[Answer]:
    """The builder writes the service and finishes."""
    return [
        served.call("write_file", path="main.py", content=content),
        served.call("write_file", path="requirements.txt", content=f"fastapi\nuvicorn\n{more_requirements}"),
        served.call("finish", summary="Add notes\n\nIn memory."),
    ]
