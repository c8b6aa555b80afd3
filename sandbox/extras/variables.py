"""The environment variables a repository's processes read about servers, each with the value that counts."""

from dataclasses import dataclass
from typing import Literal

from sandbox.extras.addresses import SQLITE, Address, Meaning, may_be_set, meaning_of, parse_url
from sandbox.extras.code import CodeSays, Variable
from sandbox.extras.evidence import Assigned, Evidence, Rank
from sandbox.extras.values import Name

NEAR = (Rank.CI, Rank.TESTS, Rank.TEST_ENV)
"""Files that say how tests are run."""


@dataclass(frozen=True, slots=True)
class Settled:
    """One variable."""

    name: str
    value: str
    """Empty: nobody gives it one."""
    path: str
    """Where the value (or the variable) stands."""
    rank: Rank
    state: Literal["given", "open", "unneeded"]
    """`open`: read and without a value. `unneeded`: the code does without."""
    read: bool
    """Some code reads it; False: only configuration names it."""

    @property
    def address(self) -> Address | None:
        """What its value leads to."""
        return parse_url(self.value)

    @property
    def meaning(self) -> Meaning | None:
        """What its name says."""
        return meaning_of(self.name)

    @property
    def near(self) -> bool:
        """The value is one that tests are run with."""
        return self.rank in NEAR

    def about(self, server: Name) -> bool:
        """Value or else name is about this server."""
        if self.address is not None:
            return self.address.kind == server
        return self.meaning is not None and self.meaning.server == server

    @property
    def is_lite(self) -> bool:
        """It names a SQLite database."""
        return SQLITE.match(self.value) is not None


def settle(evidence: Evidence, says: CodeSays) -> tuple[Settled, ...]:
    """Every variable about a server, those nearest to the tests first."""
    assigned: dict[str, list[Assigned]] = {}
    for one in evidence.assigned:
        assigned.setdefault(one.name.upper(), []).append(one)
    read: dict[str, list[Variable]] = {}
    for variable in says.variables:
        read.setdefault(variable.name.upper(), []).append(variable)
    found = []
    for name in dict.fromkeys((*read, *assigned)):
        settled = _settle(assigned.get(name, []), read.get(name, []))
        if may_be_set(settled.name) and (settled.meaning or settled.address):
            found.append(settled)
    return tuple(sorted(found, key=lambda s: (s.rank, not s.read, s.name != "DATABASE_URL", s.name)))


def _settle(assigned: list[Assigned], read: list[Variable]) -> Settled:
    name = (read or assigned)[0].name
    defaults = [v for v in read if not v.set_by_test]
    given = [(a.rank, a.value, a.path) for a in assigned if a.value]
    given += [(Rank.TESTS, v.value, v.path) for v in read if v.set_by_test and v.value]
    given += [(Rank.CODE, v.value, v.path) for v in defaults if v.value]
    if _does_without(name, given, defaults):
        lite = [one for one in given if SQLITE.match(one[1])]
        rank, value, path = lite[0] if lite else (Rank.CODE, "", defaults[0].path)
        return Settled(name, value, path, rank, "unneeded", read=True)
    if given:
        rank, value, path = min(given, key=lambda one: one[0])
        return Settled(name, value, path, rank, "given", read=bool(read))
    place = read[0].path if read else assigned[0].path
    needed = any(v.state in ("required", "computed") for v in defaults)
    return Settled(name, "", place, Rank.CODE, "open" if needed else "unneeded", read=bool(read))


def _does_without(name: str, given: list[tuple[Rank, str, str]], defaults: list[Variable]) -> bool:
    """Whether the code's own default is SQLite or nothing, and no file about tests says otherwise."""
    meaning = meaning_of(name)
    decides = meaning is None or meaning.kind == "url" or meaning.part == "host"
    if not defaults or not decides or any(rank in NEAR for rank, _, _ in given):
        return False
    if any(v.state in ("required", "computed") for v in defaults):
        return False
    values = [v.value for v in defaults if v.value]
    return not values or any(SQLITE.match(value) for value in values)
