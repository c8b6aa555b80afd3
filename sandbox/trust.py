"""Which files decide a verdict, what a change did to them, and the tree that runs: the change's code, trusted tests."""

import io
import posixpath
import re
import tarfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from sandbox import tars
from sandbox.errors import EngineFault
from sandbox.pytest_config import FILES, PytestConfig, own_config
from sandbox.watched import judging_settings, watched

T = TypeVar("T")
Kind = Literal["acceptance", "test", "conftest", "config", "shared", "startup"]
"""`shared`: has a pytest section among other things. `startup`: runs by itself in, or shadows, the test process."""
ACCEPTANCE = "tests/acceptance/"
JUDGING = "judging"
"""Begins the line of a shared file's judged part that holds coverage settings and pytest plugins."""
_SHARED = frozenset({"pyproject.toml", "setup.cfg", "tox.ini"})
_STARTUP = frozenset({"sitecustomize.py", "usercustomize.py", "pytest.py", "pluggy.py", "iniconfig.py"})
_STARTUP_FOLDERS = frozenset({"pytest", "_pytest", "pluggy", "iniconfig"})


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One plain file of a tree."""

    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a change did to one trusted path."""

    path: str
    status: Literal["added", "modified", "deleted"]
    before: bytes = b""
    after: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What is put into a sandbox."""

    source_files: Mapping[str, TreeFile]
    """For `/src`: the change's code, trusted tests and configuration laid over it, acceptance tests left out."""
    test_files: Mapping[str, TreeFile]
    """For `/tests`: the trusted acceptance tests."""
    config: PytestConfig
    """The trusted pytest settings of the repository's own suite."""
    changes: tuple[Changed, ...]
    """What the change did to trusted paths."""
    has_acceptance: bool

    @property
    def source(self) -> bytes:
        """Tar of `source_files`."""
        return _pack(self.source_files)

    @property
    def tests(self) -> bytes:
        """Tar of `test_files`."""
        return _pack(self.test_files)


def kind_of(path: str) -> Kind | None:
    """Why a path is trusted, None when it is not: then the builder may write it and its word is taken."""
    folders, name = posixpath.split(path)
    parts = folders.split("/") if folders else []
    if path.startswith(ACCEPTANCE):
        return "acceptance"
    if name in _STARTUP or name.endswith(".pth") or any(_shadows(part) for part in parts):
        return "startup"
    if name == "conftest.py":
        return "conftest"
    if path in _SHARED:
        return "shared"
    if path in FILES:
        return "config"
    if {"tests", "test"} & set(parts) or re.fullmatch(r"test_.*\.py|.*_test\.py", name):
        return "test"
    return None


def _shadows(folder: str) -> bool:
    return folder in _STARTUP_FOLDERS or folder.endswith((".dist-info", ".egg-info"))


def trusted(paths: Iterable[str]) -> list[str]:
    """Those of `paths` that a verdict wants of a trusted commit: to run them, or to see what the change did to them."""
    return [path for path in paths if kind_of(path) is not None or watched(path) is not None]


def read_tree(archive: bytes) -> dict[str, TreeFile]:
    """The plain files of a tar made by us; anything else in it is left out.

    Raises:
        EngineFault: it is damaged.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as opened:
            return {
                member.name.removeprefix("./"): TreeFile(_content(opened, member), bool(member.mode & 0o111))
                for member in opened
                if member.isreg()
            }
    except (tarfile.TarError, ValueError, OSError) as error:
        raise EngineFault(f"an exported tree is no archive: {error}") from error


def _content(opened: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = opened.extractfile(member)
    return stream.read() if stream is not None else b""


def arrange(source: bytes, tests: bytes, changed: Collection[str] | None = None) -> Arrangement:
    """Lay trusted files over a tree.

    `source`: tar of the tree at the commit that is judged. `tests`: tar of the trusted paths at the commit their author
    made. What is in `source` at such a path and not in `tests` does not take part, unless `changed` (the paths that
    differ between the two commits) is given and does not name it: then it is the author's too.

    Raises:
        EngineFault: a tar is damaged.
    """
    tree, author = read_tree(source), read_tree(tests)
    if changed is not None:
        author = {p: tree[p] for p in trusted(tree) if p not in changed} | author
    source_files, test_files = lay(tree, author)
    return Arrangement(
        source_files=source_files,
        test_files=test_files,
        config=config_of(_reader(author), _reader(tree)),
        changes=changes_between(author, tree),
        has_acceptance=bool(test_files),
    )


def lay(tree: Mapping[str, T], author: Mapping[str, T]) -> tuple[dict[str, T], dict[str, T]]:
    """What lies in `/src` and in `/tests`: the tree with the author's tests over it, and the acceptance tests."""
    kept = {path: file for path, file in tree.items() if kind_of(path) in (None, "shared")}
    laid = {p: f for p, f in author.items() if kind_of(p) in ("test", "conftest", "config", "startup")}
    return kept | laid, {p: f for p, f in author.items() if kind_of(p) == "acceptance"}


def config_of(author: Callable[[str], bytes | None], tree: Callable[[str], bytes | None]) -> PytestConfig:
    """The author's settings; where the author's commit had none (a new application), those the change brought."""
    config = own_config(author)
    return config if config.source else own_config(lambda name: tree(name) if name in _SHARED else None)


def _reader(files: Mapping[str, TreeFile]) -> Callable[[str], bytes | None]:
    return lambda name: files[name].content if name in files else None


def _pack(files: Mapping[str, TreeFile]) -> bytes:
    executable = frozenset(path for path, file in files.items() if file.executable)
    return tars.build({path: file.content for path, file in files.items()}, executable=executable)


def changes_between(author: Mapping[str, TreeFile], tree: Mapping[str, TreeFile]) -> tuple[Changed, ...]:
    """What `tree` did to the trusted paths of `author`'s tree; of shared files only settings that judge count."""
    found: list[Changed] = []
    for path in sorted(set(trusted(author)) | set(trusted(tree))):
        before, after = (_judged_part(path, files.get(path)) for files in (author, tree))
        if before == after or (before is None and kind_of(path) == "shared" and not _tells(after, path in author)):
            continue
        if before is None:
            found.append(Changed(path=path, status="added", after=after or b""))
        elif after is None:
            found.append(Changed(path=path, status="deleted", before=before))
        else:
            found.append(Changed(path=path, status="modified", before=before, after=after))
    return tuple(found)


def _tells(part: bytes | None, was_there: bool) -> bool:
    """Whether settings that a shared file had not before are worth a finding: pytest's own are not, plugins always."""
    return any(
        line.startswith(JUDGING.encode()) and (was_there or b'"pytest11"' in line)
        for line in (part or b"").splitlines()
    )


def _judged_part(path: str, file: TreeFile | None) -> bytes | None:
    if file is None or kind_of(path) != "shared":
        return file.content if file is not None else None
    config = own_config(lambda name: file.content if name == path else None)
    others = judging_settings(path, file.content)
    parts = [config.ini, *config.options] if config.source else []
    return "\n".join([*parts, *([f"{JUDGING} = {others}"] if others else [])]).encode() or None
