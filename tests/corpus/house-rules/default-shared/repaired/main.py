from sqlalchemy import JSON, Column, Integer
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Cart(Base):
    """What somebody is about to buy."""

    __tablename__ = "carts"

    id = Column(Integer, primary_key=True)
    items = Column(JSON, nullable=False, default=dict)
