"""What is made of results at the end: branches in the repositories, patches or bundles in a folder. Idempotent."""

from dataclasses import dataclass
from pathlib import Path

from sandbox.depot import Depot, push_branch
from sandbox.errors import BranchTaken, SandboxError
from sandbox.git import Git
from workflows.campaigns.file import End
from workflows.endings import Ending
from workflows.queue.jobs import Job

RESULTS = frozenset({Ending.DELIVERED, Ending.PARTIAL})


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one result."""

    job: str
    name: str
    what: str
    """The branch, or the file."""
    problem: str = ""


def has_result(job: Job) -> bool:
    """Whether there is something to apply."""
    return job.ending in RESULTS and bool(job.result.get("commit"))


def apply(job: Job, depot: Depot, end: End, out: Path) -> Applied:
    """Do with a job's result what the campaign says."""
    try:
        return Applied(job.id, job.name, _applied(job, depot, end, out))
    except BranchTaken as error:
        return Applied(job.id, job.name, "", error.problem)
    except SandboxError as error:
        return Applied(job.id, job.name, "", f"cannot be applied: {error.problem}")
    except OSError as error:
        return Applied(job.id, job.name, "", f"cannot be applied: {error}")


def _applied(job: Job, depot: Depot, end: End, out: Path) -> str:
    token, branch = int(job.result["token"]), str(job.result["branch"])
    if end == "branches" and not job.spec["remote"]:
        depot.deliver(job.id, token, Path(job.spec["where"]), branch)
        return branch
    with depot.result(job.id, token) as (git, commit, base):
        if end == "branches":
            push_branch(git, job.spec["where"], commit, branch, depot.env)
            return branch
        out.mkdir(parents=True, exist_ok=True)
        if end == "patches":
            return str(_patch(git, base, commit, out / f"{job.name}-{job.run}.patch"))
        return str(_bundle(git, commit, branch, out / f"{job.name}-{job.run}.bundle"))


def _patch(git: Git, base: str, commit: str, path: Path) -> Path:
    """For `git am`."""
    path.write_bytes(git.run("format-patch", "--stdout", "--binary", "--no-signature", f"{base}..{commit}"))
    return path


def _bundle(git: Git, commit: str, branch: str, path: Path) -> Path:
    """For `git fetch FILE BRANCH` in the repository."""
    ref = f"refs/heads/{branch}"
    git.run("update-ref", ref, commit)
    git.run("bundle", "create", "--quiet", str(path.absolute()), ref, "^refs/heads/base")
    return path
