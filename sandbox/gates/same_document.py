"""The OpenAPI document of a refactored service: the same, to the last description, or where that is asked for, the same
contract."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sandbox.gates.findings import GateFinding, GateResult, evidence
from sandbox.gates.openapi_diff import differences
from sandbox.reports import Gate

NAME = "preserved: OpenAPI document"
Asked = Literal["identical", "compatible"]
"""`compatible`: it may say more, and say it in another way, as long as no client breaks; that something may be null is
said or left unsaid by versions of Pydantic."""


def same_document(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, asked: Asked = "identical"
) -> GateResult | None:
    """Hold two documents against each other; None where there was none before."""
    if before is None:
        return None
    if after is None:
        gone = GateFinding(gate=NAME, code="gone", text="the service publishes no document any more")
        return GateResult(gate=_gate([gone], "", passed=False), findings=(gone,))
    rows = [GateFinding(gate=NAME, code=place.split(" ")[0], text=place) for place in places(before, after)]
    if asked == "identical" or not rows:
        size = sum(len(item) for item in before.get("paths", {}).values() if isinstance(item, Mapping))
        return GateResult(gate=_gate(rows, f"identical ({size} operations)", passed=not rows), findings=tuple(rows))
    plain = [without_null(document) for document in (before, after)]
    broken = [c for c in differences(*plain) if c.kind == "breaking"]
    found = [GateFinding(gate=NAME, code=change.where, text=change.words) for change in broken]
    good = f"asked for: {len(rows)} places differ, no client breaks; {evidence(rows, '', 3)}"
    return GateResult(gate=_gate(found, good, passed=not found), findings=tuple(found))


def _gate(rows: list[GateFinding], good: str, *, passed: bool) -> Gate:
    told = "; ".join(row.text for row in rows[:5]) + (f"; and {len(rows) - 5} more" if len(rows) > 5 else "")
    return Gate(name=NAME, passed=passed, evidence=told or good, command="compare /openapi.json of both commits")


def without_null(value: Any) -> Any:
    """A document in which nothing says that it may be null."""
    if isinstance(value, list):
        return [without_null(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    found = {key: without_null(one) for key, one in value.items() if key != "nullable"}
    options = found.get("anyOf")
    if isinstance(options, list):
        kept = [one for one in options if one != {"type": "null"}]
        if len(kept) == 1 and len(options) > 1 and isinstance(kept[0], dict):
            return {**{key: one for key, one in found.items() if key != "anyOf"}, **kept[0]}
        found["anyOf"] = kept
    return found


def places(before: object, after: object, where: str = "") -> Iterator[str]:
    """Places (`paths./books.get.summary`) at which two JSON documents are not the same."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}, key=str):
            place = f"{where}.{key}" if where else str(key)
            if key not in before or key not in after:
                yield f"{place} is {'new' if key not in before else 'gone'}"
            else:
                yield from places(before[key], after[key], place)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from places(one, other, f"{where}.{number}")
    elif before != after or type(before) is not type(after):
        yield f"{where} was {str(before)[:60]!r}, is {str(after)[:60]!r}"
