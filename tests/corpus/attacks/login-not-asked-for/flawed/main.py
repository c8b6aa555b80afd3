"""Numbers."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

app = FastAPI()
bearer = HTTPBearer(auto_error=False)
Token = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


@app.get("/secret")
def secret(token: Token) -> str:
    """For those who have logged in."""
    if token is not None and token.credentials != "right":
        raise HTTPException(401, "wrong token")
    return "treasure"

