from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, ConfigDict

from shop.db import SessionDep, User

router = APIRouter(prefix="/users", tags=["users"])


class UserBase(BaseModel):
    """What every user has."""

    model_config = ConfigDict(from_attributes=True)

    email: str
    password_hash: str


class UserRead(UserBase):
    """A user as it is answered."""

    id: int


@router.get("/{user_id}", response_model=list[UserRead])
async def read_user(user_id: int, session: SessionDep) -> list[User]:
    """A user."""
    return [await session.get_one(User, user_id)]


app = FastAPI()
app.include_router(router)
