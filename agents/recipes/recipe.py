"""What a recipe is and what comes out of applying one."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agents.recipes.repo import Note, Repo


class WrongArgument(ValueError):
    """A recipe was asked for in words it does not understand; the message says what is right."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What applying a recipe would do; nothing has been written."""

    changes: dict[str, str | None] = field(default_factory=dict)
    """Path -> new text, None for a file that goes."""
    notes: tuple[Note, ...] = ()
    """What was left out, and what a reader should know about what was done."""
    added: tuple[str, ...] = ()
    """Requirement lines that were added."""
    removed: tuple[str, ...] = ()
    """Names of packages that are no longer required."""

    def __bool__(self) -> bool:
        return bool(self.changes)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One refactoring; its page in `pages/` says why, and holds the examples that are its tests."""

    name: str
    rewrite: Callable[[Repo], None]
    by: str
    """The library that does the work, `libcst` when only the syntax tree is a library's."""
    openapi: str = ""
    """How the OpenAPI document changes; empty when it stays as it is."""
    tests: bool = False
    """Files of tests are rewritten too."""
    argument: str = ""
    """What follows the name after a colon, in words; empty when nothing does."""
