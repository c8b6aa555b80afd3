"""Two JSON schemas of an OpenAPI document held against each other: what a client would notice."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Direction = Literal["request", "response"]
"""`request`: the new schema takes all that the old one took. `response`: it gives nothing the old one did not."""
Schema = Mapping[str, Any]
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_DEEPEST = 40


@dataclass(slots=True)
class Comparison:
    """Two documents, and the pairs of named schemas that are being compared already."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    direction: Direction
    seen: set[tuple[str, str]] = field(default_factory=set)

    def breaks(self, old: Schema, new: Schema, where: str, depth: int = 0) -> Iterator[str]:
        """Lines on what breaks, each beginning with the place."""
        refs = str(old.get("$ref", "")), str(new.get("$ref", ""))
        if depth > _DEEPEST or (any(refs) and refs in self.seen):
            return
        if any(refs):
            self.seen.add(refs)
        before, after = resolved(self.old, old), resolved(self.new, new)
        variants = _variants(before), _variants(after)
        if max(len(one) for one in variants) > 1:
            yield from self._unions(*variants, where, depth)
            return
        yield from self._plain(before, after, where, depth)

    def _unions(self, before: list[Schema], after: list[Schema], where: str, depth: int) -> Iterator[str]:
        """Every variant one side relies on has to be among the other side's."""
        needed, offered = (before, after) if self.direction == "request" else (after, before)
        for one in needed:
            if not any(self._fits(one, other, depth) for other in offered):
                word = "is not accepted any more" if self.direction == "request" else "can be answered now"
                yield f"{where}: {_named(one)} {word}"

    def _fits(self, one: Schema, other: Schema, depth: int) -> bool:
        old, new = (one, other) if self.direction == "request" else (other, one)
        trial = Comparison(self.old, self.new, self.direction, set(self.seen))
        return next(trial.breaks(old, new, "", depth + 1), None) is None

    def _plain(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[str]:
        kinds = types_of(old), types_of(new)
        if gone := _unlike(kinds, self.direction):
            yield f"{where}: type {'/'.join(sorted(kinds[0]))} became {'/'.join(sorted(kinds[1]))}"
            if gone == kinds[0 if self.direction == "request" else 1]:
                return
        yield from self._limits(old, new, where)
        yield from self._properties(old, new, where, depth)
        if "items" in old and "items" in new:
            yield from self.breaks(old["items"], new["items"], f"{where}[]", depth + 1)

    def _limits(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        """A request may not be held tighter. In answers wider limits are no break: clients do not rely on them."""
        enums = _enum(old), _enum(new)
        if self.direction == "response":
            if enums[0] is not None and (enums[1] is None or enums[1] - enums[0]):
                more = ", ".join(sorted(enums[1] - enums[0])[:3]) if enums[1] is not None else "anything"
                yield f"{where}: may now be {more}"
            return
        if enums[1] is not None and (enums[0] is None or enums[0] - enums[1]):
            lost = ", ".join(sorted((enums[0] or set()) - enums[1])[:3]) or "anything else"
            yield f"{where}: {lost} is not accepted any more"
        for name, tighter in (*((n, _less) for n in _UPPER), *((n, _more) for n in _LOWER)):
            if name in new and new[name] != old.get(name) and tighter(new[name], old.get(name)):
                yield f"{where}: {name} is now {new[name]} (was {old.get(name, 'not set')})"
        for name in ("pattern", "format", "multipleOf"):
            if name in new and new[name] != old.get(name):
                yield f"{where}: {name} is now {new[name]} (was {old.get(name, 'not set')})"

    def _properties(self, old: Schema, new: Schema, where: str, depth: int) -> Iterator[str]:
        before, after = old.get("properties") or {}, new.get("properties") or {}
        needed = set(old.get("required") or ()), set(new.get("required") or ())
        for name in before:
            if name not in after:
                if self.direction == "response" or new.get("additionalProperties") is False:
                    yield f"{where}.{name}: is gone"
                continue
            yield from self.breaks(before[name], after[name], f"{where}.{name}", depth + 1)
            if self.direction == "response" and name in needed[0] - needed[1]:
                yield f"{where}.{name}: is not always there any more"
        if self.direction == "request":
            yield from (f"{where}.{name}: is required now" for name in sorted(needed[1] - needed[0]))


def resolved(document: Mapping[str, Any], schema: Schema) -> Schema:
    """The schema a local reference means, `allOf` merged; an unknown reference is an empty schema."""
    for _ in range(_DEEPEST):
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            break
        target: Any = document
        for part in ref.removeprefix("#/").split("/"):
            target = target.get(part, {}) if isinstance(target, Mapping) else {}
        schema = target if isinstance(target, Mapping) else {}
    parts = schema.get("allOf")
    if not isinstance(parts, list):
        return schema
    merged: dict[str, Any] = {k: v for k, v in schema.items() if k != "allOf"}
    for part in parts:
        inner = resolved(document, part) if isinstance(part, Mapping) else {}
        merged["properties"] = {**merged.get("properties", {}), **inner.get("properties", {})}
        merged["required"] = [*merged.get("required", []), *inner.get("required", [])]
        merged |= {k: v for k, v in inner.items() if k not in ("properties", "required") and k not in merged}
    return {k: v for k, v in merged.items() if v not in ({}, [])}


def types_of(schema: Schema) -> frozenset[str]:
    """`{"string", "null"}`; empty when anything goes."""
    kind = schema.get("type")
    found = set(kind) if isinstance(kind, list) else {kind} if isinstance(kind, str) else set()
    if not found and "properties" in schema:
        found = {"object"}
    if not found and _enum(schema) is not None:
        values = schema["enum"] if "enum" in schema else [schema["const"]]
        names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
        found = {names.get(type(value), "object") for value in values}
    if schema.get("nullable") is True:
        found.add("null")
    return frozenset(found)


def _variants(schema: Schema) -> list[Schema]:
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list) and options:
        return [one for one in options if isinstance(one, Mapping)]
    kinds = schema.get("type")
    if isinstance(kinds, list) and len(kinds) > 1:
        return [{**schema, "type": kind} for kind in kinds]
    return [schema]


def _unlike(kinds: tuple[frozenset[str], frozenset[str]], direction: Direction) -> frozenset[str]:
    """Types one side relies on and the other does not have; an integer is a number."""
    before, after = kinds
    if not before or not after:
        loosened = (not after) if direction == "request" else (not before)
        return frozenset() if loosened or before == after else (before or after)
    needed, offered = (before, after) if direction == "request" else (after, before)
    return frozenset(k for k in needed if k not in offered and not (k == "integer" and "number" in offered))


def _enum(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {json.dumps(schema["const"])}
    values = schema.get("enum")
    return {json.dumps(value, sort_keys=True) for value in values} if isinstance(values, list) else None


def _less(new: Any, old: Any) -> bool:
    return old is None or new < old


def _more(new: Any, old: Any) -> bool:
    return new > (old or 0) if old is not None else new > 0 or not isinstance(new, int)


def _named(schema: Schema) -> str:
    ref = str(schema.get("$ref", "")).rpartition("/")[2]
    return ref or "/".join(sorted(types_of(schema))) or "anything"
