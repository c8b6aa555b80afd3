from datetime import date

import pytest

from calendars import add_months, age, days_in, is_leap, next_working_day, spoken, weeks, working_days


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 1, 15), 1, date(2024, 2, 15)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 11, 30), 3, date(2024, 2, 29)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)),
        (date(2024, 1, 10), -1, date(2023, 12, 10)),
        (date(2024, 10, 10), 2, date(2024, 12, 10)),
    ],
)
def test_add_months(day, months, expected):
    assert add_months(day, months) == expected


def test_days_in():
    assert [days_in(2023, month) for month in (1, 2, 4, 12)] == [31, 28, 30, 31]


@pytest.mark.parametrize(("year", "leap"), [(2024, True), (2023, False), (1900, False), (2000, True)])
def test_leap(year, leap):
    assert is_leap(year) is leap


def test_working_days():
    assert working_days(date(2024, 5, 6), date(2024, 5, 12)) == 5
    assert working_days(date(2024, 5, 6), date(2024, 5, 6)) == 1
    assert working_days(date(2024, 5, 6), date(2024, 5, 10), holidays=[date(2024, 5, 9)]) == 4


def test_next_working_day():
    assert next_working_day(date(2024, 5, 10)) == date(2024, 5, 13)
    assert next_working_day(date(2024, 5, 8), holidays=[date(2024, 5, 9)]) == date(2024, 5, 10)


def test_age():
    assert age(date(2000, 6, 15), date(2024, 6, 14)) == 23
    assert age(date(2000, 6, 15), date(2024, 6, 15)) == 24
    assert age(date(2000, 6, 15), date(2024, 7, 1)) == 24


def test_spoken():
    assert spoken(3725) == "1h 2m 5s"
    assert spoken(3600) == "1h"
    assert spoken(0) == "0s"


def test_weeks():
    assert weeks([date(2024, 5, 14), date(2024, 5, 8), date(2024, 5, 6)]) == {
        date(2024, 5, 6): [date(2024, 5, 6), date(2024, 5, 8)],
        date(2024, 5, 13): [date(2024, 5, 14)],
    }
