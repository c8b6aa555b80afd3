import random
from datetime import datetime, timedelta

import pytest

from cron import CronError, Schedule, parse_field


@pytest.mark.parametrize(
    "text", ["17 3 * * *", "*/7 1-23/5 * * *", "0 0 * * 6,7", "59 23 28-31 * *", "10/25 4 2 * wed", "0 12 */10 * 1-5/2", "5 0 * feb,mar sun"]
)
def test_next_minute_by_minute(text):
    schedule, rng = Schedule(text), random.Random(text)
    moment = datetime(2027, 1, 27, rng.randrange(24), rng.randrange(60), 30)
    end, found, expected = moment + timedelta(days=60), schedule.next(moment), []
    step = moment.replace(second=0)
    while step < end:
        step += timedelta(minutes=1)
        if schedule.matches(step):
            expected.append(step)
    result = []
    while found is not None and found <= end:
        result.append(found)
        found = schedule.next(found)
    assert result == expected
    assert schedule.missed(moment, end) == len(expected)
    assert schedule.upcoming(moment, 4)[: len(expected)] == expected[:4] or len(expected) < 4


def test_weekdays():
    monday = datetime(2027, 3, 1)
    for text, days in (("1", "0"), ("0", "6"), ("7", "6"), ("5-7", "456"), ("Sat", "5"), ("*", "0123456"), ("1-5/2", "024")):
        schedule = Schedule(f"* * * * {text}")
        assert "".join(str(n) for n in range(7) if schedule.runs_on(monday + timedelta(days=n))) == days


def test_either_and_both():
    days = [datetime(2027, 3, 1) + timedelta(days=n) for n in range(31)]
    either = Schedule("0 0 1,15 3 tue")
    assert [day.day for day in days if either.runs_on(day)] == [1, 2, 9, 15, 16, 23, 30]
    assert [day.day for day in days if Schedule("0 0 1,15 3 *").runs_on(day)] == [1, 15]
    assert [day.day for day in days if Schedule("0 0 * 3 tue").runs_on(day)] == [2, 9, 16, 23, 30]
    assert not any(Schedule("0 0 1,15 4 tue").runs_on(day) for day in days)


def test_leap_day():
    assert Schedule("0 0 29 2 *").upcoming(datetime(2027, 1, 1), 2) == [datetime(2028, 2, 29), datetime(2032, 2, 29)]
    assert Schedule("0 0 29 2 *").next(datetime(2096, 3, 1)) == datetime(2104, 2, 29)
    assert Schedule("0 0 31 4,6 *").upcoming(datetime(2027, 1, 1), 1) == []


@pytest.mark.parametrize(("text", "numbers"), [("30/15", {30, 45}), ("58/1", {58, 59}), ("0-59/30", {0, 30}), ("50-59/4,1", {1, 50, 54, 58}), ("59", {59})])
def test_fields(text, numbers):
    assert parse_field(text, 0, 59) == numbers


@pytest.mark.parametrize("text", ["60", "-1", "1-", "5-60", "1,,2", "1/x", "a-b", "1/0"])
def test_bad_fields(text):
    with pytest.raises(CronError):
        parse_field(text, 0, 59)


def test_upcoming_nothing():
    assert Schedule("* * * * *").upcoming(datetime(2027, 1, 1), 0) == []
    assert Schedule("* * * * *").upcoming(datetime(2027, 1, 1, 0, 0, 59), 2) == [datetime(2027, 1, 1, 0, 1), datetime(2027, 1, 1, 0, 2)]
