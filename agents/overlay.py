"""A tree over a desk: what is written stays in memory, the desk is only read."""

from pathlib import Path

from agents.errors import EditRefused
from agents.roles import Desk
from sandbox.errors import PathRefused


class Overlay:
    """A `desk.Tree`; `written` holds the paths written since it was made."""

    def __init__(self, below: Desk) -> None:
        self._below = below
        self._content: dict[str, bytes] = {}
        self._gone: set[str] = set()

    @property
    def tree(self) -> Path:
        return self._below.root

    @property
    def written(self) -> set[str]:
        """Paths that were written and are still there."""
        return set(self._content)

    def changes(self) -> dict[str, bytes | None]:
        """Path -> its new content, None for what is gone."""
        below = set(self._below.files())
        return {**dict.fromkeys(sorted(self._gone & below)), **self._content}

    def files(self) -> list[str]:
        return sorted((set(self._below.files()) - self._gone) | set(self._content))

    def read(self, path: str, limit: int) -> bytes:
        if path in self._content:
            return self._content[path][:limit]
        if path in self._gone or path not in self._below.files():
            raise PathRefused("no such file")
        try:
            return self._below.read(path).encode()[:limit]
        except EditRefused as error:
            raise PathRefused(str(error)) from error

    def write(self, path: str, content: bytes) -> None:
        if any(other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in self.files()):
            raise PathRefused("not a plain file")
        self._gone.discard(path)
        self._content[path] = content

    def delete(self, path: str) -> None:
        self._content.pop(path, None)
        self._gone.add(path)
