from fastapi import APIRouter, FastAPI, HTTPException
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shop.auth import CurrentUser
from shop.db import Order, SessionDep, User

router = APIRouter(prefix="/orders")


async def own_order(session: AsyncSession, order_id: int, user: User) -> Order:
    """An order of the caller, or 404."""
    order = await session.scalar(select(Order).where(Order.id == order_id, Order.user_id == user.id))
    if order is None:
        raise HTTPException(404, "No such order")
    return order


@router.get("/{order_id}/note")
async def read_note(order_id: int, user: CurrentUser, session: SessionDep) -> str:
    """What is written on an order."""
    return (await own_order(session, order_id, user)).note


@router.get("/{order_id}/paid")
async def is_paid(order_id: int, user: CurrentUser, session: SessionDep) -> bool:
    """Whether an order is paid."""
    return (await own_order(session, order_id, user)).paid


@router.delete("/{order_id}", status_code=204)
async def delete_order(order_id: int, user: CurrentUser, session: SessionDep) -> None:
    """Delete an order."""
    order = await session.get_one(Order, order_id)
    await session.delete(order)
    await session.commit()


app = FastAPI()
app.include_router(router)
