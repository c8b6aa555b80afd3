from datetime import date, datetime, time, timedelta

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from depot import stock
from depot.store import Article, Movement, Reservation, Stock, get_db

app = FastAPI()


class ArticleChange(BaseModel):
    name: str = Field(min_length=1)
    minimum: int = Field(0, ge=0)


class ArticleIn(ArticleChange):
    sku: str

    @field_validator("sku")
    @classmethod
    def normal(cls, value: str) -> str:
        return value.strip().upper()


class ArticleOut(ArticleIn):
    model_config = ConfigDict(from_attributes=True)


class Delivery(BaseModel):
    place: str
    pieces: int = Field(gt=0)


class Transfer(BaseModel):
    source: str
    target: str
    pieces: int = Field(gt=0)


class Wish(BaseModel):
    sku: str
    pieces: int = Field(gt=0)


class MovementOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    place: str
    pieces: int
    reason: str
    at: datetime


def find_article(sku: str, db: Session = Depends(get_db)) -> Article:
    article = db.scalar(select(Article).where(Article.sku == sku.strip().upper()))
    if article is None:
        raise HTTPException(404, "no such article")
    return article


def find_reservation(reservation_id: int, db: Session = Depends(get_db)) -> Reservation:
    reservation = db.get(Reservation, reservation_id)
    if reservation is None:
        raise HTTPException(404, "no such reservation")
    return reservation


@app.post("/articles", status_code=201, response_model=ArticleOut)
def create_article(body: ArticleIn, db: Session = Depends(get_db)):
    if db.scalar(select(Article).where(Article.sku == body.sku)):
        raise HTTPException(409, "there is such an article")
    article = Article(**body.model_dump())
    db.add(article)
    db.commit()
    return article


@app.get("/articles/low")
def low(db: Session = Depends(get_db)):
    """Articles of which there are fewer than there should be, those that miss most first."""
    pieces = func.coalesce(func.sum(Stock.pieces), 0)
    query = (
        select(Article.sku, (Article.minimum - pieces).label("missing"))
        .outerjoin(Stock, Stock.article_id == Article.id)
        .group_by(Article.id)
        .having(pieces < Article.minimum)
    )
    rows = db.execute(query).all()
    return [{"sku": row.sku, "missing": row.missing} for row in sorted(rows, key=lambda row: (-row.missing, row.sku))]


@app.get("/articles/{sku}", response_model=ArticleOut)
def read_article(response: Response, article: Article = Depends(find_article)):
    response.headers["ETag"] = f'"{article.version}"'
    return article


@app.put("/articles/{sku}", response_model=ArticleOut)
def change_article(
    body: ArticleChange,
    response: Response,
    article: Article = Depends(find_article),
    if_match: str | None = Header(None),
    db: Session = Depends(get_db),
):
    """Only for who has seen the newest version."""
    if if_match is None:
        raise HTTPException(428, "which version?")
    if if_match.strip('"') != str(article.version):
        raise HTTPException(412, "somebody was faster")
    article.name, article.minimum = body.name, body.minimum
    article.version += 1
    db.commit()
    response.headers["ETag"] = f'"{article.version}"'
    return article


@app.get("/articles/{sku}/stock")
def stock_of(article: Article = Depends(find_article), db: Session = Depends(get_db)):
    rows = db.scalars(select(Stock).where(Stock.article_id == article.id, Stock.pieces > 0).order_by(Stock.place))
    total = stock.on_hand(db, article)
    return {
        "places": {row.place: row.pieces for row in rows},
        "total": total,
        "available": total - stock.reserved(db, article),
    }


@app.post("/articles/{sku}/deliveries", status_code=201)
def deliver(body: Delivery, article: Article = Depends(find_article), db: Session = Depends(get_db)):
    stock.move(db, article, body.place, body.pieces, "delivery")
    db.commit()
    return {"total": stock.on_hand(db, article)}


@app.post("/articles/{sku}/transfers", status_code=204)
def transfer(body: Transfer, article: Article = Depends(find_article), db: Session = Depends(get_db)):
    if body.source == body.target:
        raise HTTPException(422, "from one place to another")
    stock.move(db, article, body.source, -body.pieces, "transfer")
    stock.move(db, article, body.target, body.pieces, "transfer")
    db.commit()


@app.get("/articles/{sku}/movements", response_model=list[MovementOut])
def movements(
    article: Article = Depends(find_article),
    since: date | None = None,
    until: date | None = None,
    limit: int = Query(50, ge=1, le=100),
    db: Session = Depends(get_db),
):
    """The newest first; both days belong to it."""
    query = select(Movement).where(Movement.article_id == article.id)
    if since is not None:
        query = query.where(Movement.at >= datetime.combine(since, time()))
    if until is not None:
        query = query.where(Movement.at < datetime.combine(until + timedelta(days=1), time()))
    return db.scalars(query.order_by(Movement.at.desc(), Movement.id.desc()).limit(limit)).all()


@app.post("/reservations", status_code=201)
def reserve(body: Wish, db: Session = Depends(get_db)):
    article = find_article(body.sku, db)
    if stock.on_hand(db, article) - stock.reserved(db, article) < body.pieces:
        raise HTTPException(409, "not so many")
    reservation = Reservation(article_id=article.id, pieces=body.pieces, expires=stock.stamp() + stock.HOLD)
    db.add(reservation)
    db.commit()
    return {"id": reservation.id, "state": reservation.state}


@app.get("/reservations/{reservation_id}")
def read_reservation(reservation: Reservation = Depends(find_reservation)):
    over = reservation.state == "open" and reservation.expires <= stock.stamp()
    return {"pieces": reservation.pieces, "state": "expired" if over else reservation.state}


@app.post("/reservations/{reservation_id}/confirm")
def confirm(reservation: Reservation = Depends(find_reservation), db: Session = Depends(get_db)):
    if reservation.state != "open":
        raise HTTPException(409, f"it is {reservation.state}")
    if reservation.expires <= stock.stamp():
        raise HTTPException(410, "it has run out")
    taken = stock.take(db, reservation.article, reservation.pieces, f"reservation {reservation.id}")
    reservation.state = "confirmed"
    db.commit()
    return {"taken": dict(taken)}


@app.delete("/reservations/{reservation_id}", status_code=204)
def release(reservation: Reservation = Depends(find_reservation), db: Session = Depends(get_db)):
    if reservation.state != "open":
        raise HTTPException(409, f"it is {reservation.state}")
    reservation.state = "released"
    db.commit()
