from fastapi import APIRouter, Depends, FastAPI

from shop.auth import CurrentUser, current_user
from shop.db import Order, SessionDep

orders = APIRouter(prefix="/orders")
api = APIRouter(prefix="/api")


@orders.post("/{order_id}/pay", status_code=204)
async def pay(order_id: int, user: CurrentUser, session: SessionDep) -> None:
    """Pay an order."""
    order = await session.get_one(Order, order_id)
    order.paid = user.id > 0
    await session.commit()


@orders.put("/{order_id}/note", status_code=204)
async def clear_note(order_id: int, user: CurrentUser, session: SessionDep) -> None:
    """Take the note off an order."""
    order = await session.get_one(Order, order_id)
    order.note = f"paid by {user.id}"
    await session.commit()


@orders.delete("/{order_id}", status_code=204)
async def delete_order(order_id: int, session: SessionDep) -> None:
    """Delete an order."""
    await session.delete(await session.get_one(Order, order_id))
    await session.commit()


api.include_router(orders, dependencies=[Depends(current_user)])
app = FastAPI()
app.include_router(api)
