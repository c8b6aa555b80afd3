"""A flaw that most of a file has is a habit: one finding for the file instead of one for each place."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from agents.rules.project import Project
from agents.rules.rule import Change, Hit, hit
from agents.rules.scopes import Scope

_FEW = 2
Find = Callable[[Project], Iterable[Hit]]


def per_function(find: Find) -> Find:
    """The first of a rule's findings in each function; the message says how many there are."""

    def first_of_each(project: Project) -> Iterator[Hit]:
        groups: dict[tuple[str, str], list[Hit]] = {}
        for found in find(project):
            groups.setdefault((found.module.file, found.around), []).append(found)
        for (_, around), hits in groups.items():
            first = min(hits, key=lambda h: (getattr(h.node, "lineno", 0), getattr(h.node, "col_offset", 0)))
            more = f" (and {len(hits) - 1} more in {around})" if len(hits) > 1 else ""
            yield replace(first, message=first.message + more, key="function")

    return first_of_each


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
            changes = tuple(c for use in flawed for c in use.changes)
            yield Hit(first.module, first.node, message, changes, places=len(flawed), key="file")
            continue
        for use in flawed:
            yield hit(use.scope, use.scope.node, use.flaw, use.changes)
