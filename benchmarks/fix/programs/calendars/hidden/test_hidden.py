import calendar
from datetime import date, timedelta

from calendars import add_months, age, days_in, is_leap, next_working_day, spoken, weeks, working_days


def test_like_the_standard_library():
    for year in (1899, 1900, 1999, 2000, 2023, 2024, 2100):
        assert is_leap(year) == calendar.isleap(year)
        for month in range(1, 13):
            assert days_in(year, month) == calendar.monthrange(year, month)[1]


def test_months_both_ways():
    for months in range(-30, 31):
        day = add_months(date(2024, 5, 31), months)
        total = 2024 * 12 + 4 + months
        assert (day.year, day.month) == (total // 12, total % 12 + 1)
        assert day.day == min(31, calendar.monthrange(day.year, day.month)[1])


def test_working_days():
    start = date(2024, 1, 1)
    for length in range(0, 40):
        days = [start + timedelta(days=n) for n in range(length + 1)]
        free = {date(2024, 1, 1), date(2024, 1, 6), date(2024, 1, 17)}
        expected = sum(d.weekday() < 5 and d not in free for d in days)
        assert working_days(start, days[-1], free) == expected
    assert working_days(date(2024, 1, 2), date(2024, 1, 1)) == 0


def test_next():
    assert next_working_day(date(2024, 5, 11)) == date(2024, 5, 13)
    assert next_working_day(date(2024, 5, 10), [date(2024, 5, 13), date(2024, 5, 14)]) == date(2024, 5, 15)


def test_age():
    assert age(date(2004, 2, 29), date(2024, 2, 28)) == 19
    assert age(date(2000, 12, 31), date(2024, 1, 1)) == 23
    assert age(date(2000, 5, 20), date(2024, 6, 1)) == 24


def test_spoken():
    assert spoken(59) == "59s"
    assert spoken(60) == "1m"
    assert spoken(86400) == "24h"
    assert spoken(3601) == "1h 1s"


def test_weeks_sunday():
    assert weeks([date(2024, 5, 12), date(2024, 5, 13)]) == {date(2024, 5, 6): [date(2024, 5, 12)], date(2024, 5, 13): [date(2024, 5, 13)]}
