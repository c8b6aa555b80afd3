from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.models import Status


class UserIn(BaseModel):
    name: str = Field(min_length=2)


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str


class UserWithToken(UserOut):
    token: str


class TaskIn(BaseModel):
    title: str = Field(min_length=1, max_length=100)
    notes: str | None = None
    priority: int = Field(default=3, ge=1, le=5)


class TaskChange(BaseModel):
    title: str | None = None
    notes: str | None = None
    priority: int | None = Field(default=None, ge=1, le=5)


class TaskOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    notes: str | None
    status: Status
    priority: int
    done_at: datetime | None
    owner: UserOut


class Page(BaseModel):
    items: list[TaskOut]
    total: int
    pages: int
