"""Bank statements: lines such as `2024-03-01;Rent March;-1.234,50`."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

CENT = Decimal("0.01")
DAYS_OF_A_YEAR = 360


class StatementError(ValueError):
    pass


@dataclass(frozen=True)
class Entry:
    day: date
    text: str
    amount: Decimal


def parse_amount(text):
    """`1.234,50`, `+7` or `12,5-` as a Decimal of whole cents."""
    text = text.strip().replace(".", "").replace(",", ".")
    if text.endswith("-"):
        text = "-" + text[:-1]
    return Decimal(text).quantize(CENT)


def parse(text):
    """Entries by day; empty lines and those that begin with `#` say nothing.

    Raises StatementError with the number of the line.
    """
    entries = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            day, words, amount = line.split(";")
            entries.append(Entry(date.fromisoformat(day.strip()), words.strip(), parse_amount(amount)))
        except (ValueError, InvalidOperation) as error:
            raise StatementError(f"line {number} is no entry") from error
    return sorted(entries, key=lambda entry: entry.day)


def balances(entries, opening=Decimal(0)):
    """Day -> balance in the evening, for days with entries."""
    result, balance = {}, opening
    for entry in entries:
        balance += entry.amount
        result[entry.day] = balance
    return result


def lowest(entries, opening=Decimal(0)):
    """The lowest evening balance and its first day; the opening one has None."""
    best = (opening, None)
    for day, balance in balances(entries, opening).items():
        if balance < best[0]:
            best = (balance, day)
    return best


def interest(entries, opening, start, end, rate, overdraft):
    """Interest on every evening from start to the day before end, in whole cents, half a cent to the even one.

    Rates are percent of a year of 360 days; below zero the overdraft rate counts.
    """
    total, balance, day = Decimal(0), opening, start
    pending = list(entries)
    while day < end:
        while pending and pending[0].day <= day:
            balance += pending.pop(0).amount
        percent = rate if balance >= 0 else overdraft
        total += balance * percent / 100 / DAYS_OF_A_YEAR
        day += timedelta(days=1)
    return total.quantize(CENT, ROUND_HALF_EVEN)


def by_month(entries):
    """`(year, month)` -> money in and money out, both positive."""
    result = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for entry in entries:
        month = entry.day.year, entry.day.month
        coming, going = result[month]
        if entry.amount > 0:
            result[month] = coming + entry.amount, going
        else:
            result[month] = coming, going - entry.amount
    return dict(result)


def reconcile(ours, theirs, days=3):
    """Our and their entries without a partner: the same amount, at most so many days apart."""
    left, missing = list(theirs), []
    for entry in ours:
        near = [
            other for other in left if other.amount == entry.amount and abs((other.day - entry.day).days) <= days
        ]
        if near:
            left.remove(min(near, key=lambda other: abs(other.day - entry.day)))
        else:
            missing.append(entry)
    return missing, left
