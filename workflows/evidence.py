"""What a fix knows of its bug, as values kept in the record: where it may be, who brought it, what may end it."""

from pydantic import Field

from agents.contracts import Frozen

WHERE = "where"
CULPRIT = "culprit"
REPAIRS = "repairs"
PATCHES = "patches"


class Place(Frozen):
    """A line that is suspected."""

    path: str
    line: int
    score: float
    """0 to 1."""
    reasons: tuple[str, ...] = ()
    text: str = ""
    """The line itself."""


class Where(Frozen):
    """The suspected lines, most suspected first."""

    places: tuple[Place, ...] = ()
    note: str = ""
    """Why there are none, or fewer than could be."""
    seconds: float = 0.0


class Culprit(Frozen):
    """What a bisection found."""

    sha: str = ""
    """Empty: the bug was there already in the commit that the user named."""
    subject: str = ""
    suspects: tuple[str, ...] = ()
    asked: int = 0
    lines: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    """File -> numbers (from 1) of the lines it brought, as they stand in it."""


class Repair(Frozen):
    """A change that ends the bug, as far as the search could tell."""

    says: str
    where: str
    """`app/books.py:12`."""
    family: str
    files: dict[str, str]
    """Path -> the whole new text."""
    trust: str = ""
    """Why it is believed, or how far."""
    doubt: str = ""
    """Why it is not believed; empty for one that may be tried."""


class Repairs(Frozen):
    """What a search came to."""

    ready: tuple[Repair, ...] = ()
    """Those to try, best first."""
    rejected: tuple[Repair, ...] = ()
    """Those that make the tests pass and are not believed."""
    equals: tuple[str, ...] = ()
    """What could not be told apart from the best: the tests do not say which is meant."""
    open: bool = False
    """The tests leave it open: others are as likely as the best."""
    tried: int = 0
    seconds: float = 0.0
    note: str = ""

    @property
    def per_second(self) -> float:
        """Candidates tried in a second."""
        return self.tried / self.seconds if self.seconds else 0.0


class Tried(Frozen):
    """One patch of a model."""

    says: str
    files: tuple[str, ...] = ()
    why: str = ""
    """Why it was or was not chosen."""
    chosen: bool = False


class Patches(Frozen):
    """The patches that were made side by side."""

    tried: tuple[Tried, ...] = ()
    different: int = 0
    """How many that differ make every test pass; more than one says that the tests leave it open."""
