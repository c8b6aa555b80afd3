"""A small shop: articles and orders, asynchronous down to the database."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///:memory:"))
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """Every model."""


class Article(Base):
    """Something that can be ordered."""

    __tablename__ = "articles"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    cents: Mapped[int]
    stock: Mapped[int] = mapped_column(default=0)


class Order(Base):
    """So many of one article."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    amount: Mapped[int]


class ArticleIn(BaseModel):
    """What is sent to create an article."""

    name: str = Field(min_length=1, max_length=80)
    cents: int = Field(ge=0)
    stock: int = Field(default=0, ge=0)


class ArticleOut(ArticleIn):
    """What is answered."""

    model_config = ConfigDict(from_attributes=True)
    id: int


class OrderIn(BaseModel):
    """What is sent to order."""

    article_id: int
    amount: int = Field(ge=1)


class OrderOut(OrderIn):
    """What is answered."""

    model_config = ConfigDict(from_attributes=True)
    id: int


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Tables at start."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)


async def get_session() -> AsyncIterator[AsyncSession]:
    """One transaction per request."""
    async with sessions.begin() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


async def the_article(article_id: int, session: Session) -> Article:
    """The article of the path."""
    article = await session.get(Article, article_id)
    if article is None:
        raise HTTPException(404, "no such article")
    return article


Found = Annotated[Article, Depends(the_article)]


@app.post("/articles", status_code=201)
async def create(body: ArticleIn, session: Session) -> ArticleOut:
    """Add an article."""
    if await session.scalar(select(Article.id).where(Article.name == body.name)):
        raise HTTPException(409, "that name is taken")
    article = Article(**body.model_dump())
    session.add(article)
    await session.flush()
    return ArticleOut.model_validate(article)


@app.get("/articles")
async def listing(session: Session, limit: Annotated[int, Query(ge=1, le=50)] = 20, q: str = "") -> list[ArticleOut]:
    """Articles by name."""
    found = await session.scalars(select(Article).where(Article.name.contains(q)).order_by(Article.name).limit(limit))
    return [ArticleOut.model_validate(one) for one in found]


@app.get("/articles/{article_id}")
async def read(article: Found) -> ArticleOut:
    """One article."""
    return ArticleOut.model_validate(article)


@app.put("/articles/{article_id}")
async def replace(article: Found, body: ArticleIn) -> ArticleOut:
    """Change an article."""
    for name, value in body.model_dump().items():
        setattr(article, name, value)
    return ArticleOut.model_validate(article)


@app.delete("/articles/{article_id}", status_code=204)
async def delete(article: Found, session: Session) -> Response:
    """Take an article away."""
    await session.delete(article)
    return Response(status_code=204)


@app.post("/orders", status_code=201)
async def order(body: OrderIn, session: Session) -> OrderOut:
    """Order what is in stock."""
    article = await the_article(body.article_id, session)
    if article.stock < body.amount:
        raise HTTPException(409, "not enough in stock")
    article.stock -= body.amount
    made = Order(**body.model_dump())
    session.add(made)
    await session.flush()
    return OrderOut.model_validate(made)


@app.get("/turnover")
async def turnover(session: Session) -> dict[str, int]:
    """What all orders are worth."""
    worth = select(func.coalesce(func.sum(Order.amount * Article.cents), 0)).join(Article)
    return {"cents": await session.scalar(worth) or 0}
