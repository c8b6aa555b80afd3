import secrets
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Header, HTTPException, Query
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.database import create_tables, get_session
from app.models import Status, Task, User, now
from app.schemas import Page, TaskChange, TaskIn, TaskOut, UserIn, UserOut, UserWithToken


@asynccontextmanager
async def lifespan(app: FastAPI):
    await create_tables()
    yield


app = FastAPI(lifespan=lifespan)


async def current_user(authorization: str = Header(default=""), session: AsyncSession = Depends(get_session)) -> User:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise HTTPException(status_code=401, detail="log in first")
    user = await session.scalar(select(User).where(User.token == token))
    if user is None:
        raise HTTPException(status_code=401, detail="unknown token")
    return user


async def own_task(task_id: int, session: AsyncSession, user: User) -> Task:
    task = await session.scalar(select(Task).where(Task.id == task_id).options(selectinload(Task.owner)))
    if task is None:
        raise HTTPException(status_code=404, detail="no such task")
    if task.owner_id != user.id:
        raise HTTPException(status_code=403, detail="not your task")
    return task


@app.post("/users", status_code=201, response_model=UserWithToken)
async def register(body: UserIn, session: AsyncSession = Depends(get_session)):
    user = User(name=body.name, token=secrets.token_hex(8))
    session.add(user)
    try:
        await session.commit()
    except IntegrityError:
        raise HTTPException(status_code=409, detail="name is taken")
    return user


@app.get("/users/me", response_model=UserOut)
async def me(user: User = Depends(current_user)):
    return user


@app.get("/users/{user_id}", response_model=UserOut)
async def read_user(user_id: int, session: AsyncSession = Depends(get_session)):
    user = await session.get(User, user_id)
    if user is None:
        raise HTTPException(status_code=404, detail="no such user")
    return user


@app.post("/tasks", status_code=201, response_model=TaskOut)
async def create(body: TaskIn, session: AsyncSession = Depends(get_session), user: User = Depends(current_user)):
    task = Task(**body.model_dump(), owner=user)
    session.add(task)
    await session.commit()
    return task


@app.get("/tasks", response_model=Page)
async def search(
    status: Status | None = None,
    text: str | None = None,
    page: int = Query(default=1, ge=1),
    size: int = Query(default=10, ge=1, le=50),
    session: AsyncSession = Depends(get_session),
    user: User = Depends(current_user),
):
    query = select(Task).where(Task.owner_id == user.id)
    if status is not None:
        query = query.where(Task.status == status.value)
    if text:
        query = query.where(Task.title.ilike(f"%{text}%"))
    total = await session.scalar(select(func.count()).select_from(query.subquery()))
    query = query.order_by(Task.priority.desc(), Task.id).offset((page - 1) * size).limit(size)
    items = await session.scalars(query.options(selectinload(Task.owner)))
    return {"items": list(items), "total": total, "pages": (total + size - 1) // size}


@app.get("/tasks/{task_id}", response_model=TaskOut)
async def read(task_id: int, session: AsyncSession = Depends(get_session), user: User = Depends(current_user)):
    return await own_task(task_id, session, user)


@app.patch("/tasks/{task_id}", response_model=TaskOut)
async def change(
    task_id: int, body: TaskChange, session: AsyncSession = Depends(get_session), user: User = Depends(current_user)
):
    task = await own_task(task_id, session, user)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(task, name, value)
    await session.commit()
    return task


@app.post("/tasks/{task_id}/done", response_model=TaskOut)
async def finish(task_id: int, session: AsyncSession = Depends(get_session), user: User = Depends(current_user)):
    task = await own_task(task_id, session, user)
    if task.status == Status.DONE.value:
        raise HTTPException(status_code=409, detail="done already")
    task.status = Status.DONE.value
    task.done_at = now()
    await session.commit()
    return task


@app.delete("/tasks/{task_id}", status_code=204)
async def delete(task_id: int, session: AsyncSession = Depends(get_session), user: User = Depends(current_user)):
    task = await own_task(task_id, session, user)
    await session.delete(task)
    await session.commit()
