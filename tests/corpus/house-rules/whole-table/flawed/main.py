from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shop.db import Order, SessionDep

app = FastAPI()


class OrderRead(BaseModel):
    """An order as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    note: str


async def all_orders(session: AsyncSession) -> list[Order]:
    """Orders, newest first."""
    found = await session.execute(select(Order).order_by(Order.id.desc()))
    return list(found.scalars().all())


@app.get("/orders", response_model=list[OrderRead])
async def list_orders(session: SessionDep) -> list[Order]:
    """Orders, newest first."""
    return await all_orders(session)
