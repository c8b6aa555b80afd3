"""Symbols of every file version ever seen, keyed by git blob id: all workspaces share one index."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from agents.outline import read_outline
from agents.symbols import Definition, FileSymbols, is_test_path, read_symbols

TABLE = "symbols_1"
"""Gets another number when what is stored, or how it is read from a file, changes."""
IN_ONE_PROCESS = 200
"""With fewer files than this to parse no second process is started."""
CHUNK = 64
ROWS_PER_QUERY = 500
EMPTY = FileSymbols((), {})
T = TypeVar("T")
Read = Callable[[str], bytes | None]
"""Content of one file by path; None when it is not to be read."""


class SymbolIndex:
    """Symbols by blob id, in SQLite; without a path in memory. What cannot be read or written is parsed again."""

    def __init__(self, path: Path | None = None, workers: int = 2) -> None:
        self._path = path
        self._workers = workers
        self._known: dict[str, FileSymbols] = {}

    def load(self, paths: Iterable[str], blobs: Mapping[str, str], read: Read) -> dict[str, FileSymbols]:
        """Symbols of each path, in the order given; a path without an entry in `blobs` is read to learn its id."""
        paths = list(paths)
        contents: dict[str, bytes] = {}
        ids: dict[str, str] = {}
        for path in paths:
            if path in blobs:
                ids[path] = _key(path, blobs[path])
            elif (content := read(path)) is not None:
                contents[path], ids[path] = content, _key(path, blob_id(content))
        wanted = set(ids.values())
        self._known = {blob: known for blob, known in self._known.items() if blob in wanted}
        self._fetch(sorted(wanted - self._known.keys()))
        self._parse([path for path in paths if path in ids and ids[path] not in self._known], ids, contents, read)
        return {path: self._known.get(ids[path], EMPTY) for path in paths if path in ids}

    def _parse(self, missing: list[str], ids: dict[str, str], contents: dict[str, bytes], read: Read) -> None:
        """Parse what is not known; it is stored under the id of what was read, whatever id was claimed."""
        sources = {path: content for path in missing if (content := contents.get(path) or read(path)) is not None}
        fresh: dict[str, FileSymbols] = {}
        for path, symbols in self._symbols_of(sources):
            self._known[ids[path]] = symbols
            fresh[_key(path, blob_id(sources[path], len(ids[path]) - 1))] = symbols
        self._store(fresh)

    def _symbols_of(self, sources: dict[str, bytes]) -> Iterator[tuple[str, FileSymbols]]:
        if len(sources) < IN_ONE_PROCESS or self._workers < 2:
            yield from ((path, _read(path, source)) for path, source in sources.items())
            return
        chunks = list(_chunks(list(sources.items()), CHUNK))
        with ProcessPoolExecutor(self._workers, mp_context=get_context("spawn")) as pool, suppress(BrokenProcessPool):
            for chunk, results in zip(chunks, pool.map(_read_all, chunks), strict=True):
                yield from ((path, symbols) for (path, _), symbols in zip(chunk, results, strict=True))

    def _connect(self, path: Path) -> sqlite3.Connection:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=5)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} (blob TEXT PRIMARY KEY, data TEXT)")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _fetch(self, blobs: list[str]) -> None:
        if self._path is None or not blobs:
            return
        with suppress(sqlite3.Error, OSError, ValueError), closing(self._connect(self._path)) as connection:
            for some in _chunks(blobs, ROWS_PER_QUERY):
                marks = ",".join("?" * len(some))
                query = f"SELECT blob, data FROM {TABLE} WHERE blob IN ({marks})"  # noqa: S608 - marks only
                for blob, data in connection.execute(query, some):
                    self._known[blob] = _loads(data)

    def _store(self, fresh: dict[str, FileSymbols]) -> None:
        if self._path is None or not fresh:
            return
        try:
            self._insert(self._path, fresh)
        except sqlite3.OperationalError:
            return
        except sqlite3.DatabaseError:
            self._path.unlink(missing_ok=True)
            with suppress(sqlite3.Error, OSError):
                self._insert(self._path, fresh)
        except OSError:
            return

    def _insert(self, path: Path, fresh: dict[str, FileSymbols]) -> None:
        rows = [(blob, _dumps(symbols)) for blob, symbols in fresh.items()]
        with closing(self._connect(path)) as connection, connection:
            connection.executemany(f"INSERT OR IGNORE INTO {TABLE} VALUES (?, ?)", rows)  # noqa: S608 - our constant


def blob_id(content: bytes, digits: int = 40) -> str:
    """The id git gives this content (`digits` 64: in a repository of SHA-256)."""
    algorithm = "sha256" if digits == 64 else "sha1"
    return hashlib.new(algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _key(path: str, blob: str) -> str:
    """What symbols are kept under: a blob is read otherwise when it is a test."""
    return ("t" if is_test_path(path) else "s") + blob


def _read(path: str, source: bytes) -> FileSymbols:
    return read_outline(source) if is_test_path(path) else read_symbols(source)


def _read_all(sources: Sequence[tuple[str, bytes]]) -> list[FileSymbols]:
    return [_read(path, source) for path, source in sources]


def _dumps(symbols: FileSymbols) -> str:
    rows = [list(d) for d in symbols.definitions]
    return json.dumps([rows, symbols.uses], separators=(",", ":"))


def _loads(data: str) -> FileSymbols:
    rows, uses = json.loads(data)
    return FileSymbols(tuple(map(Definition._make, rows)), uses)


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
