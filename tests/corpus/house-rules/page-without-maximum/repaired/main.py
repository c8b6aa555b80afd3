from typing import Annotated

from fastapi import Depends, FastAPI, Query
from sqlalchemy import select

from shop.db import Order, SessionDep

app = FastAPI()


def page_size(per_page: Most = 20) -> int:
    """How many rows the client wants."""
    return per_page


Most = Annotated[int, Query(ge=1, le=100)]


@app.get("/notes")
async def list_notes(session: SessionDep, size: Annotated[int, Depends(page_size)]) -> list[str]:
    """The first notes."""
    return list(await session.scalars(select(Order.note).order_by(Order.id).limit(size)))
