"""The run's record on disk: append-only events, paid replies, reports; `kill -9` loses nothing paid for."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from agents.masking import mask
from workflows.events import Event, Kind, Listener

M = TypeVar("M", bound=BaseModel)
TEMPORARY = ".tmp"


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file so that a crash leaves the old or the new content, never a mixture."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:  # whatever ended the write, no half file stays behind
        temporary.unlink(missing_ok=True)
        raise


def _append(path: Path, line: bytes) -> None:
    """Add one line; when the disk is full, nothing of it."""
    with path.open("ab", buffering=0) as stream:
        before = stream.seek(0, os.SEEK_END)
        try:
            while line:
                line = line[stream.write(line) or 0 :]
        except OSError:
            stream.truncate(before)
            raise


def read_events(path: Path, start: int = 0) -> Iterator[tuple[int, Event]]:
    """Complete events of a log from a byte offset on, each with the offset behind it; unreadable lines are left out."""
    with path.open("rb") as stream:
        stream.seek(start)
        for line in stream:
            if not line.endswith(b"\n"):
                return
            start += len(line)
            with suppress(ValueError):
                yield start, Event.model_validate_json(line)


class Record:
    """One run's directory. `secrets` are masked in everything that is written."""

    def __init__(self, home: Path, *, secrets: tuple[str, ...] = ()) -> None:
        self.home = home
        self._secrets = secrets
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()
        for name in ("replies", "reports"):
            (home / name).mkdir(parents=True, exist_ok=True)
        past = self.events()
        self._seq = past[-1].seq + 1 if past else 0
        self._end_cut_line()
        self._before = past[-1].elapsed_s if past else 0.0
        self._started = time.monotonic()

    def listen(self, listener: Listener) -> None:
        """Be told every event from now on."""
        self._listeners.append(listener)

    @property
    def elapsed_s(self) -> float:
        """Seconds of work on this run over all its sessions."""
        return self._before + time.monotonic() - self._started

    def emit(self, kind: Kind, **data: Any) -> None:
        """Append one event and tell the listeners; from any thread."""
        with self._lock:
            event = Event(seq=self._seq, at=time.time(), elapsed_s=round(self.elapsed_s, 3), kind=kind, data=data)
            line = mask(event.model_dump_json(), self._secrets)
            _append(self.home / "events.jsonl", line.encode() + b"\n")
            self._seq += 1
            for listener in tuple(self._listeners):
                self._tell(listener, Event.model_validate_json(line))

    def _tell(self, listener: Listener, event: Event) -> None:
        """A reader that went away (`| head`) does not end the run."""
        try:
            listener(event)
        except BrokenPipeError:
            self._listeners.remove(listener)

    def events(self) -> list[Event]:
        """Every event so far; a line cut by a crash is left out."""
        path = self.home / "events.jsonl"
        return [event for _, event in read_events(path)] if path.exists() else []

    def _end_cut_line(self) -> None:
        """A line cut by a crash must not swallow the next one: it is taken away."""
        path = self.home / "events.jsonl"
        if not path.exists():
            return
        whole = path.read_bytes().rpartition(b"\n")
        if whole[2]:
            os.truncate(path, len(whole[0]) + len(whole[1]))

    def save_report(self, name: str, report: BaseModel) -> None:
        """Keep a report (a suite's results, a verdict, a plan) under a name the state can hold."""
        text = mask(report.model_dump_json(indent=1), self._secrets)
        write_durably(self.home / "reports" / f"{name}.json", text.encode())

    def load_report(self, name: str, model: type[M]) -> M | None:
        """A report by name, None when it was never saved."""
        path = self.home / "reports" / f"{name}.json"
        return model.model_validate_json(path.read_bytes()) if path.exists() else None

    def write_text(self, name: str, text: str) -> Path:
        """Write a document of the run (`report.md`, a diff) and return its path."""
        path = self.home / name
        write_durably(path, mask(text, self._secrets).encode())
        return path

    def find(self, key: str, digest: str) -> dict[str, Any] | None:
        """The reply paid for under this key, if its prompt was the same (see `agents.calls.Journal`)."""
        path = self._reply(key, digest)
        if not path.exists():
            return None
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found

    def save(self, key: str, digest: str, record: dict[str, Any]) -> None:
        """Keep a reply; it is on the disk when this returns.

        Only known secrets are taken out: a reply must come back as it was, or its step would ask and pay again.
        """
        text = json.dumps(record, ensure_ascii=False)
        for secret in self._secrets:
            text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], "********")
        write_durably(self._reply(key, digest), text.encode())

    def replies(self) -> list[dict[str, Any]]:
        """Every paid reply, oldest first."""
        paths = sorted((self.home / "replies").glob("*.json"), key=lambda p: p.stat().st_mtime_ns)
        return [json.loads(path.read_bytes()) for path in paths]

    def _reply(self, key: str, digest: str) -> Path:
        safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in key)
        return self.home / "replies" / f"{safe}.{digest[:16]}.json"
