"""Building blocks with their resources found and their numbers said."""

from collections.abc import Sequence

from agents.blueprints.names import words
from agents.blueprints.spec import BlockSpec
from agents.errors import Contradiction
from agents.offline.assemble import Notes
from agents.offline.draft import Table
from agents.offline.facts import Adds
from agents.offline.reading import Said


def block_specs(said: Sequence[Said], table: Table, notes: Notes) -> tuple[BlockSpec, ...]:
    """Each block once, for each resource once.

    Raises:
        NotUnderstood: a resource that is not there.
        Contradiction: the same block with other numbers.
    """
    found: dict[tuple[str, str], BlockSpec] = {}
    for item in said:
        if not isinstance(item.fact, Adds):
            continue
        block, resource = item.fact.block, item.fact.resource
        if resource != "":
            block = block.model_copy(update={"resource": table.need(resource, item.quote).name})
        before = found.setdefault((block.name, block.resource), block)
        if before != block and block.name == "body_limit":
            block = max(before, block, key=lambda one: one.amount)
        elif before != block and _differ(before, block):
            raise Contradiction(f'"{item.quote}": {words(block.name)} was asked for with other values before.')
        if before != block:
            names = tuple(dict.fromkeys((*before.names, *block.names)))
            found[block.name, block.resource] = block.model_copy(update={"names": names})
        if item.fact.assumed:
            notes.assumptions.append(_numbers(block))
    return tuple(found.values())


def _differ(one: BlockSpec, other: BlockSpec) -> bool:
    """Both cannot be had."""
    return (one.amount, one.seconds) != (other.amount, other.seconds) or one.name == "http_client"


def _numbers(block: BlockSpec) -> str:
    name = words(block.name).capitalize()
    if block.seconds:
        return f"{name}: {block.amount} per {block.seconds} seconds."
    return f"{name}: at most {block.amount:,} bytes each."
