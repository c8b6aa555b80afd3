"""Numbers."""

import sqlite3

from fastapi import FastAPI

app = FastAPI()
connection = sqlite3.connect(":memory:", check_same_thread=False)
connection.executescript("create table items (name text); insert into items values ('pen'), ('ink')")


@app.get("/search")
async def search(q: str) -> list[str]:
    """Items of that name."""
    return [row[0] for row in connection.execute("select name from items where name = ? limit 10", (q,))]

