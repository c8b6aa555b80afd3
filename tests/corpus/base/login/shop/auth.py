from typing import Annotated

import jwt
from fastapi import Depends, HTTPException, status
from fastapi.security import OAuth2PasswordBearer

from shop.db import SessionDep, User
from shop.settings import settings

bearer = OAuth2PasswordBearer(tokenUrl="login")


async def current_user(token: Annotated[str, Depends(bearer)], session: SessionDep) -> User:
    """Who is calling, or 401."""
    try:
        claims = jwt.decode(token, settings.secret_key.get_secret_value(), algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Not logged in") from error
    user = await session.get(User, int(claims["sub"]))
    if user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Not logged in")
    return user


CurrentUser = Annotated[User, Depends(current_user)]
