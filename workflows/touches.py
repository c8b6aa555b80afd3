"""What is remembered of a repository's tests between runs: which files each ran code of, and how long it took.

The tests' own process says so. Nothing but an order and a division of work follows from it.
"""

import hashlib
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sandbox.reports import SuiteReport
from workflows.record import write_durably

MOST_TESTS = 5_000


class Touches:
    """One JSON file per repository; the last writer wins, and a file that cannot be read is as good as none."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.files: dict[str, list[str]] = {}
        """Test -> files of the tree whose code it ran."""
        self.seconds: dict[str, float] = {}
        """Test -> how long it took."""
        if path is not None:
            self._load(path)

    @classmethod
    def of(cls, folder: Path, repository: Path) -> "Touches":
        """Those of a repository, named after its place."""
        name = hashlib.sha256(os.fsencode(repository.absolute())).hexdigest()[:24]
        return cls(folder / f"{name}.json")

    def unknown(self, node_ids: Collection[str]) -> bool:
        """Whether there is a test among them (parameters may be left out) of which no files are known."""
        known = {node_id.partition("[")[0] for node_id in self.files}
        return any(node_id.partition("[")[0] not in known for node_id in node_ids)

    def learn(self, report: SuiteReport) -> None:
        """Take in what a run has shown, and write it down."""
        self.seconds |= {r.node_id: r.duration_s for r in report.results}
        for node_id, paths in report.touched.items():
            self.files.pop(node_id, None)
            self.files[node_id] = list(paths)
        for table in (self.files, self.seconds):
            for node_id in list(table)[: max(0, len(table) - MOST_TESTS)]:
                table.pop(node_id)
        if self._path is not None and report.touched:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_durably(self._path, json.dumps({"files": self.files, "seconds": self.seconds}).encode())

    def _load(self, path: Path) -> None:
        try:
            told: Any = json.loads(path.read_bytes())
            files = {str(n): [str(p) for p in paths] for n, paths in told["files"].items()}
            seconds = {str(n): float(s) for n, s in told["seconds"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return
        self.files, self.seconds = files, seconds
