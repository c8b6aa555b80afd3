"""Program output made fit for a person, a record or a prompt: no control sequences, bounded head and tail."""

import re

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # OSC, DCS and the like, with their payload
    r"|\x1b[ -/]*[0-~]"  # two-byte escapes
    r"|[\x80-\x9f]"  # C1 controls
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(raw: bytes | str) -> str:
    """Decode as UTF-8 (bad bytes replaced) and drop escape sequences, control and bidi-override characters."""
    text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", text)
    return text.encode("utf-8", "replace").decode("utf-8")


def cut(text: str, limit: int = 8000) -> str:
    """At most about `limit` characters: the head and, twice as long, the tail; says how much is missing."""
    if len(text) <= limit:
        return text
    head = limit // 3
    tail = limit - head
    return f"{text[:head]}\n... {len(text) - head - tail} characters cut ...\n{text[-tail:]}"


def shown(raw: bytes | str, limit: int = 8000) -> str:
    """`clean`, then `cut`."""
    return cut(clean(raw).strip("\n"), limit)


def escaped(name: str) -> str:
    """A path or node id fit to be shown: what cannot be printed is written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 test`, `2 tests`; `many`: where it is not `one` with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def last_line(raw: bytes | str, limit: int = 300) -> str:
    """The last line that is not blank, cleaned and cut; empty when there is none."""
    lines = [line.strip() for line in clean(raw).splitlines() if line.strip()]
    return lines[-1][:limit] if lines else ""
