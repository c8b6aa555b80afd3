from sqlalchemy import select
from sqlalchemy.orm import Session

from . import models, schemas


def list_authors(session: Session) -> list[models.Author]:
    return list(session.scalars(select(models.Author).order_by(models.Author.name)))


def create_author(session: Session, data: schemas.AuthorIn) -> models.Author:
    author = models.Author(**data.model_dump())
    session.add(author)
    session.commit()
    return author


def list_books(session: Session) -> list[models.Book]:
    return list(session.scalars(select(models.Book)))


def get_book(session: Session, book_id: int) -> models.Book | None:
    return session.get(models.Book, book_id)


def create_book(session: Session, data: schemas.BookIn) -> models.Book:
    book = models.Book(**data.model_dump())
    session.add(book)
    session.commit()
    return book


def delete_book(session: Session, book: models.Book) -> None:
    session.delete(book)
    session.commit()
