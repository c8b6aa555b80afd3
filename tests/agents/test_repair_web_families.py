"""Edits of services: routes, sessions, schemas, queries and dates that people get wrong are among the candidates."""

import ast
import re

import pytest

from agents.repair.candidate import Suspect, apply
from agents.repair.candidates import candidates
from agents.repair.hints import Hints
from agents.repair.suspicion import matches

SERVICE = """
from datetime import datetime, timezone
from enum import Enum

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.base import Base, get_session, current_user

router = APIRouter()


class Status(Enum):
    OPEN = "open"
    DONE = "done"


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)


class Task(Base):
    __tablename__ = "tasks"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]
    status: Mapped[str]
    due_at: Mapped[datetime]
    tags: Mapped[list["Tag"]] = relationship()


class TaskIn(BaseModel):
    title: str
    note: str | None = None


class TaskOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    status: str


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int


async def load(session: AsyncSession, task_id: int) -> Task:
    task = await session.get(Task, task_id)
    if task is None:
        raise HTTPException(status_code=404, detail="no such task")
    return task


@router.get("/tasks/late", response_model=list[TaskOut])
async def late(session: AsyncSession = Depends(get_session)):
    query = select(Task).where(Task.due_at < datetime.now(timezone.utc))
    return list(await session.scalars(query))


@router.get("/tasks/{task_id}", response_model=TaskOut)
async def read(task_id: int, session: AsyncSession = Depends(get_session), user: User = Depends(current_user)):
    task = await load(session, task_id)
    if task.owner_id != user.id:
        raise HTTPException(status_code=403, detail="not yours")
    return task


@router.get("/tasks", response_model=list[TaskOut])
async def many(page: int, size: int, status: str | None = None, session: AsyncSession = Depends(get_session)):
    query = select(Task).order_by(Task.id)
    if status is not None:
        query = query.where(Task.status == status)
    return list(await session.scalars(query.offset((page - 1) * size).limit(size)))


@router.post("/tasks", response_model=TaskOut, status_code=201)
async def create(body: TaskIn, session: AsyncSession = Depends(get_session), user: User = Depends(current_user)):
    task = Task(owner_id=user.id, status=Status.OPEN.value)
    session.add(task)
    await session.commit()
    await session.refresh(task)
    return task


@router.patch("/tasks/{task_id}", response_model=TaskOut)
async def change(task_id: int, body: TaskIn, session: AsyncSession = Depends(get_session)):
    task = await load(session, task_id)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(task, name, value)
    await session.commit()
    return task
"""
LATE = SERVICE[SERVICE.index('@router.get("/tasks/late"') : SERVICE.index('@router.get("/tasks/{task_id}"')]
READ = SERVICE[SERVICE.index('@router.get("/tasks/{task_id}"') : SERVICE.index('@router.get("/tasks", ')]
BUGS = {
    "coroutine not awaited": ("task = await load(session, task_id)\n    if", "task = load(session, task_id)\n    if"),
    "commit missing": ("    await session.commit()\n    await session.refresh(task)\n", ""),
    "commit missing after a change": (
        "        setattr(task, name, value)\n    await session.commit()\n",
        "        setattr(task, name, value)\n",
    ),
    "refresh missing": ("    await session.refresh(task)\n", ""),
    "not found is not asked": (
        '    if task is None:\n        raise HTTPException(status_code=404, detail="no such task")\n',
        "",
    ),
    "owner is not asked": (
        '    if task.owner_id != user.id:\n        raise HTTPException(status_code=403, detail="not yours")\n',
        "",
    ),
    "route shadowed": (LATE + READ, READ + LATE),
    "status code": ("status_code=404", "status_code=400"),
    "created": (", status_code=201", ""),
    "filter dropped": ("    if status is not None:\n        query = query.where(Task.status == status)\n", ""),
    "page": ("offset((page - 1) * size)", "offset(page * size)"),
    "optional": ("note: str | None = None", "note: str | None"),
    "naive": ("datetime.now(timezone.utc)", "datetime.now()"),
    "enum by name": ("Status.OPEN.value", "Status.OPEN.name"),
    "partial": ("exclude_unset=True", ""),
    "dependency called": ("Depends(current_user)):\n    task = await", "Depends(current_user())):\n    task = await"),
    "model of the answer": (
        '"/tasks/{task_id}", response_model=TaskOut)\nasync def read',
        '"/tasks/{task_id}", response_model=UserOut)\nasync def read',
    ),
    "many for one": ("response_model=list[TaskOut])\nasync def many", "response_model=TaskOut)\nasync def many"),
    "attributes": (
        "    model_config = ConfigDict(from_attributes=True)\n    id: int\n    status: str",
        "    id: int\n    status: str",
    ),
}
TEST = """
r = client.get("/tasks/late")
assert r.status_code == 404
assert client.get(f"/tasks/{one}").status_code == 403
"""


def meaning(text: str) -> str:
    """The same for texts that differ in layout, words for people and how None is asked for."""
    text = re.sub(r'detail="[^"]*"', "", squeezed(text))
    return text.replace("is not None", "is None")


def squeezed(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip())


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_of_a_service(name: str) -> None:
    right, wrong = BUGS[name]
    assert right in SERVICE
    broken = SERVICE.replace(right, wrong, 1)
    suspects = [Suspect("m.py", line, 1.0) for line in range(1, broken.count("\n") + 1)]
    found = candidates({"m.py": broken}, suspects, Hints(tests=(TEST,)))
    for position, candidate in enumerate(found):
        if meaning(apply(candidate, {"m.py": broken})["m.py"]) == meaning(SERVICE):
            assert position < 700
            return
    pytest.fail("the fix is not among the candidates")


def test_a_relation_is_loaded_and_its_option_imported() -> None:
    broken = SERVICE.replace("import Mapped, mapped_column, relationship", "import Mapped, mapped_column, relationship")
    line = broken[: broken.index("query = select(Task).order_by")].count("\n") + 1
    hints = Hints(messages=("sqlalchemy.exc.MissingGreenlet: greenlet_spawn has not been called",))
    first = next(iter(candidates({"m.py": broken}, [Suspect("m.py", line, 1.0)], hints)))
    text = apply(first, {"m.py": broken})["m.py"]
    assert "select(Task).options(selectinload(Task.tags)).order_by" in text
    assert "mapped_column, relationship, selectinload\n" in text


def test_a_route_that_tests_ask_for_is_suspected_without_coverage() -> None:
    broken = SERVICE.replace(LATE + READ, READ + LATE)
    found = candidates({"m.py": broken}, [Suspect("m.py", 1, 0.1)], Hints(tests=('client.get("/api/tasks/late")',)))
    first = next(iter(found))
    assert squeezed(apply(first, {"m.py": broken})["m.py"]) == squeezed(SERVICE)


MEMORY = """
from fastapi import APIRouter, FastAPI, HTTPException

app = FastAPI()
router = APIRouter(prefix="/notes")
notes = {}


@router.get("")
def many(offset: int = 0, limit: int = 10):
    return list(notes.values())[offset : offset + limit]


@router.get("/{note_id}")
def read(note_id: int):
    if note_id not in notes:
        raise HTTPException(status_code=404)
    return notes[note_id]


app.include_router(router)
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("raise HTTPException", "return HTTPException"),
        ("app.include_router(router)\n", ""),
        ('prefix="/notes"', 'prefix="/note"'),
        ("[offset : offset + limit]", ""),
        ("[offset : offset + limit]", "[offset:limit]"),
    ],
)
def test_a_bug_of_a_small_service(right: str, wrong: str) -> None:
    broken = MEMORY.replace(right, wrong)
    suspects = [Suspect("m.py", line, 1.0) for line in range(1, broken.count("\n") + 1)]
    hints = Hints(messages=("assert 404 == 200",), tests=('assert client.get("/notes/1").status_code == 200',))
    found = candidates({"m.py": broken}, suspects, hints)
    texts = [ast.dump(ast.parse(apply(one, {"m.py": broken})["m.py"])) for one in found]
    assert ast.dump(ast.parse(MEMORY)) in texts[:120]


@pytest.mark.parametrize(
    ("path", "url", "yes"),
    [
        ("/users/{id}", "/api/users/7", True),
        ("/users/me", "/users/{x}", True),
        ("/users", "/users/7", False),
        ("/", "/x", True),
    ],
)
def test_which_route_a_request_may_reach(path: str, url: str, yes: bool) -> None:
    assert matches(path, url) is yes
