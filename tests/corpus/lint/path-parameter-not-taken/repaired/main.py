"""Books."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/shelves/{shelf}/books/{number}")
def book(shelf: int, number: int) -> dict[str, int]:
    """A book."""
    return {"shelf": shelf, "number": number}
