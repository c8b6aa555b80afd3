from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shop.db import SessionDep

app = FastAPI()
COLUMNS = {"id": "id", "note": "note"}


class Orders:
    """Orders in the database."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def notes(self, sort: str) -> list[str]:
        """The first notes."""
        statement = f"SELECT note FROM orders ORDER BY {sort} LIMIT 20"
        return list(await self.session.scalars(text(statement)))


@app.get("/notes")
async def list_notes(session: SessionDep, sort: str = "id") -> list[str]:
    """The first notes."""
    return await Orders(session).notes(sort)
