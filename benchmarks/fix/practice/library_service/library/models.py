from datetime import date

from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker
from sqlalchemy.pool import StaticPool

engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
Local = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "members"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    card: Mapped[str] = mapped_column(unique=True)
    loans: Mapped[list["Loan"]] = relationship(back_populates="member")


class Title(Base):
    __tablename__ = "titles"

    id: Mapped[int] = mapped_column(primary_key=True)
    isbn: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    author: Mapped[str]
    copies: Mapped[int] = mapped_column(default=1)
    loans: Mapped[list["Loan"]] = relationship(back_populates="title")
    holds: Mapped[list["Hold"]] = relationship(back_populates="title", order_by="Hold.id")

    @property
    def available(self) -> int:
        """Copies that are in the house."""
        return self.copies - sum(loan.returned is None for loan in self.loans)


class Loan(Base):
    __tablename__ = "loans"

    id: Mapped[int] = mapped_column(primary_key=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("titles.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    due: Mapped[date]
    returned: Mapped[date | None]
    renewals: Mapped[int] = mapped_column(default=0)
    title: Mapped[Title] = relationship(back_populates="loans")
    member: Mapped[Member] = relationship(back_populates="loans")


class Hold(Base):
    __tablename__ = "holds"

    id: Mapped[int] = mapped_column(primary_key=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("titles.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    title: Mapped[Title] = relationship(back_populates="holds")
    member: Mapped[Member] = relationship()


def get_db():
    with Local() as db:
        yield db


def reset() -> None:
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
