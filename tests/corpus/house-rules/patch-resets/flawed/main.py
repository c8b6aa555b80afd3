from fastapi import FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import update

from shop.db import Order, SessionDep

app = FastAPI()


class OrderChange(BaseModel):
    """Changes to an order."""

    note: str | None = Field(None, max_length=500)
    paid: bool | None = None


@app.patch("/orders/{order_id}", status_code=204)
async def change_order(order_id: int, change: OrderChange, session: SessionDep) -> None:
    """Change an order."""
    values = change.model_dump(mode="json")
    await session.execute(update(Order).where(Order.id == order_id).values(**values))
    await session.commit()
