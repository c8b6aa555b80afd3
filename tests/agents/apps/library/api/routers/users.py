from fastapi import APIRouter, Depends, HTTPException, status
from fastapi.security import OAuth2PasswordRequestForm
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..auth import get_current_user, hash_password, make_token, same_password
from ..database import get_session
from ..models import User
from ..schemas import Token, UserIn, UserOut

router = APIRouter(tags=["users"])


@router.post("/users", response_model=UserOut, status_code=status.HTTP_201_CREATED)
def sign_up(data: UserIn, session: Session = Depends(get_session)):
    if session.scalar(select(User).where(User.email == data.email)):
        raise HTTPException(409, "E-mail is taken")
    user = User(email=data.email, password_hash=hash_password(data.password))
    session.add(user)
    session.commit()
    return user


@router.post("/login", response_model=Token)
def log_in(form: OAuth2PasswordRequestForm = Depends(), session: Session = Depends(get_session)):
    user = session.scalar(select(User).where(User.email == form.username))
    if user is None or not same_password(form.password, user.password_hash):
        raise HTTPException(401, "Wrong e-mail or password")
    return Token(access_token=make_token(user))


@router.get("/me", response_model=UserOut)
def me(user: User = Depends(get_current_user)):
    return user
