"""Days, months and working hours."""

from datetime import date, timedelta


def add_months(day, months):
    """The same day so many months later, the month's last day where there is no such day."""
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    return date(year, month, min(day.day, days_in(year, month)))


def days_in(year, month):
    """How many days a month has."""
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def working_days(start, end, holidays=()):
    """Days from Monday to Friday that are no holidays, both ends included."""
    count = 0
    day = start
    while day <= end:
        if day.weekday() < 5 and day not in holidays:
            count += 1
        day += timedelta(days=1)
    return count


def next_working_day(day, holidays=()):
    """The first working day after a day."""
    day += timedelta(days=1)
    while day.weekday() >= 5 or day in holidays:
        day += timedelta(days=1)
    return day


def age(born, today):
    """Full years."""
    years = today.year - born.year
    if (today.month, today.day) < (born.month, born.day):
        years -= 1
    return years


def spoken(seconds):
    """`1h 2m 5s`, without parts that are zero; `0s` for nothing."""
    parts = []
    for letter, size in (("h", 3600), ("m", 60), ("s", 1)):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount}{letter}")
    return " ".join(parts) or "0s"


def weeks(days):
    """Days grouped by the Monday of their week, in order."""
    result = {}
    for day in sorted(days):
        monday = day - timedelta(days=day.weekday())
        result.setdefault(monday, []).append(day)
    return result
