from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

from shop.db import Order, SessionDep

app = FastAPI()


class OrderCreate(BaseModel):
    """A new order."""

    user_id: int
    note: str = Field(max_length=500)


@app.post("/orders", status_code=201)
async def create_order(request: Request, session: SessionDep) -> int:
    """Order something."""
    order = Order(**await request.json())
    session.add(order)
    await session.commit()
    return order.id
