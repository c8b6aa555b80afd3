from typing import Annotated

import bcrypt
from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from shop.db import SessionDep, User

app = FastAPI()


class SignUp(BaseModel):
    """A new account."""

    email: str = Field(max_length=200)
    password: str = Field(min_length=8, max_length=72)


class Accounts:
    """Accounts in the database."""

    def __init__(self, session: SessionDep) -> None:
        self.session = session

    def hashed(self, password: str) -> str:
        """What is stored of a password."""
        return bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()

    async def add(self, data: SignUp) -> None:
        """Store an account."""
        password_hash = await run_in_threadpool(self.hashed, data.password)
        self.session.add(User(email=data.email, password_hash=password_hash))
        await self.session.commit()


@app.post("/accounts", status_code=204)
async def sign_up(data: SignUp, accounts: Annotated[Accounts, Depends()]) -> None:
    """Make an account."""
    await accounts.add(data)
