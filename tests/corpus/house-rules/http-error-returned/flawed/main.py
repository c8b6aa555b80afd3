from fastapi import FastAPI, HTTPException

from shop.db import Order, SessionDep

app = FastAPI()


@app.get("/orders/{order_id}/note", response_model=str)
async def read_note(order_id: int, session: SessionDep) -> object:
    """What is written on an order."""
    order = await session.get(Order, order_id)
    if order is None:
        return HTTPException(404, "No such order")
    return order.note
