"""Numbers."""

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

app = FastAPI()


@app.get("/page", response_class=HTMLResponse)
def page() -> Response:
    """A page."""
    return Response("<h1>Hello</h1>", media_type="text/html")

