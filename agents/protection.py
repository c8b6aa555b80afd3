"""Which files a role may not write: what judges the builder's work, now or later, is not the builder's to change."""

import unicodedata
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from sandbox.watched import watched

Protected = Callable[[str], bool]
"""True when a path (POSIX, relative) may not be written."""

PYTEST_CONFIG = frozenset({"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "setup.cfg"})
START_UP = frozenset({"sitecustomize.py", "usercustomize.py"})
HARMLESS_GIT = frozenset({".gitignore", ".gitkeep"})
TEST_FOLDERS = frozenset({"tests", "test"})


def protected_from_builder(trusted: Iterable[str]) -> Protected:
    """What the builder may not write; `trusted`: the files of the commits it is judged by (baseline and tester)."""
    judges = frozenset(path for path in map(plain, trusted) if is_test_file(path))

    def protected(path: str) -> bool:
        parts = plain(path).split("/")
        name = parts[-1]
        return (
            parts[:2] == ["tests", "acceptance"]
            or "/".join(parts) in judges
            or name in PYTEST_CONFIG | START_UP
            or watched("/".join(parts)) is not None
            or name.endswith(".pth")
            or (name == "conftest.py" and not TEST_FOLDERS & set(parts[:-1]))
            or any(_is_git_name(part) for part in parts)
        )

    return protected


def protected_from_tester(path: str) -> bool:
    """The tester writes below `tests/` and nowhere else."""
    parts = plain(path).split("/")
    outside = len(parts) < 2 or parts[0] != "tests"
    return outside or parts[-1] in PYTEST_CONFIG | START_UP or any(_is_git_name(part) for part in parts)


def from_globs(patterns: tuple[str, ...]) -> Protected:
    """Protection by patterns; `*` crosses slashes, and a pattern without one is held against the file's name too."""

    def protected(path: str) -> bool:
        shown = plain(path)
        name = shown.rpartition("/")[2]
        return any(
            fnmatchcase(shown, pattern) or ("/" not in pattern and fnmatchcase(name, pattern)) for pattern in patterns
        )

    return protected


def is_test_file(path: str) -> bool:
    """A file pytest reads by itself, or a helper below a tests folder."""
    *folders, name = path.split("/")
    return (
        name == "conftest.py"
        or fnmatchcase(name, "test_*.py")
        or fnmatchcase(name, "*_test.py")
        or bool(TEST_FOLDERS & set(folders))
    )


def plain(path: str) -> str:
    """The path as the most forgiving file system would read it: no case, no invisible characters, no trailing dots."""
    folded = unicodedata.normalize("NFKC", path).casefold().replace("\\", "/")
    visible = "".join(char for char in folded if unicodedata.category(char) != "Cf")
    parts = [part.partition(":")[0].rstrip(". ") for part in visible.split("/") if part not in ("", ".")]
    return "/".join(parts)


def _is_git_name(part: str) -> bool:
    return (part.startswith(".git") and part not in HARMLESS_GIT) or (part.startswith("git~") and part[4:].isdigit())
