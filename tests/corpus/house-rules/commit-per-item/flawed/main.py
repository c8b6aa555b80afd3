from fastapi import FastAPI
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from shop.db import Order, SessionDep

app = FastAPI()


class OrderCreate(BaseModel):
    """A new order."""

    user_id: int
    note: str = Field(max_length=500)


class Orders:
    """Orders in the database."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def add_all(self, listed: list[OrderCreate]) -> None:
        """Store many orders."""
        for item in listed:
            self.session.add(Order(**item.model_dump()))
            await self.session.commit()


@app.post("/orders/import", status_code=204)
async def import_orders(listed: list[OrderCreate], session: SessionDep) -> None:
    """Store many orders."""
    await Orders(session).add_all(listed)
