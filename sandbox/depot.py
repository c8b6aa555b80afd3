"""A git repository in which workers leave what a run has come to, so that another machine can go on with it.

    refs/greenloop/<job>/base            the commit the job starts from
    refs/greenloop/<job>/<token>/run     the run's line, as far as the holder of this token brought it
    refs/greenloop/<job>/<token>/aside/  commits off the line
    refs/greenloop/<job>/<token>/result  what was delivered

Everybody who holds a job writes below a token of their own, so a late worker cannot touch what another one made.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import intake, store
from sandbox.deliver import Delivery, deliver
from sandbox.errors import BranchTaken, GitFailed, RepositoryRefused
from sandbox.git import Git
from sandbox.repo_state import RepoState
from sandbox.workspace import ASIDE, Workspace

ROOT = "refs/greenloop"
PROTOCOLS = "file:https:http:ssh:git"
TRANSFER_S = 1800.0
_PLAIN = re.compile(r"(?:https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+|/.*")


@dataclass(frozen=True, slots=True)
class Depot:
    """The repository at `url`: a path, or anything git can push to."""

    url: str
    env: Mapping[str, str] = field(default_factory=dict)
    """For git's own transports: HOME, SSH_AUTH_SOCK."""

    def __post_init__(self) -> None:
        if not _PLAIN.fullmatch(self.url):
            raise GitFailed(f"{shown_url(self.url)!a} is no address of a git repository")

    def make(self) -> None:
        """Make the repository when it is a folder that is not there."""
        if self.url.startswith("/") and not Path(self.url, "HEAD").exists():
            Path(self.url).mkdir(parents=True, exist_ok=True, mode=0o700)
            Git(cwd=Path("/")).run("init", "--quiet", "--bare", "--template=", self.url)

    def put_base(self, state: RepoState, job: str) -> None:
        """Bring the commit a user's repository is at into the depot; nothing of its configuration is in force."""
        if state.head is None:
            raise RepositoryRefused("it has no commit yet", where=state.path)
        with _scratch() as ours:
            if state.shallow:
                intake.copy_plain(state.objects().parent / "shallow", Path(str(ours.git_dir)) / "shallow")
            reading = ours.with_env(**intake.alternate(state.objects()))
            self._push(reading, f"{state.head}:{ROOT}/{job}/base")

    def put_commit(self, git: Git, commit: str, job: str) -> None:
        """The same from a repository of ours."""
        self._push(git, f"{commit}:{ROOT}/{job}/base")

    def checkout(self, job: str, folder: Path) -> None:
        """A checkout of a job's base in a new folder; its HEAD is on `main`."""
        folder.mkdir(parents=True)
        plain = Git(cwd=folder)
        plain.run("init", "--quiet", "--template=", "--initial-branch=main")
        self._fetch(plain, f"{ROOT}/{job}/base:refs/heads/start")
        plain.run("reset", "--hard", "--quiet", "refs/heads/start", "--", timeout_s=TRANSFER_S)
        plain.run("update-ref", "-d", "refs/heads/start")

    def save(self, workspace: Workspace, job: str, token: int) -> None:
        """Bring a run's commits into the depot."""
        git, place = workspace.git, f"{ROOT}/{job}/{token}"
        aside = git.text("for-each-ref", "--format=%(refname)", ASIDE).splitlines()
        refs = [f"{name}:{place}/aside/{name.removeprefix(ASIDE + '/')}" for name in aside]
        self._push(git, f"+{store.BRANCH}:{place}/run", *refs)

    def load(self, workspace: Workspace, job: str, before: int) -> int:
        """Bring the commits of the last holder before this token into a new workspace; 0 when there was none."""
        git = workspace.git
        listed = self._call(git, "ls-remote", self.url, f"{ROOT}/{job}/*").splitlines()
        names = [line.split("\t")[1] for line in listed]
        found = [m for name in names if (m := re.fullmatch(rf"{ROOT}/{re.escape(job)}/(\d+)/run", name))]
        token = max((int(m[1]) for m in found if int(m[1]) < before), default=0)
        if token:
            place = f"{ROOT}/{job}/{token}"
            self._fetch(git, f"+{place}/run:{store.BRANCH}", f"+{place}/aside/*:{ASIDE}/*")
            workspace.reset("HEAD")
        return token

    def save_result(self, workspace: Workspace, commit: str, job: str, token: int) -> None:
        """Bring what a run delivers into the depot."""
        self._push(workspace.git, f"{commit}:{ROOT}/{job}/{token}/result")

    @contextmanager
    def result(self, job: str, token: int) -> Iterator[tuple[Git, str, str]]:
        """A scratch repository with a result: git on it, the commit, and the base it stands on."""
        with _scratch() as ours:
            self._fetch(ours, f"{ROOT}/{job}/base:refs/heads/base", f"{ROOT}/{job}/{token}/result:refs/heads/result")
            yield ours, ours.text("rev-parse", "refs/heads/result"), ours.text("rev-parse", "refs/heads/base")

    def deliver(self, job: str, token: int, repo: Path, branch: str) -> Delivery:
        """Put a result into a user's repository as one new branch (see `sandbox.deliver`)."""
        with self.result(job, token) as (git, commit, base):
            return deliver(git, repo, commit, branch, base=base)

    def forget(self, job: str, *, but: int = 0) -> None:
        """Remove a job's refs; those under the token `but`, and the base then, stay."""
        with _scratch() as ours:
            listed = self._call(ours, "ls-remote", self.url, f"{ROOT}/{job}/*").splitlines()
            names = [line.split("\t")[1] for line in listed]
            kept = (f"{ROOT}/{job}/{but}/result", f"{ROOT}/{job}/base") if but else ()
            if gone := [f":{name}" for name in names if name not in kept]:
                self._push(ours, *gone)

    def _push(self, git: Git, *refspecs: str) -> None:
        self._call(git, "push", "--quiet", "--no-verify", self.url, *refspecs)

    def _fetch(self, git: Git, *refspecs: str) -> None:
        self._call(
            git, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--update-head-ok", self.url, *refspecs
        )

    def _call(self, git: Git, *arguments: str) -> str:
        """One git command that talks to the depot, with the transports it needs and no other."""
        talking = git.with_env(GIT_ALLOW_PROTOCOL=PROTOCOLS, GIT_PROXY_COMMAND="", **self.env)
        if not self.url.startswith("/"):
            talking = talking.with_config(("core.sshCommand", "ssh -oBatchMode=yes"))
        try:
            return talking.run(*arguments, timeout_s=TRANSFER_S).decode(errors="replace")
        except GitFailed as error:
            raise GitFailed(str(error).replace(self.url, shown_url(self.url))) from None


def clone(url: str, ref: str, folder: Path, env: Mapping[str, str]) -> tuple[Git, str]:
    """A bare repository of ours with a branch or tag (empty: the default) of somebody's; git on it and the commit.

    Raises:
        GitFailed: the address does not answer, or has no such branch or tag.
    """
    there = Depot(url, env)
    folder.mkdir(parents=True, exist_ok=True)
    git = Git(git_dir=folder)
    if not (folder / "HEAD").exists():
        git.run("init", "--quiet", "--bare", "--template=", str(folder))
    there._fetch(git, f"+{ref or 'HEAD'}:refs/heads/theirs")
    return git, git.text("rev-parse", "--verify", "refs/heads/theirs^{commit}")


def push_branch(git: Git, url: str, commit: str, branch: str, env: Mapping[str, str]) -> bool:
    """Make a new branch at somebody's address; False when it is there already and is this commit.

    Raises:
        BranchTaken: it is there and is another commit.
        GitFailed: the address does not answer, or refuses.
    """
    there, ref = Depot(url, env), f"refs/heads/{branch}"
    found = there._call(git, "ls-remote", url, ref).split()
    if found and found[0] != commit:
        raise BranchTaken(f"branch {branch} exists already in {shown_url(url)} and points to {found[0][:12]}")
    if not found:
        there._push(git, f"{commit}:{ref}")
    return not found


def shown_url(url: str) -> str:
    """An address without its password."""
    return re.sub(r"(?<=://)[^/@\s]+@", "***@", url)


@contextmanager
def _scratch() -> Iterator[Git]:
    with tempfile.TemporaryDirectory(prefix="greenloop-") as folder:
        git = Git(git_dir=Path(folder))
        git.run("init", "--quiet", "--bare", "--template=", folder)
        yield git
