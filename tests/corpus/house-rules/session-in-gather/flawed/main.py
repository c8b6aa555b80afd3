import asyncio

from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shop.db import Order, SessionDep, User

app = FastAPI()


async def orders(session: AsyncSession) -> int:
    """How many orders."""
    return await session.scalar(select(func.count(Order.id))) or 0


async def users(session: AsyncSession) -> int:
    """How many users."""
    return await session.scalar(select(func.count(User.id))) or 0


@app.get("/numbers")
async def read_numbers(session: SessionDep) -> dict[str, int]:
    """Numbers of the shop."""
    order_count, user_count = await asyncio.gather(orders(session), users(session))
    return {"orders": order_count, "users": user_count}
