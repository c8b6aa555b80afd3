"""Further inputs for a function, made from those that tests gave it."""

import ast
import random
from collections.abc import Iterator, Sequence
from typing import Any

PER_FUNCTION = 48


def more_inputs(seen: Sequence[str], most: int = PER_FUNCTION) -> list[str]:
    """Arguments (dictionaries of literals, as text): those seen first, then variations of one or two values of them.

    The same for the same `seen`.
    """
    known: dict[str, None] = dict.fromkeys(seen)
    bases = [arguments for text in seen if (arguments := _read(text)) is not None]
    draw = random.Random(len(known))  # noqa: S311 - inputs for tests
    singles = [{**base, name: new} for base in bases for name, value in base.items() for new in _variations(value)]
    draw.shuffle(singles)
    doubles = [{**one, name: new} for one in singles[:most] for name, value in one.items()
               for new in list(_variations(value))[:2]]  # fmt: skip
    draw.shuffle(doubles)
    for arguments in (*singles, *doubles):
        if len(known) >= most:
            break
        text = repr(arguments)
        if len(text) <= 800 and _read(text) is not None:
            known[text] = None
    return list(known)[:most]


def _read(text: str) -> dict[str, Any] | None:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, dict) else None


def _variations(value: Any) -> Iterator[Any]:
    """Values of the same type near this one and at the edges of it."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from dict.fromkeys([value + 1, value - 1, 0, 1, -value, value * 2, 7])
    elif isinstance(value, float):
        yield from dict.fromkeys([value + 0.5, value - 1.0, 0.0, -value, value * 2])
    elif isinstance(value, str):
        yield from dict.fromkeys(
            ["", value + value, value[::-1], value.swapcase(), value[:1], value[:-1], f" {value} "]
        )
    elif isinstance(value, bytes):
        yield from dict.fromkeys([b"", value + value, value[:-1]])
    elif isinstance(value, list | tuple):
        yield from _sequences(value)
    elif isinstance(value, dict):
        yield {}
        for key in list(value)[:3]:
            yield {k: v for k, v in value.items() if k != key}
            for new in list(_variations(value[key]))[:2]:
                yield {**value, key: new}
    elif isinstance(value, set):
        yield set()
        yield {one for one in value if one != next(iter(value))}


def _sequences(value: list[Any] | tuple[Any, ...]) -> Iterator[Any]:
    kind = type(value)
    items = list(value)
    for changed in ([], items[:1], items[:-1], items[1:], items[::-1], items + items[:1], items + items):
        if changed != items:
            yield kind(changed)
    for place in range(min(len(items), 4)):
        for new in list(_variations(items[place]))[:3]:
            yield kind([*items[:place], new, *items[place + 1 :]])
