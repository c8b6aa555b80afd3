"""One reason, with the line to change."""

from agents.contracts import Frozen


class Trouble(Frozen):
    """Why an application does not start or answer."""

    reason: str
    """One of the usual ones (`import cycle`, `missing setting`), else `other`."""
    what: str
    """What happens, in a sentence."""
    change: str
    """What to do."""
    path: str = ""
    line: int = 0
    code: str = ""
    """The line as it is."""
    shown: str = ""
    """What the sandbox saw: the last line of the error, or the request and its answer."""
