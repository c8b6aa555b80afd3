import secrets
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets import clock
from tickets.access import belongs, current_user, find_ticket, own_project, visible_project
from tickets.store import Comment, Membership, Project, Ticket, User, create, engine, get_db

NEXT = {"open": {"doing", "closed"}, "doing": {"open", "done"}, "done": {"open", "closed"}, "closed": set()}
Status = Literal["open", "doing", "done", "closed"]


@asynccontextmanager
async def lifespan(app: FastAPI):
    await create()
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


class NameIn(BaseModel):
    name: str = Field(min_length=1)


class TicketIn(BaseModel):
    title: str = Field(min_length=1)
    text: str = ""
    due: datetime | None = None

    @field_validator("due")
    @classmethod
    def with_zone(cls, value: datetime | None) -> datetime | None:
        return None if value is None else clock.as_utc(value)


class TicketChange(TicketIn):
    title: str = Field("", min_length=1)
    assignee: str | None = None


class TicketOut(TicketIn):
    model_config = ConfigDict(from_attributes=True)

    id: int
    status: str
    assignee: str | None
    done_at: datetime | None


class CommentIn(BaseModel):
    text: str = Field(min_length=1)


class StatusIn(BaseModel):
    status: Status


@app.post("/users", status_code=201)
async def sign_up(body: NameIn, db: AsyncSession = Depends(get_db)):
    if await db.scalar(select(User).where(User.name == body.name)):
        raise HTTPException(409, "the name is taken")
    user = User(name=body.name, token=secrets.token_hex(8))
    db.add(user)
    await db.commit()
    return {"name": user.name, "token": user.token}


@app.post("/projects", status_code=201)
async def create_project(body: NameIn, user: User = Depends(current_user), db: AsyncSession = Depends(get_db)):
    project = Project(name=body.name, owner_id=user.id)
    db.add(project)
    await db.commit()
    return {"id": project.id, "name": project.name}


@app.get("/projects")
async def my_projects(user: User = Depends(current_user), db: AsyncSession = Depends(get_db)):
    joined = select(Membership.project_id).where(Membership.user_id == user.id)
    query = select(Project).where(or_(Project.owner_id == user.id, Project.id.in_(joined)))
    return [{"id": one.id, "name": one.name} for one in await db.scalars(query.order_by(Project.name))]


@app.post("/projects/{project_id}/members", status_code=204)
async def invite(body: NameIn, project: Project = Depends(own_project), db: AsyncSession = Depends(get_db)):
    user = await db.scalar(select(User).where(User.name == body.name))
    if user is None:
        raise HTTPException(404, "no such user")
    if not await belongs(user, project, db):
        db.add(Membership(project_id=project.id, user_id=user.id))
        await db.commit()


@app.get("/projects/{project_id}/summary")
async def summary(project: Project = Depends(visible_project), db: AsyncSession = Depends(get_db)):
    query = select(Ticket.status, func.count()).where(Ticket.project_id == project.id).group_by(Ticket.status)
    counts = dict.fromkeys(NEXT, 0)
    for status, number in await db.execute(query):
        counts[status] = number
    return counts


@app.post("/projects/{project_id}/tickets", status_code=201, response_model=TicketOut)
async def create_ticket(body: TicketIn, project: Project = Depends(visible_project), db: AsyncSession = Depends(get_db)):
    if body.due is not None and body.due <= clock.now():
        raise HTTPException(422, "due in the past")
    ticket = Ticket(project_id=project.id, **body.model_dump())
    db.add(ticket)
    await db.commit()
    return ticket


@app.get("/projects/{project_id}/tickets")
async def list_tickets(
    project: Project = Depends(visible_project),
    db: AsyncSession = Depends(get_db),
    status: Status | None = None,
    assignee: str | None = None,
    late: bool = False,
    after: int = 0,
    limit: int = Query(20, ge=1, le=100),
):
    """A page of tickets, and the `after` of the next page if there is one."""
    query = select(Ticket).where(Ticket.project_id == project.id, Ticket.id > after)
    if status is not None:
        query = query.where(Ticket.status == status)
    if assignee is not None:
        query = query.where(Ticket.assignee == assignee)
    if late:
        query = query.where(Ticket.due < clock.now(), Ticket.status.in_(("open", "doing")))
    found = list(await db.scalars(query.order_by(Ticket.id).limit(limit + 1)))
    items = [TicketOut.model_validate(one) for one in found[:limit]]
    return {"items": items, "next": items[-1].id if len(found) > limit else None}


@app.get("/projects/{project_id}/tickets/{ticket_id}")
async def read_ticket(ticket: Ticket = Depends(find_ticket), db: AsyncSession = Depends(get_db)):
    await db.refresh(ticket, ["comments"])
    comments = [{"author": one.author, "text": one.text} for one in ticket.comments]
    return {**TicketOut.model_validate(ticket).model_dump(), "comments": comments}


@app.patch("/projects/{project_id}/tickets/{ticket_id}", response_model=TicketOut)
async def change_ticket(
    body: TicketChange,
    project: Project = Depends(visible_project),
    ticket: Ticket = Depends(find_ticket),
    db: AsyncSession = Depends(get_db),
):
    changes = body.model_dump(exclude_unset=True)
    if changes.get("assignee") is not None:
        user = await db.scalar(select(User).where(User.name == changes["assignee"]))
        if user is None or not await belongs(user, project, db):
            raise HTTPException(422, "the assignee does not belong to the project")
    for name, value in changes.items():
        setattr(ticket, name, value)
    await db.commit()
    return ticket


@app.post("/projects/{project_id}/tickets/{ticket_id}/status", response_model=TicketOut)
async def move_ticket(body: StatusIn, ticket: Ticket = Depends(find_ticket), db: AsyncSession = Depends(get_db)):
    if body.status not in NEXT[ticket.status]:
        raise HTTPException(409, f"{ticket.status} cannot become {body.status}")
    if body.status == "done":
        ticket.done_at = clock.now()
    elif body.status == "open":
        ticket.done_at = None
    ticket.status = body.status
    await db.commit()
    return ticket


@app.post("/projects/{project_id}/tickets/{ticket_id}/comments", status_code=201)
async def comment(
    body: CommentIn,
    user: User = Depends(current_user),
    ticket: Ticket = Depends(find_ticket),
    db: AsyncSession = Depends(get_db),
):
    if ticket.status == "closed":
        raise HTTPException(409, "it is closed")
    db.add(Comment(ticket_id=ticket.id, author=user.name, text=body.text))
    await db.commit()
    return {"author": user.name, "text": body.text}


@app.delete("/projects/{project_id}/tickets/{ticket_id}", status_code=204)
async def delete_ticket(
    project: Project = Depends(own_project), ticket: Ticket = Depends(find_ticket), db: AsyncSession = Depends(get_db)
):
    await db.delete(ticket)
    await db.commit()
