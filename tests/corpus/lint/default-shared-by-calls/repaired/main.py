"""Baskets."""

from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


def basket() -> list[str]:
    """What is in the basket."""
    return ["bag"]


@app.get("/basket")
def read_basket(found: Annotated[list[str], Depends(basket)]) -> list[str]:
    """The basket."""
    return found
