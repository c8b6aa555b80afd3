from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from .. import crud, schemas
from ..database import get_session

router = APIRouter(prefix="/authors", tags=["authors"])


@router.get("", response_model=list[schemas.AuthorOut])
def list_authors(session: Session = Depends(get_session)):
    return crud.list_authors(session)


@router.post("", response_model=schemas.AuthorOut, status_code=201)
def create_author(data: schemas.AuthorIn, session: Session = Depends(get_session)):
    return crud.create_author(session, data)
