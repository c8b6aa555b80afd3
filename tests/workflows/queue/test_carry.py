"""What a carrier leaves behind when it notices late that its job is somebody else's."""

from pathlib import Path

from sandbox.depot import Depot
from sandbox.intake import base_state
from sandbox.workspace import Workspace
from tests.support.farm import git, make_repository
from tests.workflows.queue.conftest import MakeQueue
from tests.workflows.queue.test_jobs import filled
from workflows.control import Control
from workflows.queue.carry import LOST, Carrier, Place
from workflows.queue.jobs import Job, LeaseLost, Queue
from workflows.queue.lease import Lease
from workflows.settings import load


def workspace(folder: Path, depot: Depot) -> Workspace:
    depot.checkout("a", folder / "source")
    return Workspace.create(folder / "workspace", folder / "source")


class Late(Carrier):
    """Its push comes through only after another worker carried the job to its end and tidied up."""

    def __init__(self, queue: Queue, place: Place, folder: Path, *, ended: bool) -> None:
        super().__init__(queue, place)
        self.queue, self.depot, self.folder, self.is_ended = queue, place.depot(Job), folder, ended  # type: ignore[arg-type]

    def _work(self, job: Job, lease: Lease, control: Control) -> str:
        self.queue.hand_back(job.id, job.token)
        other = self.queue.claim(job.id, job.token + 1, "other", 30)
        assert other is not None
        theirs = workspace(self.folder / "theirs", self.depot)
        self.depot.save(theirs, job.id, other.token)
        if self.is_ended:
            self.depot.save_result(theirs, theirs.head(), job.id, other.token)
            self.queue.finish(job.id, other.token, "delivered", "", {})
            self.depot.forget(job.id, but=other.token)
        self.depot.save(workspace(self.folder / "mine", self.depot), job.id, job.token)
        raise LeaseLost("it is not ours any more")


def refs_after(queue: Queue, folder: Path, *, ended: bool) -> list[str]:
    depot = Depot(str(folder / "store"))
    depot.make()
    depot.put_base(base_state(make_repository(folder / "repo")), "a")
    home = str(folder / "home")
    place = Place(
        worker="w", state_dir=folder / "queue", depot=lambda _: depot, lease_s=30, say=lambda *_, **__: None,
        settings=lambda repo, flags: load(repo, flags, {"HOME": home, "DOCKER_HOST": f"unix://{folder}/no.sock"}),
        draining=lambda: False,
    )  # fmt: skip
    assert Late(queue, place, folder, ended=ended)("a", 1) == LOST
    return git(folder / "store", "for-each-ref", "--format=%(refname)").split()


def test_what_a_late_worker_pushed_after_the_end_goes_again(make_queue: MakeQueue, tmp_path: Path) -> None:
    queue = filled(make_queue(), "a")
    assert refs_after(queue, tmp_path, ended=True) == ["refs/greenloop/a/2/result", "refs/greenloop/a/base"]
    job = queue.job("a")
    assert job is not None and (job.state, job.token, job.ending) == ("ended", 2, "delivered")


def test_what_another_worker_still_needs_stays(make_queue: MakeQueue, tmp_path: Path) -> None:
    found = refs_after(filled(make_queue(), "a"), tmp_path, ended=False)
    assert [ref for ref in found if "/2/" in ref] == ["refs/greenloop/a/2/run"]
    assert "refs/greenloop/a/base" in found
