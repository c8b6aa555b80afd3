"""Which gates run beside the tests, and how each is switched off."""

from dataclasses import dataclass

ALL = ("lint", "types", "rules", "documented", "contract", "migrations", "schema", "attacks", "preserved", "coverage")
"""Their names, as `gates_off` takes them."""
_SHOWN = {"house rules": "rules", "requests from the schema": "schema", "coverage of the change": "coverage"}
_SETTINGS = {"mutants of the change": "mutants = false", "held-out checks": "held_out = false"}


def switch_of(gate: str) -> str:
    """The setting that switches off the gate of that name; empty when nothing does."""
    if gate in _SETTINGS:
        return _SETTINGS[gate]
    name = _SHOWN.get(gate, gate.partition(" on ")[0].partition(":")[0])
    return f'gates_off = ["{name}"]' if name in ALL else ""


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
