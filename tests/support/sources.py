"""Files in memory or in a folder, as a `Source` of the agents."""

from pathlib import Path

from agents.errors import EditRefused

TEXTS = {".py", ".txt", ".toml", ".ini", ".mako", ".in", ".cfg"}


class Tree:
    """A dictionary of files: path -> text."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def files(self) -> list[str]:
        return sorted(self._files)

    def read(self, path: str) -> str:
        if path not in self._files:
            raise EditRefused(f"no such file: {path}")
        return self._files[path]


def folder(root: Path) -> Tree:
    """The text files below a folder; bytes that are no UTF-8 are replaced."""
    files = (p for p in sorted(root.rglob("*")) if p.suffix in TEXTS and p.is_file())
    return Tree({p.relative_to(root).as_posix(): p.read_text("utf-8", "replace") for p in files})
