"""Numbers."""

from typing import Annotated

from fastapi import FastAPI, Path

app = FastAPI()


@app.get("/half/{number}")
def half(number: Annotated[int, Path(ge=1)]) -> dict[str, int]:
    """A hundred in so many parts."""
    return {"part": 100 // number}

