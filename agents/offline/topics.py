"""A topic: one acceptance criterion and the tests that prove it, as text; and the words tests are made of."""

import builtins
import keyword
from dataclasses import dataclass

from agents.blueprints.spec import Action, FieldSpec
from agents.offline.payloads import Value, distinct, sample
from agents.offline.source import argument, path_before, quoted
from agents.offline.words import an
from agents.offline.world import Thing, World, creatable


@dataclass(frozen=True, slots=True)
class Check:
    """One test function."""

    name: str
    says: str
    """What its docstring says after the criterion's number."""
    body: tuple[str, ...]
    parameter: str = ""
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """A criterion with its tests; `file` is the stem of the test module."""

    file: str
    text: str
    checks: tuple[Check, ...]
    guard: bool = False


def lines(text: str) -> tuple[str, ...]:
    """The lines of an indented block, outer indentation removed, empty ones at the ends dropped."""
    rows = text.strip("\n").rstrip().split("\n")
    indent = min((len(r) - len(r.lstrip()) for r in rows if r.strip()), default=0)
    return tuple(r[indent:].rstrip() for r in rows)


class Words:
    """How tests speak of one resource: calls, paths, headers."""

    def __init__(self, world: World, thing: Thing) -> None:
        self.world = world
        self.thing = thing
        self.var = variable(thing.name)
        self.parent = world.things.get(thing.parent) if thing.parent else None

    def needs_unique(self, thing: Thing | None = None) -> bool:
        """The payload holds a value that must differ from test to test."""
        thing = thing or self.thing
        if any(f.unique and distinct(f) for f in thing.fields if sends(f, thing)):
            return True
        targets = [r.target for r in thing.relations if r.kind == "many_to_one" and r.required]
        return any(
            self.needs_unique(self.world.things[t]) for t in targets if t in self.world.things and t != thing.name
        )

    def login(self, *actions: Action) -> str:
        """`, headers=login(client)` when one of the actions needs it."""
        who = "admin" if set(actions) & self.thing.admin else "login"
        return f", headers={who}(client)" if set(actions) & self.thing.guarded else ""

    def new(self, changes: str = "") -> str:
        """A call that gives a valid body."""
        required = [r for r in self.thing.references if r.required]
        own = any(f.unique and distinct(f) for f in self.thing.fields if sends(f, self.thing)) or bool(
            required and self.needs_unique()
        )
        given = [*(["client"] if required else []), *(["unique"] if own else []), *([changes] if changes else [])]
        return f"new_{self.thing.name}({', '.join(given)})"

    def make(self, changes: str = "") -> str:
        """A call that creates one and gives the answer."""
        given = ["client", *(["unique"] if self.needs_unique() else []), *([changes] if changes else [])]
        return f"make_{self.thing.name}({', '.join(given)})"

    def start(self) -> list[str]:
        """Lines that set up the parent, when there is one."""
        return [f"{variable(self.parent.name)} = {Words(self.world, self.parent).make()}"] if self.parent else []

    @property
    def collection(self) -> str:
        """Source of the collection's path, the parent (if any) in a variable of its name."""
        if self.parent is None:
            return quoted(self.thing.path)
        last = self.thing.plural.replace("_", "-")
        return path_before(self.parent.path, f"{variable(self.parent.name)}['id']", f"/{last}")

    def item(self, key: str = "") -> str:
        """Source of an item's path; `key` replaces the expression for the id."""
        return path_before(self.thing.path, key or f"{self.var}['id']")

    def listed(self, query: str = "") -> str:
        """A call that gives every item of the list; `query` holds arguments."""
        who = "admin(client)" if "list" in self.thing.admin else "login(client)"
        login = [who] if "list" in self.thing.guarded else []
        return f"listed({', '.join(['client', self.collection, *login, *([query] if query else [])])})"

    def below(self, changes: str = "") -> str:
        """`make`, below the parent that is in a variable already."""
        first = f"{self.above}={variable(self.parent.name)}" if self.parent else ""
        return self.make(", ".join(part for part in (first, changes) if part))

    @property
    def above(self) -> str:
        """The parameter of `make_...` that takes the parent; never one of the body's names."""
        name, body = variable(self.parent.name if self.parent else ""), self.body_names
        while name in body:
            name = f"the_{name}"
        return name

    @property
    def body_names(self) -> set[str]:
        """Names a body may have."""
        links = {self.world.things[r.target].plural for r in self.thing.links if r.target in self.world.things}
        return {f.name for f in self.thing.fields} | {f"{r.target}_id" for r in self.thing.references} | links

    def given(self, field: FieldSpec) -> str:
        """The test's parameter for values of a field; never the variable of the item or its parent."""
        name = variable(field.name)
        used = {self.var, variable(self.parent.name)} if self.parent else {self.var}
        return f"{name}_value" if name in used else name

    def key(self, target: Thing) -> str | None:
        """Source of a key a body may name: a new one, or that of an item made for it; None when there is none."""
        field = target.key_field
        new = distinct(field) if field else "unique()"
        if field is None or new is None or creatable(target):
            return new
        if "create" not in target.actions:
            return None
        return f'{Words(self.world, target).make(argument(field.name, new))}["{field.name}"]'

    @property
    def name(self) -> str:
        """For test names: `a_book`."""
        return an(self.thing.name).replace(" ", "_")


_TAKEN = frozenset(
    """client unique low high datetime newcomer answer answers sent rows listed login register first second found match
    stranger wanted other one two both half order made ids page word name old new none value values changes untouched
    query request account body base_url token httpx pytest uuid json time base64 key kept
    csv io columns table writer before after last taken stored
    stream missed channel change said socket long headers again begun
    headers later every cursor body ids more""".split()  # noqa: SIM905 - a list of words reads best as text
)
"""Names the tests use themselves."""


def variable(name: str) -> str:
    """A name for a variable or parameter of a test, never one the test uses otherwise."""
    taken = name in _TAKEN or keyword.iskeyword(name) or hasattr(builtins, name) or name.startswith(("new_", "make_"))
    return f"the_{name}" if taken else name


def sends(field: FieldSpec, thing: Thing) -> bool:
    """A valid body of our making has this field: all of a new resource, only what is needed of an existing one."""
    return not thing.exists or field.required or field in thing.added


def value_for(field: FieldSpec) -> str:
    """A valid value, different in every test when the field is unique."""
    return (distinct(field) if field.unique else None) or sample(field)
