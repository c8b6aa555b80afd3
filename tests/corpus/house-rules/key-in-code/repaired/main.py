from datetime import UTC, datetime, timedelta
from typing import Annotated

import jwt
from fastapi import FastAPI, Form

from shop.settings import settings

app = FastAPI()
JWT_SECRET = settings.secret_key.get_secret_value()
LIFETIME = timedelta(minutes=30)


@app.post("/login")
def log_in(name: Annotated[str, Form()]) -> str:
    """A token."""
    claims = {"sub": name, "exp": datetime.now(UTC) + LIFETIME}
    return jwt.encode(claims, JWT_SECRET, algorithm="HS256")
