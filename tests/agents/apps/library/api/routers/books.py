from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.orm import Session

from .. import crud, models, schemas
from ..auth import get_current_user
from ..database import get_session

router = APIRouter(prefix="/books", tags=["books"])


def found_book(book_id: int, session: Session = Depends(get_session)) -> models.Book:
    book = crud.get_book(session, book_id)
    if book is None:
        raise HTTPException(404, "Book not found")
    return book


@router.get("", response_model=list[schemas.BookOut])
def list_books(session: Session = Depends(get_session)):
    return crud.list_books(session)


@router.post("", response_model=schemas.BookOut, status_code=201)
def create_book(
    data: schemas.BookIn,
    session: Session = Depends(get_session),
):
    if session.get(models.Author, data.author_id) is None:
        raise HTTPException(404, "Author not found")
    return crud.create_book(session, data)


@router.get("/{book_id}", response_model=schemas.BookOut)
def read_book(book: models.Book = Depends(found_book)):
    return book


@router.delete("/{book_id}", status_code=204, dependencies=[Depends(get_current_user)])
def delete_book(book: models.Book = Depends(found_book), session: Session = Depends(get_session)):
    crud.delete_book(session, book)
