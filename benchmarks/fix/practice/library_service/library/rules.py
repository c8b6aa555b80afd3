from datetime import date, timedelta

from fastapi import HTTPException

from library import clock
from library.models import Hold, Loan, Member, Title

PERIOD = timedelta(days=14)
MOST_LOANS = 3
MOST_RENEWALS = 2
FINE, MOST_FINE = 25, 1000
"""Cents a day, and at most."""


def check_member(member: Member) -> None:
    """Raises 403 for who has too many books, or one for too long."""
    loans = [loan for loan in member.loans if loan.returned is None]
    if len(loans) >= MOST_LOANS:
        raise HTTPException(403, "too many loans")
    if any(loan.due < clock.today() for loan in loans):
        raise HTTPException(403, "a loan is overdue")


def own_hold(title: Title, member: Member) -> Hold | None:
    return next((hold for hold in title.holds if hold.member_id == member.id), None)


def can_take(title: Title, member: Member) -> bool:
    """Whether there is a copy that nobody waits for who came before."""
    ahead = 0
    for hold in title.holds:
        if hold.member_id == member.id:
            break
        ahead += 1
    return title.available > ahead


def renew(loan: Loan) -> None:
    """Another period after the one that was agreed.

    Raises 409.
    """
    if loan.returned is not None:
        raise HTTPException(409, "it was returned")
    if loan.renewals >= MOST_RENEWALS:
        raise HTTPException(409, "it was renewed too often")
    if loan.due < clock.today():
        raise HTTPException(409, "it is overdue")
    if loan.title.holds:
        raise HTTPException(409, "somebody waits for it")
    loan.due = loan.due + PERIOD
    loan.renewals += 1


def fine(due: date, returned: date) -> int:
    late = (returned - due).days
    return min(max(late, 0) * FINE, MOST_FINE)
