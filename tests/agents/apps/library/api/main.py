from contextlib import asynccontextmanager

from fastapi import FastAPI

from .config import settings
from .database import Base, engine
from .routers import authors, books, users


@asynccontextmanager
async def lifespan(app: FastAPI):
    Base.metadata.create_all(engine)
    yield


app = FastAPI(title="Library", lifespan=lifespan)

app.include_router(users.router, prefix=settings.api_prefix)
app.include_router(authors.router, prefix=settings.api_prefix)
app.include_router(books.router, prefix=settings.api_prefix)
