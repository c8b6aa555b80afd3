import datetime as dt

from pydantic import BaseModel, Field


def now() -> dt.datetime:
    """The time."""
    return dt.datetime.now(dt.UTC)


class Event(BaseModel):
    """Something that happened."""

    name: str = Field(max_length=50)
    at: dt.datetime = dt.datetime.now(dt.UTC)
