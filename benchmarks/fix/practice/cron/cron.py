"""When a job runs: `minute hour day month weekday`, as in a crontab."""

from datetime import timedelta

MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)}
WEEKDAYS = {name: number for number, name in enumerate("sun mon tue wed thu fri sat".split())}
LONGEST = timedelta(days=9 * 366)
"""Nothing that runs at all waits longer, not even a 29th of February."""


class CronError(ValueError):
    pass


def parse_number(text, names):
    text = text.lower()
    if text in names:
        return names[text]
    if not text.isdigit():
        raise CronError(f"{text!r} is not a number")
    return int(text)


def parse_field(text, low, high, names=()):
    """The numbers of `*`, `5`, `1-5`, `*/15`, `10/20`, `mon,wed`.

    Raises CronError.
    """
    result = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        if slash and (not step.isdigit() or int(step) == 0):
            raise CronError(f"{part!r} has no step")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            first, last = (parse_number(one, names) for one in span.split("-", 1))
        else:
            first = parse_number(span, names)
            last = high if slash else first
        if not low <= first <= last <= high:
            raise CronError(f"{part!r} is out of range")
        result.update(range(first, last + 1, int(step or 1)))
    return result


class Schedule:
    def __init__(self, text):
        fields = text.split()
        if len(fields) != 5:
            raise CronError("five fields, please")
        minute, hour, day, month, weekday = fields
        self.minutes = parse_field(minute, 0, 59)
        self.hours = parse_field(hour, 0, 23)
        self.days = parse_field(day, 1, 31)
        self.months = parse_field(month, 1, 12, MONTHS)
        self.weekdays = {number % 7 for number in parse_field(weekday, 0, 7, WEEKDAYS)}
        self.every_day = day == "*"
        self.every_weekday = weekday == "*"

    def runs_on(self, day):
        """Whether it runs that day; when both are given, day or weekday is enough."""
        if day.month not in self.months:
            return False
        by_day = day.day in self.days
        by_weekday = day.isoweekday() % 7 in self.weekdays
        if self.every_day or self.every_weekday:
            return by_day and by_weekday
        return by_day or by_weekday

    def matches(self, moment):
        return self.runs_on(moment) and moment.hour in self.hours and moment.minute in self.minutes

    def next(self, after):
        """The first full minute after that moment, None when there is none."""
        moment = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
        limit = moment + LONGEST
        while moment < limit:
            if not self.runs_on(moment):
                moment = moment.replace(hour=0, minute=0) + timedelta(days=1)
            elif moment.hour not in self.hours:
                moment = moment.replace(minute=0) + timedelta(hours=1)
            elif moment.minute not in self.minutes:
                moment += timedelta(minutes=1)
            else:
                return moment
        return None

    def upcoming(self, after, number):
        """The next so many times, fewer when there are no more."""
        result = []
        moment = self.next(after)
        while moment is not None and len(result) < number:
            result.append(moment)
            moment = self.next(moment)
        return result

    def missed(self, last, now):
        """How often it should have run since `last`, up to and including now."""
        count = 0
        moment = self.next(last)
        while moment is not None and moment <= now:
            count += 1
            moment = self.next(moment)
        return count
