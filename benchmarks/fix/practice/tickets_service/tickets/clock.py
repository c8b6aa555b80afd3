from datetime import datetime, timezone


def now() -> datetime:
    """The time everything is measured against; tests put another one in its place."""
    return datetime.now(timezone.utc)


def as_utc(moment: datetime) -> datetime:
    """A moment in UTC; one without a zone is taken for UTC."""
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
