"""Transfers."""

from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.post("/transfers")
def transfer(amount: int) -> dict[str, int]:
    """Move money."""
    if not 0 < amount <= 1000:
        raise HTTPException(422, "too much")
    return {"amount": amount}
