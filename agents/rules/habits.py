"""A flaw that most of a file has is a habit: one finding for the file instead of one for each place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agents.rules.rule import Change, Hit, hit
from agents.rules.scopes import Scope

_FEW = 2


@dataclass(frozen=True, slots=True)
class Use:
    """A function that has the flaw, or could have it and has not (`flaw` empty)."""

    scope: Scope
    flaw: str
    """The message of a finding of its own."""
    changes: tuple[Change, ...] = ()


def by_habit(uses: Iterable[Use], told: str) -> Iterator[Hit]:
    """Findings for each function, or one for a file most of whose functions have the flaw.

    Args:
        told: the message of a file's finding, with `{count}`, `{all}`, `{file}` and `{first}` in it.
    """
    by_file: dict[str, list[Use]] = {}
    for use in uses:
        by_file.setdefault(use.scope.module.file, []).append(use)
    for file, listed in by_file.items():
        flawed = [use for use in listed if use.flaw]
        if len(flawed) > _FEW and len(flawed) * 2 > len(listed):
            first = flawed[0].scope
            message = told.format(count=len(flawed), all=len(listed), file=file, first=first.function.name)
            yield Hit(first.module, first.node, message, tuple(c for use in flawed for c in use.changes), key="file")
            continue
        for use in flawed:
            yield hit(use.scope, use.scope.node, use.flaw, use.changes)
