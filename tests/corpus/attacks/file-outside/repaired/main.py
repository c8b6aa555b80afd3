"""Numbers."""

from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse

app = FastAPI()
FOLDER = Path("/work")


@app.get("/files/{name:path}", response_class=PlainTextResponse)
def file(name: str) -> str:
    """A file of the folder."""
    path = (FOLDER / name.replace("\0", "")).resolve()
    if not path.is_relative_to(FOLDER) or not path.is_file():
        raise HTTPException(404, "no such file")
    return path.read_text(errors="replace")

