from typing import Annotated

from fastapi import FastAPI, Query
from starlette.responses import RedirectResponse

app = FastAPI()


@app.get("/welcome")
async def welcome(go_on: Annotated[str, Query(alias="next")] = "/") -> RedirectResponse:
    """Go on after the login."""
    target = go_on if go_on in ("/", "/orders") else "/"
    return RedirectResponse(target, status_code=303)
