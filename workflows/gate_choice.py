"""Which gates run beside the tests."""

from dataclasses import dataclass

ALL = ("lint", "types", "documented", "contract", "migrations", "schema", "attacks")
"""Their names, as `gates_off` takes them."""


@dataclass(frozen=True)
class Gates:
    """`off`: names of gates that do not run; `budget_s`: for requests and attacks, seconds each."""

    off: frozenset[str] = frozenset()
    budget_s: float = 60.0

    def on(self, name: str) -> bool:
        """Whether a gate runs."""
        return name not in self.off

    def words(self) -> tuple[object, ...]:
        """What of this a verdict depends on."""
        return tuple(sorted(self.off)), self.budget_s
