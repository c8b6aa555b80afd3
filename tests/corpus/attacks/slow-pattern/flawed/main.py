"""Numbers."""

import re

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

app = FastAPI()
NAME = re.compile(r"^(\w+\s?)*$")


class Person(BaseModel):
    """Somebody."""

    name: str = Field(max_length=200)


@app.post("/people", status_code=201)
def create(body: Person) -> Person:
    """Somebody new."""
    if not NAME.match(body.name):
        raise HTTPException(422, "that is no name")
    return body

