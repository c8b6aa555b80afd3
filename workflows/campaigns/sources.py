"""The repositories a campaign names: found, looked at, and read as they stand at one commit."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from sandbox import history, treefiles
from sandbox.depot import Depot, clone, shown_url
from sandbox.errors import RepositoryRefused, SandboxError
from sandbox.git import Git
from sandbox.intake import base_state
from sandbox.repo_state import RepoState, refusal
from workflows.campaigns.file import BadCampaign, Campaign, Repository

MOST = 5_000
"""Most repositories of one campaign."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a repository is, as the file says it."""

    name: str
    """Short, and of this repository alone."""
    where: str
    """An absolute path, or an address."""
    remote: bool = False
    ref: str = ""

    def shown(self) -> str:
        """`where`, without a password."""
        return shown_url(self.where)


@dataclass(frozen=True, slots=True)
class Found:
    """A repository as it is now; `problem` says why no run can start from it."""

    place: Place
    sha: str = ""
    problem: str = ""
    state: RepoState | None = None
    git: Git | None = None

    def files(self) -> list[str]:
        """Plain paths of the commit."""
        names = [entry.name.decode(errors="surrogateescape") for entry in history.entries(self._reader(), self.sha)]
        return sorted(name for name in names if treefiles.is_plain(name))

    def read(self, path: str) -> bytes | None:
        """A file of the commit."""
        return history.read_at(self._reader(), self.sha, path)

    def _reader(self) -> Git:
        if self.git is None:
            raise RepositoryRefused(self.problem or "nothing to read", where=self.place.shown())
        return self.git

    def put(self, depot: Depot, job: str) -> None:
        """Bring the commit into the depot."""
        if self.state is not None:
            depot.put_base(self.state, job)
        elif self.git is not None:
            depot.put_commit(self.git, self.sha, job)


def places(campaign: Campaign, beside: Path) -> list[Place]:
    """Every repository the file names, once, in its order; `beside`: the folder relative paths start from.

    Raises:
        BadCampaign: an entry names nothing.
    """
    found: dict[str, Place] = {}
    for entry in campaign.repositories:
        for place in _of(entry, beside):
            found.setdefault(place.where, place)
    if len(found) > MOST:
        raise BadCampaign(f"{len(found):,} repositories; at most {MOST:,} in one campaign")
    return _named(list(found.values()))


def _of(entry: Repository, beside: Path) -> Iterator[Place]:
    if entry.url:
        yield _remote(entry.url, entry.ref)
    elif entry.list:
        yield from _listed(beside / Path(entry.list).expanduser())
    else:
        yield from _paths(entry.path, beside)


def _listed(path: Path) -> Iterator[Place]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadCampaign(f"{path}: the list of repositories cannot be read ({error})") from None
    for line in lines:
        said = line.partition("#")[0].strip() if not line.lstrip().startswith("#") else ""
        if said and ("://" in said or said.startswith("git@")):
            yield _remote(said, "")
        elif said:
            yield from _paths(said, path.parent)


def _paths(said: str, beside: Path) -> Iterator[Place]:
    pattern = Path(os.path.normpath(beside.absolute() / Path(said).expanduser()))
    root = Path(pattern.anchor)
    globbed = sorted(p for p in root.glob(str(pattern.relative_to(root))) if p.is_dir()) if _magic(said) else [pattern]
    matched = [p for p in globbed if p.name != ".git"]
    if not matched:
        raise BadCampaign(f"repositories: no folder matches {said}")
    for one in matched:
        yield Place(one.name, str(one))


def _magic(text: str) -> bool:
    return any(c in text for c in "*?[")


def _remote(url: str, ref: str) -> Place:
    return Place(url.rstrip("/").rpartition("/")[2].removesuffix(".git") or "repository", url, remote=True, ref=ref)


def _named(found: list[Place]) -> list[Place]:
    """Names that are used twice get what tells them apart."""
    seen: dict[str, int] = {}
    for place in found:
        seen[place.name] = seen.get(place.name, 0) + 1
    return [p if seen[p.name] == 1 else replace(p, name=f"{p.name}-{digest(p.where)[:6]}") for p in found]


def digest(text: str) -> str:
    """sha256, hex."""
    return sha256(text.encode(errors="surrogateescape")).hexdigest()


def look_at(place: Place, mirrors: Path, env: dict[str, str]) -> Found:
    """A repository as it is now; `mirrors`: where ours of remote ones are kept."""
    try:
        return _remote_state(place, mirrors, env) if place.remote else _local_state(place)
    except SandboxError as error:
        return Found(place, problem=error.problem)


def _remote_state(place: Place, mirrors: Path, env: dict[str, str]) -> Found:
    git, sha = clone(place.where, place.ref, mirrors / digest(place.where)[:16], env)
    return Found(place, sha, git=git)


def _local_state(place: Place) -> Found:
    state = base_state(Path(place.where))
    refused = refusal(state, include_dirty=False)
    problem = refused.problem if refused else ""
    if not problem and (state.head is None or state.git_dir is None):
        problem = "it has no commit yet" if state.exists else "there is no such folder"
    if state.empty and not state.exists:
        problem = "there is no such folder"
    git = Git(git_dir=state.git_dir) if state.git_dir is not None else None
    return Found(place, state.head or "", problem, state, git)
