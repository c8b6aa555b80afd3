from fastapi import FastAPI, HTTPException
from sqlalchemy import select

from shop.db import Order, SessionDep

app = FastAPI()


@app.post("/orders/{order_id}/pay", status_code=204)
async def pay(order_id: int, session: SessionDep) -> None:
    """Pay an order."""
    found = await session.execute(select(Order).where(Order.id == order_id))
    order = found.scalar_one_or_none()
    if order is None:
        raise HTTPException(404, "No such order")
    order.paid = True
    await session.commit()


@app.get("/orders/{order_id}/paid")
async def is_paid(order_id: int, session: SessionDep) -> bool:
    """Whether an order is paid."""
    order = (await session.scalars(select(Order).where(Order.id == order_id))).first()
    if order is None:
        raise HTTPException(404, "No such order")
    return order.paid
