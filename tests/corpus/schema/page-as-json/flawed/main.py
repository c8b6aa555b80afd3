"""Numbers."""

from fastapi import FastAPI, Response

app = FastAPI()


@app.get("/page")
def page() -> Response:
    """A page."""
    return Response("<h1>Hello</h1>", media_type="text/html")

