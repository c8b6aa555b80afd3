from fastapi import FastAPI
from pydantic import BaseModel, Field

from shop.db import Order, SessionDep

app = FastAPI()


class OrderBase(BaseModel):
    """What every order has."""

    note: str


class OrderCreate(OrderBase):
    """A new order."""

    user_id: int = Field(ge=1)


@app.post("/orders", status_code=201)
async def create_order(data: OrderCreate, session: SessionDep) -> int:
    """Order something."""
    order = Order(**data.model_dump())
    session.add(order)
    await session.commit()
    return order.id
