from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, Field

from shop.db import Order, SessionDep

router = APIRouter(prefix="/orders")


class Remark(BaseModel):
    """A remark on an order."""

    note: str = Field(max_length=500)


@router.put("/{order_id}/note", status_code=204)
async def set_note(order_id: int, request: Request, session: SessionDep) -> None:
    """Write something on an order."""
    order = await session.get_one(Order, order_id)
    body = await request.json()
    order.note = body["note"]
    await session.commit()


app = FastAPI()
app.include_router(router)
