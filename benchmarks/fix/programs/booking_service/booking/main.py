from datetime import date, datetime, timedelta, timezone

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from booking import rules
from booking.clock import as_utc
from booking.store import Booking, Room, get_db

app = FastAPI()
rooms = APIRouter(prefix="/rooms")
bookings = APIRouter(prefix="/bookings")


@app.exception_handler(rules.Refused)
def refused(request: Request, error: rules.Refused):
    return JSONResponse(status_code=error.status, content={"detail": error.reason})


class RoomIn(BaseModel):
    name: str
    seats: int = Field(ge=1)


class RoomOut(RoomIn):
    model_config = ConfigDict(from_attributes=True)

    id: int


class BookingIn(BaseModel):
    room_id: int
    guest: str
    start: datetime
    end: datetime


class BookingOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    guest: str
    start: datetime
    end: datetime
    room: RoomOut


def find_room(room_id: int, db: Session) -> Room:
    room = db.get(Room, room_id)
    if room is None:
        raise HTTPException(status_code=404, detail="no such room")
    return room


@rooms.post("", status_code=201, response_model=RoomOut)
def create_room(body: RoomIn, db: Session = Depends(get_db)):
    if db.scalar(select(Room).where(Room.name == body.name)):
        raise HTTPException(status_code=409, detail="there is such a room")
    room = Room(name=body.name, seats=body.seats)
    db.add(room)
    db.commit()
    return room


@rooms.get("/free", response_model=list[RoomOut])
def free_rooms(start: datetime, end: datetime, seats: int = 1, db: Session = Depends(get_db)):
    start, end = as_utc(start), as_utc(end)
    fitting = db.scalars(select(Room).where(Room.seats >= seats).order_by(Room.seats, Room.name))
    return [room for room in fitting if not rules.clashes(db, room, start, end)]


@rooms.get("/{room_id}", response_model=RoomOut)
def read_room(room_id: int, db: Session = Depends(get_db)):
    return find_room(room_id, db)


@rooms.get("/{room_id}/day/{day}", response_model=list[BookingOut])
def day_of_room(room_id: int, day: date, db: Session = Depends(get_db)):
    room = find_room(room_id, db)
    begin = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    found = rules.clashes(db, room, begin, begin + timedelta(days=1))
    return sorted(found, key=lambda booking: booking.start)


@bookings.post("", status_code=201, response_model=BookingOut)
def book(body: BookingIn, db: Session = Depends(get_db)):
    room = find_room(body.room_id, db)
    start, end = as_utc(body.start), as_utc(body.end)
    rules.check_times(start, end)
    if rules.clashes(db, room, start, end):
        raise HTTPException(status_code=409, detail="the room is taken")
    booking = Booking(room_id=room.id, guest=body.guest, start=start, end=end)
    db.add(booking)
    db.commit()
    return booking


@bookings.get("", response_model=list[BookingOut])
def of_guest(guest: str, after: datetime | None = None, db: Session = Depends(get_db)):
    query = select(Booking).where(Booking.guest == guest)
    if after is not None:
        query = query.where(Booking.start >= as_utc(after))
    return db.scalars(query.order_by(Booking.start)).all()


@bookings.get("/{booking_id}/price")
def price_of(booking_id: int, db: Session = Depends(get_db)):
    booking = db.get(Booking, booking_id)
    if booking is None:
        raise HTTPException(status_code=404, detail="no such booking")
    return {"cents": rules.price(booking.room, booking.start, booking.end)}


@bookings.delete("/{booking_id}")
def cancel(booking_id: int, db: Session = Depends(get_db)):
    booking = db.get(Booking, booking_id)
    if booking is None:
        raise HTTPException(status_code=404, detail="no such booking")
    back = rules.refund(booking, rules.price(booking.room, booking.start, booking.end))
    db.delete(booking)
    db.commit()
    return {"refund": back}


app.include_router(rooms)
app.include_router(bookings)
