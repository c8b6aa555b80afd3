from datetime import datetime, timezone

from sqlalchemy import ForeignKey, UniqueConstraint, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker
from sqlalchemy.pool import StaticPool

engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
Local = sessionmaker(engine)


def now() -> datetime:
    """The time everything is measured against; tests put another one in its place."""
    return datetime.now(timezone.utc)


class Base(DeclarativeBase):
    pass


class Article(Base):
    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    minimum: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)


class Stock(Base):
    """Pieces of an article at a place."""

    __tablename__ = "stock"
    __table_args__ = (UniqueConstraint("article_id", "place"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    place: Mapped[str]
    pieces: Mapped[int] = mapped_column(default=0)


class Reservation(Base):
    __tablename__ = "reservations"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    pieces: Mapped[int]
    state: Mapped[str] = mapped_column(default="open")
    expires: Mapped[datetime]
    """In UTC, kept without a zone."""
    article: Mapped[Article] = relationship()


class Movement(Base):
    __tablename__ = "movements"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    place: Mapped[str]
    pieces: Mapped[int]
    reason: Mapped[str]
    at: Mapped[datetime]
    """In UTC, kept without a zone."""


def get_db():
    with Local() as db:
        yield db


def reset() -> None:
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
