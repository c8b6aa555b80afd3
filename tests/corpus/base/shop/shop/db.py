from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy import ForeignKey, String, create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker

from shop.settings import settings

SessionLocal = sessionmaker(create_engine(settings.database_url))
AsyncSessionLocal = async_sessionmaker(create_async_engine(settings.async_url), expire_on_commit=False)


def get_db() -> Iterator[Session]:
    """A blocking session for each request."""
    with SessionLocal() as session:
        yield session


async def get_session() -> AsyncIterator[AsyncSession]:
    """A session for each request."""
    async with AsyncSessionLocal() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
DbDep = Annotated[Session, Depends(get_db)]


class Base(DeclarativeBase):
    """The base of all tables."""


class User(Base):
    """Somebody with an account."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))


class Order(Base):
    """What somebody bought."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(String(500))
    paid: Mapped[bool] = mapped_column(default=False)

    user: Mapped[User] = relationship()
