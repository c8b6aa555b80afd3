from fastapi import BackgroundTasks, FastAPI
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from shop.db import AsyncSessionLocal, Order, SessionDep

app = FastAPI()


async def forget(session: AsyncSession, user_id: int) -> None:
    """Delete somebody's orders."""
    await session.execute(delete(Order).where(Order.user_id == user_id))
    await session.commit()


async def forget_alone(user_id: int) -> None:
    """Delete somebody's orders, in a session of its own."""
    async with AsyncSessionLocal() as session:
        await forget(session, user_id)


@app.post("/users/{user_id}/forget", status_code=202)
async def start(user_id: int, tasks: BackgroundTasks, session: SessionDep) -> None:
    """Delete somebody's orders, later."""
    tasks.add_task(forget, session=session, user_id=user_id)
