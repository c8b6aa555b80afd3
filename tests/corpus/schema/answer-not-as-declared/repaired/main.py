"""Numbers."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    """An item."""

    id: int
    price: int


@app.get("/items/{number}")
def item(number: int) -> Item:
    """An item."""
    return Item.model_construct(id=number, price=number)

