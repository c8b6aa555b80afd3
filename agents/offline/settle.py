"""From what was said about a field to its `FieldSpec`: types assumed, limits checked, contradictions shown."""

from agents.blueprints.spec import FieldSpec, FieldType
from agents.errors import Contradiction, NotUnderstood
from agents.offline.fields import RawField
from agents.offline.phrases import Kind, Trait
from agents.offline.words import assumed_type, reserved, spoken

_NUMBERS: set[FieldType] = {"int", "float", "decimal"}
_STRINGS: set[FieldType] = {"str", "text"}
_TEXTUAL = {
    "title",
    "name",
    "author",
    "isbn",
    "code",
    "slug",
    "label",
    "username",
    "nickname",
    "subject",
    "headline",
    "color",
}
_FIXED = {"id", "created_at"}


def _one(raw: RawField, kind: Kind, what: str) -> object | None:
    """The one value said, None when nothing was; saying the same twice is fine."""
    values = list(dict.fromkeys(t.value for t in raw.traits if t.kind == kind))
    if len(values) > 1:
        both = " and ".join(_shown(kind, v) for v in values[:2])
        raise Contradiction(f'"{raw.quote}": {spoken(raw.name)} is said to be both {both} ({what}).')
    return values[0] if values else None


def _shown(kind: Kind, value: object) -> str:
    if kind == "required":
        return "required" if value else "optional"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _type(raw: RawField) -> tuple[FieldType, bool]:
    """The field's type and whether it is our assumption."""
    said = _one(raw, "type", "its type")
    options = _one(raw, "choices", "its values")
    if options is not None:
        if said not in (None, "enum", "str"):
            raise Contradiction(
                f'"{raw.quote}": {spoken(raw.name)} is said to be both {said} and one of a list of words.'
            )
        return "enum", False
    if said == "enum":
        raise NotUnderstood(raw.quote, f'Name the values: "{raw.name} (one of draft, published)".')
    if said is not None:
        return said, False  # type: ignore[return-value]
    return _guess(raw), True


def _guess(raw: RawField) -> FieldType:
    kind = assumed_type(raw.name)
    limits = [t for t in raw.traits if t.kind in ("min", "max", "above", "below")]
    default = next((str(t.value).lower() for t in raw.traits if t.kind == "default"), "")
    if any(t.chars for t in limits):
        return kind if kind in _STRINGS else "str"
    if default in ("true", "false"):
        return "bool"
    if kind == "int" and not all(float(str(t.value)).is_integer() for t in limits):
        return "float"
    if kind == "str" and limits and raw.name.rpartition("_")[2] not in _TEXTUAL:
        return "int" if all(float(t.value).is_integer() for t in limits if not isinstance(t.value, tuple)) else "float"
    if kind == "str" and default.lstrip("-").isdigit():
        return "int"
    return kind


def _limits(raw: RawField, kind: FieldType) -> dict[str, float | int | None]:
    """Bounds under their `FieldSpec` names."""
    found: dict[str, float | int | None] = {}
    for trait in raw.traits:
        if trait.kind not in ("min", "max", "above", "below"):
            continue
        value = float(str(trait.value))
        name, number = _bound(raw, kind, trait, value)
        if found.setdefault(name, number) != number:
            raise Contradiction(f'"{raw.quote}": two different limits, {found[name]:g} and {number:g}.')
    low = max((v for v in (found.get("ge"), found.get("gt"), found.get("min_length")) if v is not None), default=None)
    high = min((v for v in (found.get("le"), found.get("lt"), found.get("max_length")) if v is not None), default=None)
    open_end = any(k in found for k in ("gt", "lt"))
    if low is not None and high is not None and (low > high or (open_end and low >= high)):
        raise Contradiction(f'"{raw.quote}": the lowest value {low:g} is above the highest value {high:g}.')
    return found


def _bound(raw: RawField, kind: FieldType, trait: Trait, value: float) -> tuple[str, float | int]:
    if kind in _NUMBERS and not trait.chars and (kind != "int" or value.is_integer()):
        return {"min": "ge", "max": "le", "above": "gt", "below": "lt"}[trait.kind], value
    if kind in _STRINGS and value >= 0 and value.is_integer():
        step = {"above": 1, "below": -1}.get(trait.kind, 0)
        return ("min_length" if trait.kind in ("min", "above") else "max_length"), int(value) + step
    raise NotUnderstood(raw.quote, f"A limit like this does not go with {spoken(raw.name)}, which is of type {kind}.")


def _default(raw: RawField, kind: FieldType, options: tuple[str, ...]) -> str | None:
    said = _one(raw, "default", "its default")
    if said is None:
        return None
    text = str(said)
    if kind == "bool":
        if text.lower() in ("true", "yes", "on", "1", "false", "no", "off", "0"):
            return "true" if text.lower() in ("true", "yes", "on", "1") else "false"
    elif kind in _NUMBERS:
        if text.lstrip("-").replace(".", "", 1).isdigit() and (kind != "int" or float(text).is_integer()):
            return text
    elif kind == "enum":
        if match := next((c for c in options if c.lower() == text.lower()), None):
            return match
    elif kind in _STRINGS:
        return text
    else:
        raise NotUnderstood(
            raw.quote, f"A default for a field of type {kind} is not offered; leave it out or make the field optional."
        )
    raise Contradiction(
        f'"{raw.quote}": the default {text} is not a value of {spoken(raw.name)} ({", ".join(options) or kind}).'
    )


def _check_default(raw: RawField, field: FieldSpec) -> None:
    if field.default is None or field.type not in _NUMBERS | _STRINGS:
        return
    value = float(field.default) if field.type in _NUMBERS else float(len(field.default))
    low, high = (field.ge, field.le) if field.type in _NUMBERS else (field.min_length, field.max_length)
    outside = (low is not None and value < low) or (high is not None and value > high)
    outside = outside or (field.gt is not None and value <= field.gt) or (field.lt is not None and value >= field.lt)
    if outside:
        raise Contradiction(f'"{raw.quote}": the default {field.default} is outside the limits.')


def settle(raw: RawField) -> FieldSpec | None:
    """The field, None for `id` and `created_at`, which every resource has.

    Raises:
        Contradiction: it is said to be two things at once.
        NotUnderstood: the name or a limit cannot be had.
    """
    if raw.name in _FIXED:
        if {t.value for t in raw.traits if t.kind == "type"} - {"int", "datetime"}:
            raise NotUnderstood(
                raw.quote, f"Every resource has its own {raw.name} (an integer id, the time of creation); leave it out."
            )
        return None
    if reserved(raw.name):
        raise NotUnderstood(
            raw.quote, f'"{raw.name}" is taken by Python or the libraries; call it "{raw.name}_value", for instance.'
        )
    kind, assumed = _type(raw)
    options = next((t.value for t in raw.traits if t.kind == "choices" and isinstance(t.value, tuple)), ())
    if len(set(options)) != len(options):
        raise Contradiction(f'"{raw.quote}": a value is listed twice.')
    required = _one(raw, "required", "required or optional")
    default = _default(raw, kind, options)
    field = FieldSpec(
        name=raw.name, type=kind, required=required is not False and default is None, choices=options, default=default,
        unique=any(t.kind == "unique" for t in raw.traits), assumed_type=assumed, **_limits(raw, kind),
    )  # fmt: skip
    _check_default(raw, field)
    return field
