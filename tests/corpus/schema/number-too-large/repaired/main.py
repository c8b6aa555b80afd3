"""Numbers."""

import sqlite3
from typing import Annotated

from fastapi import FastAPI, Path

app = FastAPI()


@app.get("/same/{number}")
def same(number: Annotated[int, Path(ge=-(2**63), lt=2**63)]) -> dict[str, int]:
    """The number, through a database."""
    with sqlite3.connect(":memory:") as connection:
        return {"number": connection.execute("select ?", (number,)).fetchone()[0]}

