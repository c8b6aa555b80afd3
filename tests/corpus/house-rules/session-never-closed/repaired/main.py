from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.db import Order, SessionLocal, get_db

app = FastAPI()


def open_session() -> Iterator[Session]:
    """A session."""
    yield from get_db()


@app.get("/orders/count")
def count_orders(db: Annotated[Session, Depends(open_session)]) -> int:
    """How many orders."""
    return db.scalar(select(func.count(Order.id))) or 0
