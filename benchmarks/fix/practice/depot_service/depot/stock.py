from datetime import datetime, timedelta

from fastapi import HTTPException
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from depot import store
from depot.store import Article, Movement, Reservation, Stock

HOLD = timedelta(minutes=30)


def stamp() -> datetime:
    """Now, as the tables keep it."""
    return store.now().replace(tzinfo=None)


def row_of(db: Session, article: Article, place: str) -> Stock:
    """The stock of an article at a place, a new empty one if need be."""
    row = db.scalar(select(Stock).where(Stock.article_id == article.id, Stock.place == place))
    if row is None:
        row = Stock(article_id=article.id, place=place, pieces=0)
        db.add(row)
    return row


def move(db: Session, article: Article, place: str, pieces: int, reason: str) -> None:
    """Add pieces or, with a minus, take them; writes it down.

    Raises 409 when there are not so many.
    """
    row = row_of(db, article, place)
    if row.pieces + pieces < 0:
        raise HTTPException(409, f"only {row.pieces} in {place}")
    row.pieces += pieces
    db.add(Movement(article_id=article.id, place=place, pieces=pieces, reason=reason, at=stamp()))


def on_hand(db: Session, article: Article) -> int:
    return db.scalar(select(func.sum(Stock.pieces)).where(Stock.article_id == article.id)) or 0


def reserved(db: Session, article: Article) -> int:
    """Pieces of reservations that are open and have not run out."""
    query = select(func.sum(Reservation.pieces)).where(
        Reservation.article_id == article.id, Reservation.state == "open", Reservation.expires > stamp()
    )
    return db.scalar(query) or 0


def take(db: Session, article: Article, pieces: int, reason: str) -> list[tuple[str, int]]:
    """Take pieces from the places, the fullest first; says how many from where.

    Raises 409.
    """
    rows = db.scalars(
        select(Stock).where(Stock.article_id == article.id, Stock.pieces > 0).order_by(Stock.pieces.desc(), Stock.place)
    ).all()
    taken, left = [], pieces
    for row in rows:
        if left == 0:
            break
        number = min(row.pieces, left)
        move(db, article, row.place, -number, reason)
        taken.append((row.place, number))
        left -= number
    if left:
        raise HTTPException(409, f"{left} are missing")
    return taken
