"""Numbers."""

from html import escape

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

app = FastAPI()
comments: list[str] = []


class Comment(BaseModel):
    """What somebody says."""

    text: str = Field(max_length=500)


@app.post("/comments", status_code=201)
def comment(body: Comment) -> Comment:
    """Say something."""
    comments.append(body.text)
    return body


@app.get("/board", response_class=HTMLResponse)
def board() -> str:
    """What was said."""
    return "<br>".join(text for text in comments[-20:]) or escape("nothing yet")

