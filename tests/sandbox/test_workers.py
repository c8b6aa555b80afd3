"""Preloaded workers in a real container: as fast as they are, every run starts from the same state."""

from collections.abc import Iterator, Mapping

import pytest

from sandbox import tars
from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.protocol import Command, Limits
from sandbox.pytest_run import in_process_job
from sandbox.reports import SuiteReport, Word
from sandbox.workers import Workers
from tests.support.trees import ACCEPTANCE, ACCEPTANCE_IDS, APP, RUN_ID, SERVICE, UNIT, UNIT_IDS, fastapi_image

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def box() -> Iterator[DockerSandbox]:
    engine = DockerEngine()
    with engine.open(fastapi_image(), run_id=RUN_ID, limits=Limits(pids=64, memory_mb=512)) as sandbox:
        yield sandbox
    engine.close()


@pytest.fixture(scope="module")
def shared(box: DockerSandbox) -> Iterator[Workers]:
    workers = Workers(box)
    yield workers
    workers.close()


def fill(box: DockerSandbox, files: Mapping[str, bytes], tests: Mapping[str, bytes] = ACCEPTANCE) -> None:
    assert box.run(Command(argv=("find", "/src", "/tests", "-mindepth", "1", "-delete"), timeout_s=30, user="root"))
    box.put(tars.build(files), "/src")
    box.put(tars.build(tests), "/tests")


def run(box: DockerSandbox, workers: Workers, files: Mapping[str, bytes], **more: object) -> SuiteReport:
    fill(box, files)
    given = {"node_ids": None, "expected": None, "timeout_s": 60, "ini": "[pytest]\n", "options": (), "env": {}}
    return workers.in_process(**{**given, **more})  # type: ignore[arg-type]


def one(source: str) -> dict[str, bytes]:
    return {"tests/test_one.py": source.encode()}


def processes(box: DockerSandbox) -> int:
    return len(box.run(Command(argv=("pgrep", "-U", "10001"), timeout_s=10, user="root")).stdout.split())


def test_what_is_absent_or_closed_to_it_spoils_no_worker(box: DockerSandbox) -> None:
    """The image has no jinja2, which `fastapi.templating` wants, and the tests' folder is closed to the code."""
    fill(box, APP)
    workers = Workers(box)
    worker = workers.worker(in_process_job(None, timeout_s=60, ini="[pytest]\n", options=(), env={}))
    worker.greet()
    absent = worker.facts["absent"]
    assert isinstance(absent, list) and "fastapi.templating" in absent
    assert not {"pytest", "fastapi", "httpx"} & set(absent)
    workers.close()


def test_the_same_report_as_a_plain_process(box: DockerSandbox, shared: Workers) -> None:
    for _ in range(2):
        report = run(box, shared, APP | UNIT, expected=UNIT_IDS)
        assert (report.word, report.reason, report.notes, report.complete) == (Word.GREEN, "", (), True)
        assert len(report.passed()) == 3
    asked = run(box, shared, APP | UNIT, node_ids=["tests/test_unit.py::test_number"])
    assert len(asked.results) == 2


STATE = """
import builtins, os, signal, sys, threading
import fastapi

def test_nothing_is_left_of_the_run_before(tmp_path):
    assert not hasattr(fastapi, "marked") and not hasattr(builtins, "marked")
    assert "helper" not in sys.modules
    assert "MARKED" not in os.environ and os.environ["HOME"] == "/work"
    assert os.getcwd() == "/work/tree" and os.umask(0o22) == 0o22
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL and signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL
    assert signal.set_wakeup_fd(-1) == -1
    assert [t.name for t in threading.enumerate()] == ["MainThread"] and len(os.listdir("/proc/self/task")) == 1
    assert os.getsid(0) == os.getpid()
    assert not os.path.exists("/tmp/left") and not os.path.exists("/work/left")
    assert sys.stdin.read is not None and "tests" not in os.listdir("/work")
    held = {os.readlink(f"/proc/self/fd/{fd}").split(":")[0] for fd in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{fd}") or os.path.islink(f"/proc/self/fd/{fd}")}
    assert {name for name in held if not name.startswith(("pipe", "/dev/null", "/tmp/", "/proc/"))} == set(), held

def test_leaves_everything_behind():
    import helper
    fastapi.marked = builtins.marked = True
    os.environ["MARKED"] = "1"
    os.chdir("/tmp"); os.umask(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=lambda: threading.Event().wait(60), daemon=True).start()
    open("/tmp/left", "w").close(); open("/work/left", "w").close()
    globals()["kept"] = open("/work/tree/helper.py")
"""


def test_every_run_starts_from_the_same_state(box: DockerSandbox, shared: Workers) -> None:
    for number in (1, 2):
        helper = f"VALUE = {number}\n".encode()
        checks = STATE.replace("import helper", f"import helper; assert helper.VALUE == {number}")
        report = run(box, shared, one(checks) | {"helper.py": helper})
        assert (report.word, report.reason, report.notes) == (Word.GREEN, "", ())


def test_random_numbers_differ_between_runs(box: DockerSandbox, shared: Workers) -> None:
    source = "import random, uuid\ndef test_a(): assert False, f'{random.random()} {uuid.uuid4()}'\n"
    said = {run(box, shared, one(source)).failures()[0].message for _ in range(3)}
    assert len(said) == 3


def test_the_code_of_the_repository_is_never_stale(box: DockerSandbox, shared: Workers) -> None:
    for word, value in ((Word.RED, 1), (Word.GREEN, 2), (Word.RED, 3)):
        files = {"app/__init__.py": b"", "app/main.py": f"VALUE = {value}\n".encode()}
        source = one("from app.main import VALUE\ndef test_a(): assert VALUE == 2\n")
        assert run(box, shared, files | source).word is word


def test_a_stray_process_does_not_outlive_its_run(box: DockerSandbox, shared: Workers) -> None:
    run(box, shared, one("def test_a(): pass\n"))
    before = processes(box)
    source = """
import subprocess
def test_a():
    for _ in range(3):
        subprocess.Popen(["setsid", "sh", "-c", "sleep 600 & sleep 600"])
    import time; time.sleep(0.1)
"""
    assert run(box, shared, one(source)).word is Word.GREEN
    assert processes(box) == before


@pytest.mark.parametrize(
    ("body", "word", "reason"),
    [
        ("import os; os._exit(3)", Word.TAMPERED, "exit code 3 before its report was complete"),
        ("import os; os.kill(os.getpid(), 11)", Word.RED, "killed by signal 11"),
        ("x = bytearray(1 << 30)", Word.OUT_OF_MEMORY, ""),
        ("while True: pass", Word.TIMEOUT, "test_a"),
        ("import os\n    while True: os.write(2, b'x' * 65536)", Word.OUTPUT_LIMIT, "test_a"),
    ],
    ids=["exit", "signal", "memory", "loop", "flood"],
)
def test_a_bad_end_has_its_word_and_the_next_run_is_fine(
    box: DockerSandbox, shared: Workers, body: str, word: Word, reason: str
) -> None:
    report = run(box, shared, one(f"def test_a():\n    {body}\n"), timeout_s=4, options=("-s",))
    assert report.word is word and reason in report.reason, report
    after = run(box, shared, APP | UNIT, expected=UNIT_IDS)
    assert (after.word, after.notes) == (Word.GREEN, ())


def test_a_worker_that_is_killed_is_replaced_and_the_run_made_plainly(box: DockerSandbox) -> None:
    workers = Workers(box)
    source = (
        "import os\ndef test_a():\n    if os.getppid() > 1: os.kill(os.getppid(), 9)\n    import time; time.sleep(1)\n"
    )
    report = run(box, workers, one(source))
    assert report.notes == ("run in a plain process: the preloaded worker was killed by what ran in it",)
    after = run(box, workers, APP | UNIT, expected=UNIT_IDS)
    assert (after.word, after.notes) == (Word.GREEN, ())
    workers.close()


def test_a_module_of_the_trees_own_makes_the_run_plain(box: DockerSandbox, shared: Workers) -> None:
    files = {"email_validator.py": b"MINE = True\n", "sqlite3/__init__.py": b"MINE = True\n"}
    report = run(box, shared, files | one("import sqlite3\ndef test_a(): assert sqlite3.MINE\n"))
    assert report.word is Word.GREEN
    assert "a module of its own" in report.notes[0]
    assert run(box, shared, APP | UNIT).notes == ()


MANY = """
import os, pathlib, pytest
@pytest.mark.parametrize("n", range(12))
def test_n(n):
    assert os.getcwd().endswith("/tree")
    home = pathlib.Path(os.environ["HOME"])
    assert os.environ["DATABASE_URL"] == f"sqlite:///{home}/app.db"
    with (home / "ran").open("a") as file: file.write(f"{n} ")
    print(os.getpid())
"""


def test_a_known_suite_is_split_and_every_test_runs_once(box: DockerSandbox) -> None:
    workers = Workers(box, shares=2)
    env = {"DATABASE_URL": "sqlite:////work/app.db"}
    ids = {f"tests/test_one.py::test_n[{n}]" for n in range(12)}
    for number in range(3):
        more = "def test_new(): pass\n" if number == 2 else ""
        report = run(box, workers, one(MANY + more), env=env, expected=["tests/test_one.py::test_n"])
        assert (report.word, report.reason, report.notes) == (Word.GREEN, "", ())
        assert {r.node_id for r in report.results} == ids | ({"tests/test_one.py::test_new"} if more else set())
        assert len(report.results) == len({r.node_id for r in report.results})
        done = [box.get(path) for path in ("/work/ran", "/work/share-1/ran")]
        halves = [sorted(map(int, text.split())) for text in done if text]
        assert sorted(n for half in halves for n in half) == list(range(12)) and len(halves) == (
            1 if number == 0 else 2
        )
    workers.close()


def test_a_split_that_is_not_green_is_told_by_a_run_in_one_piece(box: DockerSandbox) -> None:
    workers = Workers(box, shares=2)
    source = "SEEN = []\n" + "".join(
        f"def test_{n}():\n    assert SEEN == list(range({n}))\n    SEEN.append({n})\n" for n in range(9)
    )
    for _ in range(2):
        report = run(box, workers, one(source))
        assert (report.word, len(report.results)) == (Word.GREEN, 9)
    report = run(box, workers, one(source + "def test_9(): assert 0\n"))
    assert report.word is Word.RED and [r.node_id for r in report.failures()] == ["tests/test_one.py::test_9"]
    workers.close()


def test_a_service_of_workers_answers_like_a_plain_one(box: DockerSandbox, shared: Workers) -> None:
    fill(box, APP)
    for _ in range(2):
        report = shared.service_tests(service=SERVICE, node_ids=None, expected=ACCEPTANCE_IDS, timeout_s=60)
        assert (report.word, report.reason, report.notes) == (Word.GREEN, "", ())
    assert "POST /notes/hello" in report.service_output
    fill(box, APP | {"app/main.py": b"import nothing_of_this_name\n"})
    report = shared.service_tests(service=SERVICE, node_ids=None, expected=ACCEPTANCE_IDS, timeout_s=60)
    assert report.word is Word.RED and "service did not start: ModuleNotFoundError" in report.reason
    broken = SERVICE.model_copy(update={"prepare": (("python", "-m", "app.fails"),)})
    fill(box, APP | {"app/fails.py": b"raise SystemExit('no migration')\n"})
    report = shared.service_tests(service=broken, node_ids=None, expected=ACCEPTANCE_IDS, timeout_s=60)
    assert report.word is Word.RED and "`python -m app.fails` ended with exit code 1" in report.reason
    assert "no migration" in report.service_output
