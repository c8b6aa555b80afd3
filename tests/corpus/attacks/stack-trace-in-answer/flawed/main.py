"""Numbers."""

import traceback

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

app = FastAPI()
names = {0: "zero"}


@app.exception_handler(KeyError)
async def unknown(request: Request, error: KeyError) -> JSONResponse:
    """What is not there."""
    return JSONResponse({"detail": traceback.format_exc()}, 404)


@app.get("/names/{number}")
def name(number: int) -> str:
    """A name."""
    return names[number]

