"""Numbers."""

from fastapi import FastAPI, HTTPException

app = FastAPI()
names = {1: "one"}


@app.get("/names/{number}", responses={404: {"description": "There is none"}})
def name(number: int) -> str:
    """A name."""
    if number < 1:
        raise HTTPException(404, "no such name")
    return names[number]

