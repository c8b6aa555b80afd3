"""A campaign from the command line over real repositories, its workers killed in between, its results at home."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from examples.campaign.generate import generate
from tests.e2e.conftest import ROOT, Greenloop
from tests.support.farm import git
from tests.support.model_server import ModelServer, as_json, by_role

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
NAMES = ["books", "modern", "flask", "dirty", "unborn"]


def test_a_campaign(greenloop: Greenloop, tmp_path: Path) -> None:
    file = generate(tmp_path, NAMES)
    preview = greenloop("campaign", "preview", str(file))
    assert "5 repositories: 2 ready, 2 refused, 1 filtered" in preview.out, preview.text
    killed_while_it_works(greenloop, file)
    done = greenloop("campaign", "run", str(file), "--workers", "1")
    assert done.code == 10, done.text
    assert "going on: 5 repositories, all enqueued already" in done.out
    told = json.loads(greenloop("campaign", "status", str(file), "--json").out)
    expected = json.loads((tmp_path / "expected.json").read_text())
    assert {job["name"]: job["ending"] for job in told["jobs"]} == expected
    (job,) = [job for job in told["jobs"] if job["name"] == "books"]
    books = tmp_path / "repositories" / "books"
    assert sorted(git(books, "branch", "--format=%(refname:short)").splitlines()) == [job["result"]["branch"], "main"]
    main = git(books, "show", f"{job['result']['branch']}:main.py")
    assert "Annotated[dict[str, int], Depends(page)]" in main
    assert "Optional" not in main
    assert greenloop("campaign", "report", str(file)).code == 0
    page = (tmp_path / "report-current-idioms" / "report.html").read_text()
    assert f'href="#run-{job["run"]}"' in page
    assert (tmp_path / "report-current-idioms" / "runs" / f"books-{job['run']}.md").exists()
    again = greenloop("campaign", "run", str(file), "--workers", "1")
    assert again.code == 10
    assert greenloop("campaign", "retry", str(file)).out.startswith("nothing to send out again")
    assert list((greenloop.runs.parent / "queue" / "homes").glob("*")) == []


def killed_while_it_works(greenloop: Greenloop, file: Path) -> None:
    """`kill -9` of the command as soon as a run has begun; its workers notice, and end."""
    command = subprocess.Popen(
        greenloop.command("campaign", "run", str(file), "--workers", "1"), cwd=ROOT, env=greenloop.environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    log = greenloop.runs.parent / "queue" / "workers.log"
    deadline = time.monotonic() + 120
    while not (log.exists() and "job_started" in log.read_text()):
        assert command.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(command.pid, signal.SIGKILL)
    command.wait()
    while "worker_ended" not in log.read_text():
        assert time.monotonic() < deadline + 120, log.read_text()
        time.sleep(0.2)


WORDS = "Write types as current Python does"
"""No rule understands this: a model plans it."""


def test_the_canarys_plan_is_paid_for_again_only_where_it_does_not_fit(greenloop: Greenloop, tmp_path: Path) -> None:
    file = generate(tmp_path, ["albums", "books", "modern"])
    told = yaml.safe_load(file.read_text())
    del told["recipe"]
    more = {"request": {"kind": "refactor", "text": WORDS}, "engine": "scripted", "waves": {"canaries": 1}}
    file.write_text(yaml.safe_dump(told | more))
    plan = {
        "summary": "Current types", "steps": [{"recipe": "current-typing"}], "assumptions": ["The offset stays"],
        "questions": [], "contradiction": "",
    }  # fmt: skip
    with ModelServer(by_role(planner=[as_json(plan)])) as server:
        env = {"OPENAI_API_KEY": "key", "GREENLOOP_BASE_URL": server.url}
        done = greenloop("campaign", "run", str(file), "--workers", "1", **env)
        asked = [one.everything for one in server.requests]
    assert done.code == 0, done.text
    assert ["/albums" in one for one in asked] == [True, False], "books has what the plan speaks of"
    assert "/double" in asked[1], "modern has no offset"
    jobs = json.loads(greenloop("campaign", "status", str(file), "--json").out)["jobs"]
    assert {job["name"]: job["ending"] for job in jobs} == {
        "albums": "delivered", "books": "delivered", "modern": "unchanged",
    }  # fmt: skip
    (books,) = [job for job in jobs if job["name"] == "books"]
    assert books["result"]["usage"]["calls"] == 0
    assert "Optional" not in git(tmp_path / "repositories" / "books", "show", f"{books['result']['branch']}:main.py")
