"""Numbers."""

from fastapi import FastAPI
from fastapi.responses import RedirectResponse

app = FastAPI()


@app.get("/leave")
def leave(next: str = "/") -> RedirectResponse:
    """Go on."""
    return RedirectResponse("/" + next.lstrip("/\\"))

