"""Books."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/shelves/{shelf}/books/{number}")
def book(number: int) -> dict[str, int]:
    """A book."""
    return {"number": number}
