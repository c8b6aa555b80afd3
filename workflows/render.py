"""Events to lines: plain text for pipes and logs, JSON lines for programs, a live view for a terminal."""

from collections.abc import Callable

from sandbox.text import clean as printable
from sandbox.text import counted
from workflows.events import Event

Write = Callable[[str], None]


class JsonRenderer:
    """One JSON object per event."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def __call__(self, event: Event) -> None:
        self._write(event.model_dump_json())

    def pause(self) -> None:
        """Nothing to pause."""


class PlainRenderer:
    """One short line per thing worth knowing."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def __call__(self, event: Event) -> None:
        if text := line(event):
            self._write(f"{clock(event.elapsed_s)}  {text}")

    def pause(self) -> None:
        """Nothing to pause."""


def clock(seconds: float) -> str:
    """`m:ss`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def line(event: Event) -> str:
    """An event in one line, empty for those nobody needs to read."""
    data = event.data
    match event.kind:
        case "run_started":
            text = f"run {data['run']}, engine {data['engine']}"
        case "step_started":
            text = str(data["title"])
        case "note":
            text = f"  {data['text']}"
        case "plan":
            text = f"  plan: {data['summary']} ({counted(len(data['criteria']), 'criterion', 'criteria')})"
        case "commit":
            text = f"  commit {str(data['sha'])[:10]} {data['subject']}"
        case "tests":
            text = tests_line(data)
        case "verdict":
            text = f"  verdict {data['word']}: {data['passed']} of {data['total']} tests" + reason_of(data)
        case _:
            return ""
    return printable(text)


def tests_line(data: dict[str, object]) -> str:
    """How a run of the tests went."""
    if str(data["step"]).startswith("red"):
        failing = f"  {int(str(data['total'])) - int(str(data['passed']))} of {data['total']} new tests fail"
        return failing + (f", {data['passed']} guard what is there" if data["passed"] else "")
    text = f"  {data['passed']} of {data['total']} tests pass"
    return text if data["word"] in ("green", "red") else f"{text} [{data['word']}]" + reason_of(data)


def reason_of(data: dict[str, object]) -> str:
    """`: reason` when there is one."""
    return f": {data['reason']}" if data.get("reason") else ""
