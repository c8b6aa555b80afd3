"""Numbers."""

import sqlite3

from fastapi import FastAPI

app = FastAPI()


@app.get("/same/{number}")
def same(number: int) -> dict[str, int]:
    """The number, through a database."""
    with sqlite3.connect(":memory:") as connection:
        return {"number": connection.execute("select ?", (number,)).fetchone()[0]}

