"""Orders."""

from typing import Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()


class OrderCreate(BaseModel):
    """What a client sends."""

    article: str = Field(description="Name")
    count: int = 1
    speed: Literal["slow", "fast"] = "slow"


class Order(OrderCreate):
    """An order."""

    id: int
    state: str


orders: list[Order] = []


@app.post("/orders", status_code=201)
def create_order(body: OrderCreate) -> Order:
    """Order something."""
    made = Order(id=len(orders) + 1, state="new", **body.model_dump())
    orders.append(made)
    return made


@app.get("/orders")
def list_orders(state: str = "new") -> list[Order]:
    """Orders in a state."""
    return [order for order in orders if order.state == state][:100]
