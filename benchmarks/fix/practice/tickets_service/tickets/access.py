from fastapi import Depends, Header, HTTPException
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.store import Membership, Project, Ticket, User, get_db


async def current_user(authorization: str = Header(""), db: AsyncSession = Depends(get_db)) -> User:
    """Who sent the token of `Authorization: Bearer TOKEN`; 401 for nobody."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise HTTPException(401, "log in, please")
    user = await db.scalar(select(User).where(User.token == token.strip()))
    if user is None:
        raise HTTPException(401, "nobody has this token")
    return user


async def belongs(user: User, project: Project, db: AsyncSession) -> bool:
    if project.owner_id == user.id:
        return True
    return await db.get(Membership, (project.id, user.id)) is not None


async def visible_project(
    project_id: int, user: User = Depends(current_user), db: AsyncSession = Depends(get_db)
) -> Project:
    """The project; 404 when it is not there or none of the user's business."""
    project = await db.get(Project, project_id)
    if project is None or not await belongs(user, project, db):
        raise HTTPException(404, "no such project")
    return project


async def own_project(project: Project = Depends(visible_project), user: User = Depends(current_user)) -> Project:
    """The project; 403 for members that do not own it."""
    if project.owner_id != user.id:
        raise HTTPException(403, "only the owner may do that")
    return project


async def find_ticket(
    ticket_id: int, project: Project = Depends(visible_project), db: AsyncSession = Depends(get_db)
) -> Ticket:
    ticket = await db.scalar(select(Ticket).where(Ticket.id == ticket_id, Ticket.project_id == project.id))
    if ticket is None:
        raise HTTPException(404, "no such ticket")
    return ticket
