"""Valid values for JSON schemas, the same every time, with `<<unique>>` where text may be anything."""

from collections.abc import Mapping
from typing import Any

from sandbox.gates.openapi_schema import resolved

Document = Mapping[str, Any]
Schema = Mapping[str, Any]
_FORMATS = {
    "email": "<<unique>>@example.com",
    "date": "2030-01-02",
    "date-time": "2030-01-02T03:04:05Z",
    "time": "03:04:05",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "uri": "https://example.com/<<unique>>",
    "url": "https://example.com/<<unique>>",
    "ipv4": "192.0.2.1",
    "password": "Correct-horse-<<unique>>-9",
    "binary": "<<unique>>",
    "duration": "P1D",
}
UNIQUE_LENGTH = 8
"""Characters that `<<unique>>` becomes."""
_DEEPEST = 8


class NoSample(ValueError):
    """No valid value can be made up by rule (a pattern, say)."""


def sample(document: Document, schema: Schema, *, name: str = "", everything: bool = False, depth: int = 0) -> Any:
    """A valid value; of an object the required properties, or all of them.

    Raises:
        NoSample: the schema asks for something rules cannot make up.
    """
    if depth > _DEEPEST:
        raise NoSample("too deep")
    schema = resolved(document, schema)
    for key in ("examples", "example", "default", "const", "enum"):
        found = schema.get(key)
        if key in ("examples", "enum") and isinstance(found, list) and found:
            return found[0]
        if key not in ("examples", "enum") and found is not None:
            return found
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list) and options:
        return _first(document, options, name, everything, depth)
    kind = schema.get("type", "object" if "properties" in schema else None)
    kind = next((k for k in kind if k != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object":
        return sample_object(document, schema, everything=everything, depth=depth)
    if kind == "array":
        least = int(schema.get("minItems") or 0)
        return [sample(document, schema.get("items", {}), name=name, depth=depth + 1) for _ in range(least)]
    if kind == "string":
        return _text(schema, name)
    return {"integer": lambda: int(_number(schema)), "number": lambda: _number(schema), "boolean": lambda: True}.get(
        str(kind), lambda: None
    )()


def _first(document: Document, options: list[Any], name: str, everything: bool, depth: int) -> Any:
    for option in options:
        if isinstance(option, Mapping) and option.get("type") != "null":
            try:
                return sample(document, option, name=name, everything=everything, depth=depth + 1)
            except NoSample:
                continue
    return None


def sample_object(document: Document, schema: Schema, *, everything: bool = False, depth: int = 0) -> dict[str, Any]:
    """A valid object."""
    needed = set(schema.get("required") or ())
    found: dict[str, Any] = {}
    for key, inner in (schema.get("properties") or {}).items():
        if key in needed or everything:
            try:
                found[key] = sample(document, inner, name=key, everything=everything, depth=depth + 1)
            except NoSample:
                if key in needed:
                    raise
    return found


def _text(schema: Schema, name: str) -> str:
    least, most = int(schema.get("minLength") or 0), int(schema.get("maxLength") or 10_000)
    kind = str(schema.get("format", ""))
    if "password" in name.lower() and kind in ("", "password"):
        kind = "password"
    if "email" in name.lower() and not kind:
        kind = "email"
    if schema.get("pattern") and kind not in _FORMATS:
        raise NoSample(f"{name or 'a text'} has the pattern {schema['pattern']}")
    if kind in _FORMATS:
        return _FORMATS[kind]
    if most < UNIQUE_LENGTH:
        return "abcdefg"[: max(1, min(most, 7))]
    return "<<unique>>" + "x" * max(0, least - UNIQUE_LENGTH)


def _number(schema: Schema) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    value = 1.0 if low is None or float(low) < 1 else float(low)
    if schema.get("exclusiveMinimum") is not None and value <= float(schema["exclusiveMinimum"]):
        value = float(schema["exclusiveMinimum"]) + 1
    step = schema.get("multipleOf")
    if step:
        value = float(step) * max(1, round(value / float(step)))
    return min(value, float(high)) if high is not None and value > float(high) else value
