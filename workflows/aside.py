"""Work on a repository that is no run: a review, a survey, an examination. It leaves nothing behind."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agents.contracts import Request
from workflows.events import Event
from workflows.runs import RunBusy, RunNotFound, Runs
from workflows.services import assemble
from workflows.settings import Loaded
from workflows.state import Context

FOLDER = "reviews"
ABANDONED_S = 60.0
"""After so many seconds what nobody works on was killed."""


@contextmanager
def aside(
    repo: Path,
    text: str,
    loaded: Loaded,
    engine: str,
    cancelled: Callable[[], bool],
    tell: Callable[[Event], None] = lambda _: None,
    *,
    include_dirty: bool = True,
) -> Iterator[Context]:
    """A context on a repository as it is now, by default with uncommitted changes; `text` says what for."""
    runs = Runs(loaded.values.state_dir / FOLDER)
    for old in runs.list():
        if time.time() - old.created > ABANDONED_S:
            with suppress(RunBusy, RunNotFound):
                runs.remove(old.id)
    info = runs.create(Request(kind="review", text=text), repo, engine, {"include_dirty": include_dirty})
    try:
        with runs.lock(info.id):
            context = assemble(runs, info, loaded, cancelled)
            context.record.listen(tell)
            try:
                yield context
            finally:
                context.lab.close()
    finally:
        with suppress(RunBusy, RunNotFound):
            runs.remove(info.id)
