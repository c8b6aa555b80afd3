"""States."""

from fastapi import FastAPI

app = FastAPI()
state = {"open": True}


@app.post("/close", status_code=204)
def close() -> None:
    """Close the shop."""
    state["open"] = False
