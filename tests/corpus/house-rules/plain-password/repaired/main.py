from typing import Annotated

from fastapi import FastAPI, Form, HTTPException
from pwdlib import PasswordHash

from store import find_user

app = FastAPI()
hasher = PasswordHash.recommended()


@app.post("/login", status_code=204)
def log_in(name: Annotated[str, Form()], password: Annotated[str, Form()]) -> None:
    """Log in."""
    user = find_user(name)
    if user is None or not hasher.verify(password, user.password_hash):
        raise HTTPException(401, "Wrong name or password")
