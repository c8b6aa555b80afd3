from typing import Annotated

from pydantic import BaseModel, ConfigDict, EmailStr, Field

Name = Annotated[str, Field(min_length=1, max_length=100)]


class Schema(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class UserIn(Schema):
    email: EmailStr
    password: str = Field(min_length=8)


class UserOut(Schema):
    id: int
    email: EmailStr


class Token(Schema):
    access_token: str
    token_type: str = "bearer"


class AuthorIn(Schema):
    name: Name


class AuthorOut(AuthorIn):
    id: int


class BookIn(Schema):
    title: str = Field(..., max_length=200)
    pages: int | None = Field(default=None, ge=1)
    author_id: int


class BookOut(BookIn):
    id: int
