"""The live view on a terminal: steps, elapsed time, tests passing, tokens and money, redrawn in place."""

import time

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from workflows.events import Event
from workflows.render import clock, line


class LiveRenderer:
    """Finished lines scroll up; the last two lines show what is going on now."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._title = "Starting"
        self._since = time.monotonic()
        self._offset = 0.0
        self._status: dict[str, str] = {}
        self._spinner = Spinner("dots")
        self._live: Live | None = None

    def __call__(self, event: Event) -> None:
        self._offset, self._since = event.elapsed_s, time.monotonic()
        data = event.data
        if event.kind == "step_started":
            self._title = str(data["title"])
        elif event.kind == "tests":
            self._status["tests"] = f"{data['passed']}/{data['total']} tests"
        elif event.kind == "usage":
            self._status["tokens"] = f"{data['input_tokens'] + data['output_tokens']:,} tokens"
            self._status["money"] = f"${data['cost_usd']:.3f}"
        if event.kind == "run_ended":
            self.pause()
            return
        self._show(event)

    def _show(self, event: Event) -> None:
        if self._live is None:
            self._live = Live(get_renderable=self._view, console=self._console, refresh_per_second=8, transient=True)
            self._live.start()
        if text := line(event):
            style = "bold" if event.kind == "step_started" else ""
            self._console.print(Text(f"{clock(event.elapsed_s):>6}  {text}", style=style), soft_wrap=True)

    def _view(self) -> Group:
        elapsed = self._offset + time.monotonic() - self._since
        row = Table.grid(padding=(0, 1))
        details = "  ".join([clock(elapsed), *self._status.values()])
        row.add_row(self._spinner, Text(self._title, style="cyan"), Text(details, style="dim"))
        return Group(row)

    def pause(self) -> None:
        """Take the view off the screen, for a question or the end."""
        if self._live is not None:
            self._live.stop()
            self._live = None
