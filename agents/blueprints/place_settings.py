"""Settings that blocks bring, told where an existing application tells its own: `.env.example`, the compose file."""

import re
from collections.abc import Mapping, Sequence

from agents.blueprints.blocks import block_env, block_needs
from agents.blueprints.compose import COMPOSE, with_variables
from agents.blueprints.spec import BlockSpec
from agents.profile import Source

_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", "example.env")


def new_settings(source: Source, blocks: Sequence[BlockSpec], plurals: Mapping[str, str]) -> dict[str, str]:
    """Path -> new content of the files that name settings, where there are some and a block brings new ones.

    Args:
        plurals: of the resources the blocks are for.
    """
    files = set(source.files())
    found = {}
    for path in (p for p in _EXAMPLES if p in files):
        found[path] = _example(source.read(path), block_env(blocks, plurals))
    for path in (p for p in COMPOSE if p in files):
        found[path] = with_variables(source.read(path), block_needs(blocks))[0]
    return {path: text for path, text in found.items() if text != source.read(path)}


def _example(text: str, lines: Sequence[str]) -> str:
    """The lines of variables it does not have, each with the comment above it."""
    have = set(re.findall(r"^\s*#?\s*(?:export\s+)?(\w+)\s*=", text, re.MULTILINE))
    new: list[str] = []
    notes: list[str] = []
    for line in lines:
        if line.startswith("#"):
            notes = [line]
        elif line.partition("=")[0] not in have:
            new += [*notes, line]
            notes = []
    end = "\r\n" if "\r\n" in text else "\n"
    start = text if not text or text.endswith("\n") else text + end
    return start + "".join(line + end for line in new) if new else text
