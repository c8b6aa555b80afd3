"""V: servers beside the code are out of its reach, bounded, and as new for every run; what it did to them is told."""

import threading
import time
from collections.abc import Iterator

import pytest

from sandbox import tars
from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.extras.values import plain
from sandbox.manifest import Manifest
from sandbox.protocol import Cause, Command, Limits, Outcome, User
from sandbox.pytest_run import PROJECT_PYTHON, run_in_process
from sandbox.reports import SuiteReport, Word
from tests.hostile.arena import Note
from tests.hostile.cases import servers as cases
from tests.support.trees import images

pytestmark = [pytest.mark.docker, pytest.mark.hostile]
LIMITS = Limits(memory_mb=192, pids=64, output_bytes=200_000, lifetime_s=600)
BOTH = plain("postgresql", "redis")


@pytest.fixture(scope="module")
def box(engine: DockerEngine, run_id: str) -> Iterator[DockerSandbox]:
    manifest = Manifest(requirements=("psycopg[binary]", "redis", "fastapi", "uvicorn", "httpx", "pytest"))
    image = images().ensure(manifest, known=manifest, extras=BOTH).tag
    with engine.open(image, run_id=run_id, limits=LIMITS, extras=BOTH) as box:
        yield box


def python(box: DockerSandbox, program: str, user: User = "app", timeout_s: float = 60) -> Outcome:
    return box.run(Command(argv=(PROJECT_PYTHON, "-c", program), user=user, timeout_s=timeout_s))


def ran_tests(box: DockerSandbox, program: str) -> SuiteReport:
    assert box.run(Command(argv=("find", "/src", "-mindepth", "1", "-delete"), timeout_s=30, user="root"))
    box.put(tars.build({"test_it.py": program.encode()}), "/src")
    return run_in_process(box, timeout_s=90)


def is_as_new(box: DockerSandbox) -> None:
    box.sweep()
    outcome = python(box, cases.EMPTY)
    assert outcome.stdout == b"done\n", outcome
    assert not box.ailing()


@pytest.mark.parametrize(
    ("name", "what", "program", "user"),
    [
        ("v01", "37 statements of a superuser", cases.RIGHTS.replace("{SQL}", repr(cases.SQL)), "app"),
        ("v02", "logs in as superuser over TCP and every socket", cases.LOGINS, "app"),
        ("v03", "logs in as superuser from the tests' uid", cases.LOGINS, "tests"),
        ("v04", "the servers' files, memory and environment", cases.FILES, "app"),
        ("v05", "the servers' files from the tests' uid", cases.FILES, "tests"),
        ("v06", "signals to the servers, their shared memory", cases.SIGNALS, "app"),
        ("v07", "signals from the tests' uid", cases.SIGNALS, "tests"),
        ("v08", "Redis commands that end it, write files or run programs", cases.CACHE, "app"),
    ],
    ids=lambda one: one if str(one).startswith("v") else "",
)
def test_nothing_is_to_be_had(box: DockerSandbox, name: str, what: str, program: str, user: User, note: Note) -> None:
    box.sweep()
    outcome = python(box, program, user)
    assert (outcome.cause, outcome.stdout) == (Cause.EXITED, b"done\n"), outcome
    assert not box.ailing(), "the servers have to live on"
    note(name, what, "nothing")


def test_names_are_looked_up_and_there_is_still_no_network(box: DockerSandbox, note: Note) -> None:
    outcome = python(box, cases.NETWORK)
    assert outcome.stdout == b"done\n", outcome
    note("v15", "a network and the host's resolver, in a container that knows names", "nothing")


def test_nothing_is_left_for_the_next_run(box: DockerSandbox, note: Note) -> None:
    box.sweep()
    assert python(box, cases.LEFTOVERS).stdout == b"done\n"
    time.sleep(0.3)
    is_as_new(box)
    time.sleep(0.3)
    assert python(box, cases.EMPTY).stdout == b"done\n", "a daemon of the run before still writes"
    note("v09", "tables, settings, keys and a daemon that writes them again", "gone")


def test_a_full_disk_fails_the_test_and_ends_with_the_run(box: DockerSandbox, note: Note) -> None:
    report = ran_tests(box, cases.FILL)
    assert report.word is Word.RED
    assert "psycopg.errors.DiskFull" in report.failures()[0].details
    is_as_new(box)
    note("v10", "fills the disk of PostgreSQL", report.word)


def test_memory_taken_through_a_server_is_the_tests_memory(box: DockerSandbox, note: Note) -> None:
    report = ran_tests(box, cases.MEMORY)
    assert report.word is Word.OUT_OF_MEMORY, report.reason
    is_as_new(box)
    note("v11", "takes the memory through Redis and passes", report.word)


@pytest.mark.parametrize(("name", "uid", "title"), [("v12", 10005, "PostgreSQL"), ("v13", 10006, "Redis")])
def test_green_is_not_believed_when_a_server_ended(
    engine: DockerEngine, box: DockerSandbox, name: str, uid: int, title: str, note: Note
) -> None:
    def end_it() -> None:
        time.sleep(1.5)
        script = (
            "kill -9 $(cat /extras/postgresql/data/postmaster.pid | head -n 1)"
            if uid == 10005
            else ("for p in /proc/[0-9]*; do grep -q ^redis-server $p/cmdline && kill -9 ${p#/proc/}; done")
        )
        made = engine.client.exec_create(box.id, ["sh", "-c", script], user=f"{uid}:{uid}")
        engine.client.exec_start(made["Id"])

    killer = threading.Thread(target=end_it)
    killer.start()
    report = ran_tests(box, cases.SLEEPS)
    killer.join()
    assert (report.word, report.complete) == (Word.RED, False)
    assert report.reason.startswith(f"{title} ended while the tests ran")
    is_as_new(box)
    note(name, f"{title} ends during a test that passes", report.word)


def test_a_fork_bomb_leaves_the_servers_running(box: DockerSandbox, note: Note) -> None:
    box.sweep()
    outcome = python(box, "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n", timeout_s=2)
    assert outcome.cause in (Cause.PIDS_LIMIT, Cause.TIMEOUT)
    is_as_new(box)
    note("v14", "a fork bomb beside the servers", outcome.cause)
