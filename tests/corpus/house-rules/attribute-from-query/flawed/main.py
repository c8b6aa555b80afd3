from fastapi import FastAPI
from sqlalchemy import select

from shop.db import Order, SessionDep

app = FastAPI()
SORTS = {"id": Order.id, "note": Order.note}


@app.get("/notes")
async def list_notes(session: SessionDep, sort: str = "id") -> list[str]:
    """The first notes."""
    query = select(Order.note).order_by(getattr(Order, sort)).limit(20)
    return list(await session.scalars(query))
