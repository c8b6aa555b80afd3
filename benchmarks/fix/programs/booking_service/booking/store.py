from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, TypeDecorator, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker
from sqlalchemy.pool import StaticPool

from booking.clock import as_utc

engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
Local = sessionmaker(engine, expire_on_commit=False)


class Moment(TypeDecorator):
    """Kept in UTC; always with a zone when read."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return as_utc(value).replace(tzinfo=None) if value is not None else None

    def process_result_value(self, value, dialect):
        return as_utc(value) if value is not None else None


class Base(DeclarativeBase):
    pass


class Room(Base):
    __tablename__ = "rooms"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    seats: Mapped[int]
    bookings: Mapped[list["Booking"]] = relationship(back_populates="room")


class Booking(Base):
    __tablename__ = "bookings"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id"))
    guest: Mapped[str]
    start: Mapped[datetime] = mapped_column(Moment)
    end: Mapped[datetime] = mapped_column(Moment)
    room: Mapped[Room] = relationship(back_populates="bookings")


def get_db():
    with Local() as db:
        yield db


def reset() -> None:
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
