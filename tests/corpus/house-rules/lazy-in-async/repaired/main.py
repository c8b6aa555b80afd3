from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.db import Order, SessionDep

app = FastAPI()
WITH_USER = selectinload(Order.user)


@app.get("/orders/buyers")
async def list_buyers(session: SessionDep) -> list[str]:
    """Who bought something lately."""
    query = select(Order).options(WITH_USER).order_by(Order.id.desc()).limit(20)
    found = (await session.scalars(query)).all()
    return sorted({order.user.email for order in found})
