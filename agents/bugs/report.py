"""What a bug report says, as values."""

from agents.contracts import Frozen


class Frame(Frozen):
    """One line of a stack trace."""

    file: str
    """As printed; see `traces.located`."""
    line: int
    function: str = ""
    code: str = ""


class Trace(Frozen):
    """One exception with the way to it, innermost frame last."""

    frames: tuple[Frame, ...]
    error: str
    """The exception's name, e.g. `KeyError`."""
    message: str = ""


class Exchange(Frozen):
    """One HTTP request and what is said about its answer."""

    method: str
    path: str
    """With its query."""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    seen_status: int | None = None
    expected_status: int | None = None
    seen_body: str = ""
    expected_body: str = ""

    @property
    def tells(self) -> bool:
        """It can be checked: something is expected, or what was seen is a server error."""
        return (
            self.expected_status is not None
            or bool(self.expected_body)
            or (self.seen_status is not None and self.seen_status >= 500)
        )


class Example(Frozen):
    """One Python expression and what it should come to."""

    call: str
    expected: str = ""
    """An expression; empty when only an error is spoken of."""
    seen: str = ""
    raises: str = ""
    """The exception that is expected."""
    seen_error: str = ""
    """The exception that was seen and should not be there (unless `raises` names it)."""

    @property
    def tells(self) -> bool:
        """It can be checked."""
        return bool(self.expected or self.raises or self.seen_error)


class BugReport(Frozen):
    """One bug, as somebody told it."""

    text: str
    expected: str = ""
    actual: str = ""
    steps: str = ""
    traces: tuple[Trace, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    examples: tuple[Example, ...] = ()
    tests: tuple[str, ...] = ()
    """Node ids of tests that show it."""

    @property
    def words(self) -> str:
        """One line for people."""
        lines = [line.strip(" #*-") for line in (self.actual or self.text).splitlines() if line.strip(" #*-`")]
        return lines[0][:200] if lines else "a bug"
