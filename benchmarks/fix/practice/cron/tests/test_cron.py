from datetime import datetime

import pytest

from cron import CronError, Schedule, parse_field


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("*", {0, 1, 2, 3, 4, 5}), ("3", {3}), ("1-3", {1, 2, 3}), ("*/2", {0, 2, 4}), ("1,4-5", {1, 4, 5}), ("2/2", {2, 4})],
)
def test_field(text, numbers):
    assert parse_field(text, 0, 5) == numbers


@pytest.mark.parametrize("text", ["6", "x", "3-1", "*/0", "*/", ""])
def test_bad_field(text):
    with pytest.raises(CronError):
        parse_field(text, 0, 5)


def test_five_fields():
    with pytest.raises(CronError):
        Schedule("* * * *")


def test_matches():
    schedule = Schedule("30 9 * * mon-fri")
    assert schedule.matches(at("2024-05-03T09:30"))
    assert not schedule.matches(at("2024-05-04T09:30"))
    assert not schedule.matches(at("2024-05-03T09:31"))


def test_sunday_has_two_numbers():
    for text in ("0 0 * * 0", "0 0 * * 7", "0 0 * * sun"):
        assert Schedule(text).matches(at("2024-05-05T00:00"))


def test_day_or_weekday():
    schedule = Schedule("0 0 13 * 5")
    assert schedule.runs_on(at("2024-05-13"))
    assert schedule.runs_on(at("2024-05-17"))
    assert not schedule.runs_on(at("2024-05-14"))


def test_next_in_the_hour():
    assert Schedule("*/15 * * * *").next(at("2024-05-03T09:31:20")) == at("2024-05-03T09:45")


def test_next_is_later():
    assert Schedule("45 9 * * *").next(at("2024-05-03T09:45")) == at("2024-05-04T09:45")


def test_next_hour_begins_at_zero():
    assert Schedule("5 12 * * *").next(at("2024-05-03T09:31")) == at("2024-05-03T12:05")


def test_next_month():
    assert Schedule("0 6 1 jan *").next(at("2024-05-03T09:31")) == at("2025-01-01T06:00")


def test_leap_day():
    assert Schedule("0 6 29 feb *").next(at("2025-05-03T09:31")) == at("2028-02-29T06:00")


def test_never():
    assert Schedule("0 0 30 2 *").next(at("2024-05-03T00:00")) is None
    assert Schedule("0 0 30 2 *").upcoming(at("2024-05-03T00:00"), 3) == []


def test_upcoming():
    found = Schedule("0 8,20 * * *").upcoming(at("2024-05-03T09:00"), 3)
    assert found == [at("2024-05-03T20:00"), at("2024-05-04T08:00"), at("2024-05-04T20:00")]


def test_missed():
    schedule = Schedule("0 * * * *")
    assert schedule.missed(at("2024-05-03T09:00"), at("2024-05-03T12:00")) == 3
    assert schedule.missed(at("2024-05-03T09:00"), at("2024-05-03T09:59")) == 0
