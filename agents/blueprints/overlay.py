"""A source with changes on top: what the tree will be like."""

from collections.abc import Mapping

from agents.profile import Source


class Overlay:
    """Files of `below` with `changes` applied (None: deleted)."""

    def __init__(self, below: Source, changes: Mapping[str, str | None] | None = None) -> None:
        self._below = below
        self.changes: dict[str, str | None] = dict(changes or {})

    def files(self) -> list[str]:
        """Paths after the changes."""
        kept = set(self._below.files()) - {path for path, text in self.changes.items() if text is None}
        return sorted(kept | {path for path, text in self.changes.items() if text is not None})

    def read(self, path: str) -> str:
        """Text after the changes (errors as of the source below)."""
        text = self.changes.get(path)
        return text if text is not None else self._below.read(path)
