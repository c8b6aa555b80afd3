"""A campaign's jobs from the file to the results at home, on real repositories and a real queue; no run is carried."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.depot import Depot
from sandbox.workspace import Workspace
from tests.support.farm import git, make_repository
from workflows.campaigns.apply import apply
from workflows.campaigns.file import Campaign
from workflows.campaigns.hall import Hall, latest
from workflows.campaigns.plan import Planned, done_before, enrol, plan
from workflows.campaigns.report import collect, page
from workflows.campaigns.waves import advance
from workflows.cli.app import run
from workflows.cli.campaign_run import send_again
from workflows.queue.carry import Carrier, Place
from workflows.queue.database import Database
from workflows.queue.jobs import Job, Queue
from workflows.settings import load

FASTAPI = {"requirements.txt": "fastapi==0.95\n"}


class Site:
    """A folder with repositories, a queue and a depot."""

    def __init__(self, folder: Path, tables: Path) -> None:
        self.folder = folder
        shutil.copy(tables, folder / "queue.sqlite")
        self.queue = Queue(Database(f"sqlite:///{folder}/queue.sqlite"), "1")
        self.depot = Depot(str(folder / "store"))
        self.depot.make()

    def repo(self, name: str, **files: str) -> Path:
        return make_repository(self.folder / "repos" / name, **files)

    def campaign(self, **more: Any) -> Campaign:
        told = {"name": "c", "repositories": [{"path": "repos/*"}], "request": {"kind": "feature", "text": "Add tags"}}
        return Campaign.model_validate({**told, **more})

    def plan(self, campaign: Campaign, version: str = "1") -> list[Planned]:
        known = done_before(self.queue, campaign.name)
        return list(plan(campaign, self.folder, version, known, self.folder / "mirrors", {}))

    def begin(self, campaign: Campaign) -> list[Planned]:
        new = enrol(self.queue, campaign, self.folder, self.plan(campaign), self.depot)
        advance(self.queue)
        return new

    def states(self, name: str = "c") -> dict[str, str]:
        advance(self.queue)
        return {job.name: job.ending or job.state for job in latest(self.queue.jobs_of(name))}

    def end(self, name: str, ending: str, reason: str = "") -> Job:
        """Play the worker: take the job, commit something when it delivers, and end it."""
        (job,) = [j for j in self.queue.jobs_of("c") if j.name == name and j.state == "queued"]
        taken = self.queue.claim(job.id, job.token, "w", 60)
        assert taken is not None
        result: dict[str, Any] = {}
        if ending == "delivered":
            home = self.folder / "work" / f"{job.id}.{job.token}"
            self.depot.checkout(job.id, home / "source")
            workspace = Workspace.create(home / "ws", home / "source")
            workspace.write("new.txt", b"new\n")
            commit = workspace.commit("Add a file", step="s", trailers={})
            self.depot.save_result(workspace, commit, job.id, job.token)
            result = {"token": job.token, "commit": commit, "branch": job.spec["branch"], "files": 1, "added": 1}
        self.queue.finish(job.id, job.token, ending, reason, result)
        return taken


@pytest.fixture
def site(tmp_path: Path, sqlite_tables: Path) -> Iterator[Site]:
    made = Site(tmp_path, sqlite_tables)
    yield made
    made.queue.close()


def words(planned: list[Planned]) -> dict[str, str]:
    return {one.place.name: one.word for one in planned}


def test_what_is_not_done_is_told_and_why(site: Site) -> None:
    site.repo("fits", **FASTAPI)
    site.repo("new", **{"requirements.txt": "fastapi==0.110\n"})
    site.repo("other", **{"requirements.txt": "flask\n"})
    (site.repo("dirty", **FASTAPI) / "README.md").write_text("changed\n")
    (site.folder / "repos" / "none").mkdir()
    (site.folder / "repos" / "loose").mkdir()
    (site.folder / "repos" / "loose" / "main.py").write_text("x = 1\n")
    planned = site.plan(site.campaign(only=["has fastapi < 0.100"]))
    assert words(planned) == {
        "fits": "ready", "new": "filtered", "other": "filtered", "dirty": "refused", "none": "refused",
        "loose": "refused",
    }  # fmt: skip
    reasons = {one.place.name: one.reason for one in planned}
    assert reasons["new"] == "does not hold: has fastapi < 0.100"
    assert reasons["dirty"] == "it has uncommitted changes (README.md)"  # and nothing of a single run's flags
    assert reasons["loose"] == "not a git repository"


def test_what_is_done_is_not_asked_again(site: Site) -> None:
    repo = site.repo("a")
    site.begin(site.campaign())
    assert site.begin(site.campaign()) == []
    site.end("a", "delivered")
    assert words(site.plan(site.campaign(name="again"))) == {"a": "done_before"}
    assert words(site.plan(site.campaign(name="again"), version="2")) == {"a": "ready"}
    other = {"kind": "feature", "text": "Add other tags"}
    assert words(site.plan(site.campaign(name="again", request=other))) == {"a": "ready"}
    (repo / "more.txt").write_text("more\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "More")
    assert words(site.plan(site.campaign(name="again"))) == {"a": "ready"}
    assert words(site.begin(site.campaign())) == {"a": "ready"}
    assert site.states() == {"a": "queued"}  # the newest job of a repository counts


def test_what_failed_for_want_of_budget_is_no_answer(site: Site) -> None:
    site.repo("a")
    site.begin(site.campaign())
    site.end("a", "budget")
    assert words(site.plan(site.campaign(name="again"))) == {"a": "ready"}


def test_canaries_come_first_and_stop_the_rest(site: Site) -> None:
    for name in ("a", "b", "c", "d"):
        site.repo(name)
    site.begin(site.campaign(waves={"canaries": 2}))
    assert site.states() == {"a": "queued", "b": "queued", "c": "held", "d": "held"}
    site.end("a", "delivered")
    assert site.states()["c"] == "held"
    site.end("b", "stuck", "the same tests failed")
    assert site.states() == {"a": "delivered", "b": "stuck", "c": "not_started", "d": "not_started"}
    row = site.queue.campaign("c")
    assert row is not None
    assert (row.state, row.reason) == (
        "stopped", "1 of 2 canaries failed (1 stuck), first b: the same tests failed",
    )  # fmt: skip


def test_canaries_that_may_fail_and_waves(site: Site) -> None:
    for name in ("a", "b", "c", "d", "e"):
        site.repo(name)
    site.begin(site.campaign(waves={"canaries": 1, "canaries_may_fail": 1, "size": 2, "stop_at": 1.0}))
    site.end("a", "stuck")
    assert site.states() == {"a": "stuck", "b": "queued", "c": "queued", "d": "held", "e": "held"}
    site.end("b", "stuck")
    site.end("c", "delivered")
    assert site.states() == {"a": "stuck", "b": "stuck", "c": "delivered", "d": "queued", "e": "queued"}
    site.end("d", "delivered")
    site.end("e", "delivered")
    site.states()
    row = site.queue.campaign("c")
    assert row is not None
    assert row.state == "ended"


@pytest.mark.parametrize("end", ["branches", "patches", "bundles"])
def test_results_come_home_and_nothing_else_changes(site: Site, end: Any) -> None:
    repo = site.repo("a")
    site.begin(site.campaign())
    site.end("a", "delivered")
    (job,) = site.queue.jobs_of("c")
    for _ in range(2):
        done = apply(job, site.depot, end, site.folder / "out")
        assert done.problem == ""
    branch = job.spec["branch"]
    if end == "patches":
        git(repo, "checkout", "-q", "-b", branch)
        git(repo, "am", "--quiet", done.what)
        git(repo, "checkout", "-q", "main")
    elif end == "bundles":
        git(repo, "fetch", "-q", done.what, f"{branch}:{branch}")
    assert git(repo, "show", f"{branch}:new.txt") == "new"
    assert git(repo, "status", "--porcelain") == ""
    assert sorted(git(repo, "branch", "--format=%(refname:short)").splitlines()) == sorted([branch, "main"])


def test_a_repository_elsewhere_gets_its_branch_too(site: Site) -> None:
    bare = site.folder / "elsewhere.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(site.repo("a")), str(bare)], check=True)
    campaign = site.campaign(repositories=[{"url": f"file://{bare}", "ref": "main"}])
    site.begin(campaign)
    site.end("elsewhere", "delivered")
    (job,) = site.queue.jobs_of("c")
    for _ in range(2):
        assert apply(job, site.depot, "branches", site.folder).problem == ""
    assert git(bare, "show", f"{job.spec['branch']}:new.txt") == "new"
    git(bare, "branch", "-f", job.spec["branch"], "main")
    assert "exists already" in apply(job, site.depot, "branches", site.folder).problem


def test_a_branch_that_is_taken_is_told(site: Site) -> None:
    repo = site.repo("a")
    site.begin(site.campaign(branch="taken"))
    site.end("a", "delivered")
    git(repo, "branch", "taken")
    (job,) = site.queue.jobs_of("c")
    assert "branch taken exists already" in apply(job, site.depot, "branches", site.folder).problem


def test_the_page_escapes_everything_and_groups_what_is_equal(site: Site) -> None:
    evil = "<script>alert(1)</script>"
    for name in ("a", "b", "c", "d"):
        site.repo(name)
    campaign = site.campaign(request={"kind": "feature", "text": f"Add tags {evil}"})
    site.begin(campaign)
    site.end("a", "delivered")
    site.end("b", "stuck", f"12 of 30 tests fail {evil}")
    site.end("c", "stuck", f"7 of 9 tests fail {evil}")
    site.end("d", "infra", "the disk is full \x1b[31m")
    told = collect(campaign, latest(site.queue.jobs_of("c")), "ended", evil, lambda job: f"# {job.name} {evil}")
    assert [(g["ending"], g["names"]) for g in told["groups"]] == [("stuck", ["b", "c"]), ("infra", ["d"])]
    assert told["counts"] == {"stuck": 2, "delivered": 1, "infra": 1}
    json.dumps(told)
    html = page(told)
    assert "<script" not in html.lower()
    assert "\x1b" not in html
    assert html.count("&lt;script&gt;") >= 6
    assert f"<h1>a {evil}</h1>".replace("<script>", "&lt;script&gt;").replace("</script>", "&lt;/script&gt;") in html
    assert "http" not in html.replace("http-equiv", "")


def test_retry_takes_what_says_nothing_about_the_repository(site: Site) -> None:
    for name in ("a", "b", "c", "d"):
        site.repo(name)
    site.begin(site.campaign())
    site.end("a", "delivered")
    site.end("b", "budget")
    site.end("c", "stuck")
    site.end("d", "infra")
    hall = Hall(load(None, {}, {"HOME": str(site.folder)}), site.queue, site.folder)
    found = {job.name: job for job in latest(site.queue.jobs_of("c"))}
    richer = site.campaign(limits={"each": {"budget_usd": 5}, "all": {"budget_usd": 50}})
    assert send_again(hall, richer, list(found.values()), everything=False, only=[]) == ["b", "d"]
    assert site.states() == {"a": "delivered", "b": "queued", "c": "stuck", "d": "queued"}
    (again,) = [job for job in site.queue.jobs_of("c") if job.name == "b"]
    assert (again.run, again.token, again.tries) == (found["b"].run, 2, 0)  # the same run goes on
    assert again.spec["flags"]["budget_usd"] == 5
    assert again.spec["purse"]["budget_usd"] == 50
    assert send_again(hall, richer, list(found.values()), everything=True, only=["c"]) == ["c"]
    (anew,) = [job for job in site.queue.jobs_of("c") if job.name == "c"]
    assert anew.run != found["c"].run
    assert send_again(hall, richer, latest(site.queue.jobs_of("c")), everything=True, only=[]) == []


def test_what_a_worker_left_that_died_after_the_ending_goes(site: Site) -> None:
    site.repo("a")
    site.begin(site.campaign())
    site.end("a", "delivered")
    (job,) = site.queue.jobs_of("c")
    git(Path(site.depot.url), "update-ref", f"refs/greenloop/{job.id}/1/run", job.result["commit"])
    settings = lambda repo, flags: load(repo, flags, {"HOME": str(site.folder)})  # noqa: E731 - as workers have it
    place = Place("w", site.folder, lambda _: site.depot, settings, 30, lambda *_, **__: None, lambda: False)
    carrier = Carrier(site.queue, place)
    carrier.tidy(3600)
    refs = ("git", "for-each-ref", "--format=%(refname)")
    assert len(git(Path(site.depot.url), *refs[1:]).splitlines()) == 3
    carrier.tidy(0)
    left = git(Path(site.depot.url), *refs[1:]).splitlines()
    assert left == [f"refs/greenloop/{job.id}/1/result", f"refs/greenloop/{job.id}/base"]
    assert site.queue.untidied(0, []) == []
    assert apply(job, site.depot, "branches", site.folder).problem == ""


def test_a_campaign_that_is_over_stays_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    (make_repository(tmp_path / "repos" / "dirty") / "README.md").write_text("changed\n")
    file = tmp_path / "campaign.yaml"
    file.write_text("name: c\nrepositories: [{path: repos/*}]\nrecipe: [annotated]\n")

    def said(*arguments: str) -> str:
        run(["campaign", arguments[0], str(file), *arguments[1:]])
        told = capsys.readouterr()
        return str(told.out + told.err)

    assert "1 repository: 1 refused" in said("run", "--workers", "0"), "nobody has to work for that"
    assert "is over already" in said("cancel")
    assert "campaign c: ended" in said("status")
    assert "nothing to send out again (--all takes" in said("retry")
    assert "--only else: no such repository" in said("retry", "--only", "else")
