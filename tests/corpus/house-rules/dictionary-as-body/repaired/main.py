from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from shop.db import Order, SessionDep

app = FastAPI()


class Remark(BaseModel):
    """A remark on an order."""

    note: str = Field(max_length=500)


@app.put("/orders/{order_id}/note", status_code=204)
async def set_note(order_id: int, payload: Remark, session: SessionDep) -> None:
    """Write something on an order."""
    order = await session.get_one(Order, order_id)
    order.note = payload.note
    await session.commit()
