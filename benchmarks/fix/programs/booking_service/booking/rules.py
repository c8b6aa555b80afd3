from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking import clock
from booking.store import Booking, Room

LONGEST = timedelta(hours=8)
SHORTEST = timedelta(minutes=15)
NOTICE = timedelta(hours=24)


class Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def check_times(start: datetime, end: datetime) -> None:
    """Raises Refused for times nobody can book."""
    if end <= start:
        raise Refused(422, "ends before it begins")
    if start < clock.now():
        raise Refused(422, "begins in the past")
    length = end - start
    if length > LONGEST or length < SHORTEST:
        raise Refused(422, "too long or too short")


def clashes(db: Session, room: Room, start: datetime, end: datetime) -> list[Booking]:
    """Bookings of the room that overlap; one may begin when another ends."""
    query = select(Booking).where(Booking.room_id == room.id, Booking.start < end, Booking.end > start)
    return list(db.scalars(query))


def refund(booking: Booking, cents: int) -> int:
    """Everything a day before, half until it begins, then nothing."""
    left = booking.start - clock.now()
    if left >= NOTICE:
        return cents
    if left > timedelta(0):
        return cents // 2
    return 0


def price(room: Room, start: datetime, end: datetime) -> int:
    """500 cents a seat for every hour that was begun."""
    minutes = int((end - start).total_seconds() // 60)
    hours = -(-minutes // 60)
    return hours * room.seats * 500
