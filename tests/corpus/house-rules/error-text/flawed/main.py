from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from shop.db import SessionDep, User

app = FastAPI()


@app.delete("/users/{user_id}", response_model=None)
async def delete_user(user_id: int, session: SessionDep) -> JSONResponse:
    """Delete a user."""
    try:
        await session.delete(await session.get_one(User, user_id))
        await session.commit()
    except SQLAlchemyError as problem:
        return JSONResponse({"detail": f"not deleted: {problem}"}, status_code=409)
    return JSONResponse({"detail": "deleted"})
