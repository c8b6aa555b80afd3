"""Prices."""

from fastapi import FastAPI

app = FastAPI()
RATE = 2


@app.get("/price/{number}")
def price(number: int) -> int:
    """A price."""
    return number * RATE
