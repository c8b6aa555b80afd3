from fastapi import FastAPI
from sqlalchemy import func, select

from shop.db import DbDep, Order

app = FastAPI()


@app.get("/orders/paid")
async def count_paid(db: DbDep) -> int:
    """How many orders are paid."""
    query = select(func.count()).select_from(Order).where(Order.paid)
    return db.execute(query).scalar_one()
