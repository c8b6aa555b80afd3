from fastapi import FastAPI, HTTPException, status

from shop.db import Order, SessionDep

app = FastAPI()


@app.get("/orders/{order_id}/note")
async def read_note(order_id: int, session: SessionDep) -> str:
    """What is written on an order."""
    try:
        order = await session.get(Order, order_id)
        if order is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "No such order")
        return order.note
    except HTTPException:
        raise
    except Exception as error:
        raise HTTPException(status.HTTP_500_INTERNAL_SERVER_ERROR, "It failed") from error
