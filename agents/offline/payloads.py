"""Values for a field, as Python source: a valid one, distinct ones, the edges, and what must be refused."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import ceil, floor
from uuid import UUID

from agents.blueprints.spec import FieldSpec
from agents.offline.source import quoted
from agents.offline.words import spoken

_SAMPLES = {
    "bool": "True",
    "date": '"2024-01-31"',
    "datetime": '"2024-01-31T12:30:00Z"',
    "email": '"ada@example.com"',
    "url": '"https://example.com/a-page"',
    "uuid": '"6f1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"',
}
_OTHERS = {
    "bool": "False",
    "date": '"2024-02-29"',
    "datetime": '"2024-02-29T08:00:00Z"',
    "email": '"grace@example.com"',
    "url": '"https://example.com/another-page"',
    "uuid": '"0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"',
}
_WRONG = {
    "str": "12",
    "text": "12",
    "int": '"many"',
    "float": '"much"',
    "decimal": '"much"',
    "bool": '"perhaps"',
    "date": '"2024-02-30"',
    "datetime": '"yesterday"',
    "email": '"no-address"',
    "url": '"no address"',
    "uuid": '"no-uuid"',
}
_NUMBERS = ("int", "float", "decimal")
_A_DAY = "datetime.date(2000, 1, 1) + datetime.timedelta(int(unique()[5:], 16))"


@dataclass(frozen=True, slots=True)
class Value:
    """A value's Python source and a short name for the test's id."""

    name: str
    source: str


def number(value: float, kind: str) -> str:
    """A number as the field's type is written: `3`, `2.5`, `"2.50"`."""
    if kind == "int":
        return str(int(value))
    return f'"{value:.2f}"' if kind == "decimal" else repr(float(value))


def _grid(value: float, kind: str, *, up: bool) -> float:
    """The nearest number a field of that type can hold, not below (`up`) or not above the value."""
    if kind == "int":
        return ceil(value) if up else floor(value)
    if kind == "decimal":
        return float(Decimal(str(value)).quantize(Decimal("0.01"), ROUND_CEILING if up else ROUND_FLOOR))
    return value


def _step(field: FieldSpec) -> float:
    low, high = field.ge if field.ge is not None else field.gt, field.le if field.le is not None else field.lt
    room = (high - low) / 4 if low is not None and high is not None and high > low else 0.5
    return {"int": 1, "decimal": 0.01}.get(field.type, min(0.5, room))


def _inside(field: FieldSpec, limit: float, *, up: bool) -> float:
    """The first number on the right side of an exclusive limit."""
    nearest = _grid(limit, field.type, up=up)
    return nearest if nearest != limit else limit + (_step(field) if up else -_step(field))


def _outside(field: FieldSpec, limit: float, *, up: bool, inclusive: bool) -> float:
    """The first number that a limit refuses, above (`up`) or below it."""
    nearest = _grid(limit, field.type, up=up)
    return nearest + (_step(field) if up else -_step(field)) if inclusive and nearest == limit else nearest


def bounds(field: FieldSpec) -> tuple[float | None, float | None]:
    """The lowest and highest allowed number (None: no limit), exclusive limits taken one step in."""
    low = None if field.ge is None else _grid(field.ge, field.type, up=True)
    high = None if field.le is None else _grid(field.le, field.type, up=False)
    low = low if low is not None or field.gt is None else _inside(field, field.gt, up=True)
    high = high if high is not None or field.lt is None else _inside(field, field.lt, up=False)
    return low, high


def _usual(field: FieldSpec, *, other: bool) -> float:
    low, high = bounds(field)
    if low is None and high is None:
        return 8 if other else 7
    if low is None:
        return (high or 0) - (1 if other else 0)
    room = _step(field) if high is None else min(_step(field) if field.type != "decimal" else 1, high - low)
    return low + room if other else low


def _text(field: FieldSpec, words: str) -> str:
    low, high = field.min_length or 0, field.max_length
    if high is not None and len(words) > high:
        words = words.replace(" ", "")[:high]
    return f'"{words.ljust(low, "x")}"'


def sample(field: FieldSpec, *, other: bool = False) -> str:
    """A valid value, or another valid one where the type has two."""
    if field.type in ("str", "text"):
        return _text(field, f"{'Another' if other else 'Some'} {spoken(field.name)}")
    if field.type == "enum":
        return quoted(field.choices[-1 if other else 0])
    if field.type in _NUMBERS:
        return number(_usual(field, other=other), field.type)
    return (_OTHERS if other else _SAMPLES)[field.type]


def distinct(field: FieldSpec) -> str | None:
    """A valid value that no other test uses, made of `unique()`; None when the type or its limits leave no room."""
    if field.type in ("str", "text"):
        low, high = field.min_length or 0, field.max_length
        if high is not None and high < 6:
            return None
        cut = f"[-{high}:]" if high is not None and high < 12 else ""
        fill = f'.ljust({low}, "x")' if low > 6 else ""
        return f"unique(){cut}{fill}" if cut or fill else "unique()"
    made = {
        "email": 'f"{unique()}@example.com"',
        "url": 'f"https://example.com/{unique()}"',
        "uuid": "str(uuid.uuid4())",
        "date": f"str({_A_DAY})",
        "datetime": f'f"{{{_A_DAY}}}T12:00:00Z"',
    }.get(field.type)
    bottom, top = bounds(field)
    if made is None and field.type in _NUMBERS and (top is None or top - (bottom or 0) > 10_000):
        start = int(bottom) + 1 if bottom is not None and bottom > 0 else 1
        if top is not None and top <= 10_000:
            start = int(top) - 10_000
        text = f"{start} + int(unique()[5:], 16)"
        made = {"int": text, "float": f"float({text})", "decimal": f'f"{{{text}}}.00"'}[field.type]
    return made


def ordered(field: FieldSpec) -> tuple[str, str] | None:
    """A lower and a higher valid value, None when there are no two."""
    if field.type in ("str", "text"):
        low, high = field.min_length or 0, field.max_length
        return (f'"{"a" * max(low, 1)}"', f'"{"z" * max(low, 1)}"') if high is None or high >= 1 else None
    if field.type in _NUMBERS:
        first, second = _usual(field, other=False), _usual(field, other=True)
        lower, higher = sorted((first, second))
        return (number(lower, field.type), number(higher, field.type)) if lower < higher else None
    if field.type in ("date", "datetime"):
        return _SAMPLES[field.type], _OTHERS[field.type]
    return ("False", "True") if field.type == "bool" else None


def edges(field: FieldSpec) -> list[Value]:
    """Valid values exactly on the limits."""
    found = []
    if field.type in ("str", "text"):
        if field.min_length:
            found.append(Value("shortest", f'"x" * {field.min_length}'))
        if field.max_length is not None and field.max_length != field.min_length:
            found.append(Value("longest", f'"x" * {field.max_length}'))
    elif field.type == "enum":
        found += [Value(choice, quoted(choice)) for choice in field.choices]
    elif field.type in _NUMBERS:
        low, high = bounds(field)
        found += [Value("lowest", number(low, field.type))] if low is not None else []
        found += [Value("highest", number(high, field.type))] if high is not None and high != low else []
    return found


def refused(field: FieldSpec, *, strict: bool = True) -> list[Value]:
    """Values that must be refused; `strict` adds those an older application may take (a number for a text, null)."""
    found = []
    if field.type in ("str", "text"):
        if field.min_length:
            found.append(Value("too short", '""' if field.min_length == 1 else f'"x" * {field.min_length - 1}'))
        if field.max_length is not None:
            found.append(Value("too long", f'"x" * {field.max_length + 1}'))
    for limit, up, inclusive in (
        (field.ge, False, True),
        (field.le, True, True),
        (field.gt, False, False),
        (field.lt, True, False),
    ):
        if limit is not None and field.type in _NUMBERS:
            value = _outside(field, limit, up=up, inclusive=inclusive)
            found.append(Value("too high" if up else "too low", number(value, field.type)))
    if field.type == "enum":
        found.append(Value("unknown", quoted(_no_choice(field))))
    elif field.type not in ("str", "text") or strict:
        found.append(Value("wrong type", _WRONG[field.type]))
    if strict and (field.required or field.default is not None):
        found.append(Value("null", "None"))
    return found


def _no_choice(field: FieldSpec) -> str:
    word = "something else"
    while word in field.choices:
        word += " again"
    return word


def same(field: FieldSpec, actual: str, expected: str) -> str:
    """The assertion that an answer's value is the one sent."""
    if field.type == "decimal":
        known = expected if expected.startswith('"') else f"str({expected})"
        return f"assert Decimal(str({actual})) == Decimal({known})"
    if field.type == "datetime":
        return f"assert {actual}[:16] == {expected}[:16]"
    return f"assert {actual} == {expected}"


def default_source(field: FieldSpec) -> str:
    """The default as Python source, in the form answers have it."""
    text = field.default or ""
    plain = text.strip()
    if field.type == "bool":
        return str(plain.lower() in ("true", "yes", "on", "1"))
    if field.type in _NUMBERS:
        return number(float(plain), field.type)
    if field.type == "datetime":
        moment = datetime.fromisoformat(plain)
        return quoted((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat())
    if field.type in ("date", "uuid"):
        return quoted(str(date.fromisoformat(plain) if field.type == "date" else UUID(plain)))
    return quoted(text.lower() if field.type == "email" else text)


def limits_in_words(field: FieldSpec) -> str:
    """`a whole number of at least 1450`, `text of 1 to 200 characters`."""
    kinds = {
        "str": "text", "text": "text", "int": "a whole number", "float": "a number", "decimal": "a decimal number",
        "bool": "true or false",
        "date": "a date", "datetime": "a date with time", "email": "an e-mail address", "url": "a web address",
        "uuid": "a UUID",
    }  # fmt: skip
    if field.type == "enum":
        return f"one of {', '.join(field.choices)}"
    words = [kinds[field.type]]
    if field.type in ("str", "text"):
        low, high = field.min_length, field.max_length
        if low is not None and high is not None:
            words.append(f"of exactly {low} characters" if low == high else f"of {low} to {high} characters")
        elif low is not None or high is not None:
            words.append(f"of at least {low} characters" if high is None else f"of at most {high} characters")
        return " ".join(words)
    parts = [(field.ge, "at least"), (field.gt, "more than"), (field.le, "at most"), (field.lt, "less than")]
    said = " and ".join(f"{word} {limit:g}" for limit, word in parts if limit is not None)
    return f"{words[0]}, {said}" if said else words[0]
