"""Service tests in a real container: HTTP between two users."""

from collections.abc import Iterator, Mapping

import pytest

from sandbox import tars
from sandbox.docker import DockerEngine
from sandbox.protocol import Command, Limits, Sandbox
from sandbox.reports import Service, SuiteReport, Word
from sandbox.service import run_service_tests
from tests.support.trees import ACCEPTANCE, ACCEPTANCE_IDS, APP, CONFTEST, RUN_ID, SERVICE, fastapi_image

pytestmark = pytest.mark.docker
PYTHON = ("python", "-c")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    engine = DockerEngine()
    with engine.open(fastapi_image(), run_id=RUN_ID, limits=Limits()) as sandbox:
        yield sandbox
    engine.close()


def run(
    box: Sandbox,
    app: Mapping[str, bytes],
    tests: Mapping[str, bytes] = ACCEPTANCE,
    service: Service = SERVICE,
    **kw: object,
) -> SuiteReport:
    assert box.run(Command(argv=("find", "/src", "/tests", "-mindepth", "1", "-delete"), timeout_s=30, user="root"))
    box.put(tars.build(app), "/src")
    box.put(tars.build(tests), "/tests")
    return run_service_tests(box, **{"service": service, "timeout_s": 60, **kw})  # type: ignore[arg-type]


def one(source: bytes) -> dict[str, bytes]:
    return {"tests/acceptance/conftest.py": CONFTEST, "tests/acceptance/test_one.py": source}


def test_green_twice_with_a_fresh_copy_each_time(box: Sandbox) -> None:
    for _ in range(2):
        report = run(box, APP, expected=ACCEPTANCE_IDS)
        assert (report.word, report.reason) == (Word.GREEN, "")
        assert report.passed() == set(ACCEPTANCE_IDS)
    assert "POST /notes/hello" in report.service_output


def test_red(box: Sandbox) -> None:
    report = run(box, APP, one(b"def test_gone(client):\n    assert client.get('/nope').status_code == 200\n"))
    assert report.word is Word.RED and report.complete
    assert report.failures()[0].message == "AssertionError: assert 404 == 200"


def test_only_the_asked_for_tests_run(box: Sandbox) -> None:
    assert run(box, APP, node_ids=ACCEPTANCE_IDS[:1]).passed() == set(ACCEPTANCE_IDS[:1])


def test_an_import_error_in_the_service_is_the_reason(box: Sandbox) -> None:
    report = run(box, APP | {"app/main.py": b"import nothing_of_this_name\n"})
    assert report.word is Word.RED and not report.complete
    assert report.reason.startswith(
        "service did not start: ModuleNotFoundError: No module named 'nothing_of_this_name'"
    )
    assert "Traceback" in report.service_output
    assert report.elapsed_s < SERVICE.start_timeout_s / 2


def test_a_program_that_is_not_there_is_the_reason(box: Sandbox) -> None:
    report = run(box, APP, service=Service(argv=("no-such-server",)))
    assert report.word is Word.RED
    assert "service did not start" in report.reason and "no-such-server" in report.reason


def test_a_service_that_never_answers_is_given_up(box: Sandbox) -> None:
    service = Service(argv=(*PYTHON, "import time; print('dozing'); time.sleep(60)"), start_timeout_s=2)
    report = run(box, APP, service=service)
    assert report.word is Word.RED
    assert report.reason == "service did not start: no answer on /openapi.json within 2 s: dozing"


def test_a_service_that_only_answers_500_is_not_ready(box: Sandbox) -> None:
    broken = b"from fastapi import FastAPI\napp = FastAPI()\n@app.get('/health')\ndef health(): raise ValueError\n"
    service = SERVICE.model_copy(update={"start_timeout_s": 3.0})
    report = run(box, APP | {"app/main.py": broken}, service=service)
    assert report.word is Word.RED and "/health answered 500" in report.reason


def test_prepare_runs_first_and_its_failure_is_the_reason(box: Sandbox) -> None:
    ready = ("python", "-c", "open('notes.txt', 'w').write('earlier\\n')")
    counts = one(b"def test_two(client):\n    assert client.post('/notes/a').json() == {'count': 2}\n")
    assert run(box, APP, counts, SERVICE.model_copy(update={"prepare": (ready,)})).word is Word.GREEN
    fails = ("python", "-c", "raise SystemExit(3)")
    report = run(box, APP, counts, SERVICE.model_copy(update={"prepare": (fails,)}))
    assert report.word is Word.RED
    assert "ended with exit code 3" in report.reason


def test_a_service_that_dies_in_the_middle_is_named(box: Sandbox) -> None:
    app = (
        APP["app/main.py"]
        + b"\nimport os\n@app.get('/die')\nasync def die():\n    print('bye', flush=True)\n    os._exit(7)\n"
    )
    tests = one(b"""
import httpx
def test_a(client): pass
def test_die(client):
    try: client.get("/die")
    except httpx.HTTPError: pass
    import time; time.sleep(2)
def test_b(client): pass
""")
    report = run(box, APP | {"app/main.py": app}, tests)
    assert report.word is Word.RED and not report.complete
    assert report.reason.startswith("the service ended while the tests ran: ") and "exit code 7" in report.reason


def test_service_and_tests_cannot_touch_each_other(box: Sandbox) -> None:
    app = (
        APP["app/main.py"]
        + b"""
import os, signal
@app.get("/attack")
def attack():
    done = []
    for path in ("/tests/tests/acceptance/test_one.py", "/scratch/x", "/tests/conftest.py"):
        try:
            open(path, "a").close()
            done.append(path)
        except OSError: pass
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat("/proc/" + pid).st_uid != os.getuid():
                os.kill(int(pid), signal.SIGKILL)
                done.append(pid)
        except OSError: pass
    return done
"""
    )
    tests = one(b"""
import os, pytest
def test_attack(client):
    assert client.get("/attack").json() == []
def test_no_way_into_the_service():
    with pytest.raises(PermissionError): os.listdir("/work")
    with pytest.raises(ImportError): import app.main
""")
    report = run(box, APP | {"app/main.py": app}, tests)
    assert (report.word, report.reason) == (Word.GREEN, "")


def test_tests_without_an_end_run_into_their_own_timeout(box: Sandbox) -> None:
    service = SERVICE.model_copy(update={"start_timeout_s": 10.0})
    report = run(box, APP, one(b"import time\ndef test_a(client): time.sleep(60)\n"), service, timeout_s=2)
    assert report.word is Word.TIMEOUT and "test_a" in report.reason


def test_a_collect_error_and_an_empty_suite(box: Sandbox) -> None:
    assert run(box, APP, one(b"import fastapi\n")).word is Word.COLLECT_ERROR
    report = run(box, APP, {}, expected=ACCEPTANCE_IDS)
    assert report.word is Word.TAMPERED and ACCEPTANCE_IDS[0] in report.reason
