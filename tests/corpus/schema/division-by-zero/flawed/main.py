"""Numbers."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/half/{number}")
def half(number: int) -> dict[str, int]:
    """A hundred in so many parts."""
    return {"part": 100 // number}

