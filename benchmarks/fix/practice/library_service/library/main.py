from datetime import date

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from library import clock, rules
from library.models import Hold, Loan, Member, Title, get_db

app = FastAPI()


def as_card(text: str) -> str:
    return text.strip().upper()


class MemberIn(BaseModel):
    name: str = Field(min_length=1)
    card: str

    @field_validator("card")
    @classmethod
    def normal(cls, value: str) -> str:
        return as_card(value)


class TitleIn(BaseModel):
    isbn: str
    name: str
    author: str
    copies: int = Field(1, ge=1)


class TitleOut(TitleIn):
    model_config = ConfigDict(from_attributes=True)

    id: int
    available: int


class Page(BaseModel):
    items: list[TitleOut]
    total: int
    pages: int


class Request(BaseModel):
    card: str
    isbn: str


class LoanOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    due: date
    returned: date | None
    renewals: int
    title: TitleOut


def find_member(card: str, db: Session) -> Member:
    member = db.scalar(select(Member).where(Member.card == as_card(card)))
    if member is None:
        raise HTTPException(404, "no such member")
    return member


def find_title(isbn: str, db: Session) -> Title:
    title = db.scalar(select(Title).where(Title.isbn == isbn))
    if title is None:
        raise HTTPException(404, "no such title")
    return title


def find_loan(loan_id: int, db: Session = Depends(get_db)) -> Loan:
    loan = db.get(Loan, loan_id)
    if loan is None:
        raise HTTPException(404, "no such loan")
    return loan


@app.post("/members", status_code=201)
def join(body: MemberIn, db: Session = Depends(get_db)):
    if db.scalar(select(Member).where(Member.card == body.card)):
        raise HTTPException(409, "the card is taken")
    member = Member(**body.model_dump())
    db.add(member)
    db.commit()
    return {"id": member.id, "name": member.name, "card": member.card}


@app.get("/members/{card}/loans", response_model=list[LoanOut])
def loans_of(card: str, every: bool = False, db: Session = Depends(get_db)):
    query = select(Loan).where(Loan.member_id == find_member(card, db).id)
    if not every:
        query = query.where(Loan.returned.is_(None))
    return db.scalars(query.order_by(Loan.due, Loan.id)).all()


@app.post("/titles", status_code=201, response_model=TitleOut)
def add_title(body: TitleIn, db: Session = Depends(get_db)):
    if db.scalar(select(Title).where(Title.isbn == body.isbn)):
        raise HTTPException(409, "there is such a title")
    title = Title(**body.model_dump())
    db.add(title)
    db.commit()
    return title


@app.get("/titles", response_model=Page)
def search(q: str = "", page: int = Query(1, ge=1), size: int = Query(10, ge=1, le=50), db: Session = Depends(get_db)):
    query = select(Title)
    if q.strip():
        like = f"%{q.strip()}%"
        query = query.where(or_(Title.name.ilike(like), Title.author.ilike(like)))
    total = db.scalar(select(func.count()).select_from(query.subquery()))
    items = db.scalars(query.order_by(Title.name, Title.id).offset((page - 1) * size).limit(size)).all()
    return {"items": items, "total": total, "pages": -(-total // size)}


@app.post("/loans", status_code=201, response_model=LoanOut)
def lend(body: Request, db: Session = Depends(get_db)):
    member, title = find_member(body.card, db), find_title(body.isbn, db)
    rules.check_member(member)
    if not rules.can_take(title, member):
        raise HTTPException(409, "no copy is left")
    hold = rules.own_hold(title, member)
    if hold is not None:
        db.delete(hold)
    loan = Loan(title=title, member=member, due=clock.today() + rules.PERIOD)
    db.add(loan)
    db.commit()
    return loan


@app.get("/loans/overdue")
def overdue(db: Session = Depends(get_db)):
    late = db.scalars(select(Loan).where(Loan.returned.is_(None), Loan.due < clock.today()).order_by(Loan.due))
    return [{"id": one.id, "card": one.member.card, "days": (clock.today() - one.due).days} for one in late]


@app.get("/loans/{loan_id}", response_model=LoanOut)
def read_loan(loan: Loan = Depends(find_loan)):
    return loan


@app.post("/loans/{loan_id}/renew", response_model=LoanOut)
def renew(loan: Loan = Depends(find_loan), db: Session = Depends(get_db)):
    rules.renew(loan)
    db.commit()
    return loan


@app.post("/loans/{loan_id}/return")
def give_back(loan: Loan = Depends(find_loan), db: Session = Depends(get_db)):
    if loan.returned is not None:
        raise HTTPException(409, "it was returned")
    loan.returned = clock.today()
    db.commit()
    return {"fine": rules.fine(loan.due, loan.returned)}


@app.post("/holds", status_code=201)
def wait_for(body: Request, db: Session = Depends(get_db)):
    member, title = find_member(body.card, db), find_title(body.isbn, db)
    if rules.own_hold(title, member):
        raise HTTPException(409, "already waiting")
    if rules.can_take(title, member):
        raise HTTPException(409, "there is a copy")
    db.add(Hold(title=title, member=member))
    db.commit()
    return {"place": len(title.holds)}


@app.get("/titles/{isbn}/holds")
def queue(isbn: str, db: Session = Depends(get_db)):
    return [hold.member.card for hold in find_title(isbn, db).holds]
