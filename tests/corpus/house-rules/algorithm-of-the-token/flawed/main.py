from typing import Annotated

import jwt
from fastapi import Depends, FastAPI
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shop.settings import settings

app = FastAPI()
scheme = HTTPBearer()


def who(given: Annotated[HTTPAuthorizationCredentials, Depends(scheme)]) -> str:
    """Who is calling."""
    header = jwt.get_unverified_header(given.credentials)
    key = settings.secret_key.get_secret_value()
    return jwt.decode(given.credentials, key, algorithms=[header["alg"]])["sub"]


@app.get("/me")
def read_me(name: Annotated[str, Depends(who)]) -> str:
    """Who is calling."""
    return name
