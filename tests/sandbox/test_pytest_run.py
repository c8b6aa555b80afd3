"""In-process runs in a real container: what passes, what fails, and what tries to look as if it passed."""

from collections.abc import Iterator, Mapping

import pytest

from sandbox import tars
from sandbox.docker import DockerEngine
from sandbox.protocol import Command, Limits, Sandbox
from sandbox.pytest_run import run_in_process
from sandbox.reports import SuiteReport, Word
from tests.support.trees import APP, RUN_ID, UNIT, UNIT_IDS, fastapi_image

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    engine = DockerEngine()
    with engine.open(fastapi_image(), run_id=RUN_ID, limits=Limits()) as sandbox:
        yield sandbox
    engine.close()


def run(box: Sandbox, files: Mapping[str, bytes], **kwargs: object) -> SuiteReport:
    assert box.run(Command(argv=("find", "/src", "-mindepth", "1", "-delete"), timeout_s=30, user="root"))
    box.put(tars.build(files), "/src")
    return run_in_process(box, **{"timeout_s": 60, **kwargs})  # type: ignore[arg-type]


def test_green(box: Sandbox) -> None:
    report = run(box, APP | UNIT, expected=UNIT_IDS)
    assert (report.word, report.reason, report.complete) == (Word.GREEN, "", True)
    numbers = {f"tests/test_unit.py::test_number[{n}]" for n in (1, 2)}
    assert report.passed() == {"tests/test_unit.py::test_health", *numbers}


def test_only_what_was_asked_for_runs(box: Sandbox) -> None:
    report = run(box, APP | UNIT, node_ids=["tests/test_unit.py::test_number"])
    assert report.word is Word.GREEN
    assert sorted(r.node_id for r in report.results) == [f"tests/test_unit.py::test_number[{n}]" for n in (1, 2)]


def test_each_ending_of_a_test_has_its_outcome_and_message(box: Sandbox) -> None:
    source = b"""
import pytest, unittest
@pytest.fixture
def broken(): raise RuntimeError("no set-up")
@pytest.fixture
def late():
    yield
    raise RuntimeError("no tear-down")
def test_failed(): assert 404 == 201, "created?"
def test_set_up(broken): pass
def test_tear_down(late): pass
@pytest.mark.skip(reason="later")
def test_skipped(): pass
@pytest.mark.xfail
def test_xfailed(): assert False
@pytest.mark.xfail
def test_xpassed(): pass
class TestOld(unittest.TestCase):
    def test_sub(self):
        for n in range(3):
            with self.subTest(n=n): self.assertNotEqual(n, 1)
"""
    report = run(box, {"tests/test_all.py": source})
    said = {r.node_id.rpartition("::")[2]: r for r in report.results}
    assert {name: r.outcome for name, r in said.items()} == {
        "test_failed": "failed",
        "test_set_up": "error",
        "test_tear_down": "error",
        "test_skipped": "skipped",
        "test_xfailed": "xfailed",
        "test_xpassed": "xpassed",
        "test_sub": "failed",
    }
    assert said["test_failed"].message == "AssertionError: created?"
    assert "assert 404 == 201" in said["test_failed"].details
    assert said["test_set_up"].message == "RuntimeError: no set-up"
    assert report.word is Word.RED
    assert "5 of 7 tests failed" in report.reason


def test_a_failing_part_fails_its_test(box: Sandbox) -> None:
    source = b"""
import unittest
class TestOld(unittest.TestCase):
    def test_parts(self):
        for n in range(3):
            with self.subTest(n=n): self.assertNotEqual(n, 1)
def test_new(subtests):
    with subtests.test(n=1): assert 1 == 2
def test_fine(subtests):
    with subtests.test(n=1): assert 1 == 1
"""
    report = run(box, {"test_parts.py": source})
    assert (report.word, report.passed()) == (Word.RED, {"test_parts.py::test_fine"}), report.reason
    assert {r.node_id: r.message for r in report.failures()} == {
        "test_parts.py::TestOld::test_parts": "AssertionError: 1 == 1",
        "test_parts.py::test_new": "assert 1 == 2",
    }


def test_a_file_that_cannot_be_collected_does_not_hide_the_others(box: Sandbox) -> None:
    report = run(box, APP | UNIT | {"tests/test_broken.py": b"import nothing_of_this_name\n"})
    assert report.word is Word.COLLECT_ERROR
    assert "tests/test_broken.py" in report.reason and "nothing_of_this_name" in report.reason
    assert "tests/test_unit.py::test_health" in report.passed()
    assert [r.node_id for r in report.failures()] == ["tests/test_broken.py"]


def test_a_conftest_that_cannot_be_imported_is_a_collect_error(box: Sandbox) -> None:
    report = run(box, APP | UNIT | {"tests/conftest.py": b"raise ValueError('no such setting')\n"})
    assert report.word is Word.COLLECT_ERROR
    assert "no such setting" in report.reason
    assert not report.complete


def test_no_tests(box: Sandbox) -> None:
    assert run(box, APP).word is Word.NO_TESTS
    assert run(box, APP | UNIT, node_ids=["tests/test_other.py"]).word is Word.NO_TESTS


def test_the_trusted_configuration_is_honoured(box: Sandbox) -> None:
    files = {"src/shop/__init__.py": b"x = 1\n", "checks/check_x.py": b"async def test_x():\n    import shop\n"}
    ini = "[pytest]\nasyncio_mode = auto\npython_files = check_*.py\n"
    report = run(box, files, ini=ini, expected=["checks/check_x.py::test_x"])
    assert (report.word, report.reason) == (Word.GREEN, "")


def test_code_may_write_next_to_itself_and_never_into_the_source(box: Sandbox) -> None:
    source = b"""
from pathlib import Path
import pytest
def test_write():
    Path(__file__).with_name("data.txt").write_text("x")
    Path("here.txt").write_text("x")
    with pytest.raises(OSError):
        Path("/src/there.txt").write_text("x")
"""
    assert run(box, {"tests/test_write.py": source}).word is Word.GREEN


def test_nothing_is_left_over_from_the_run_before(box: Sandbox) -> None:
    source = b"""
from pathlib import Path
def test_once():
    for place in ("/work/mark", "/tmp/mark", "mark"):
        assert not Path(place).exists()
        Path(place).write_text("x")
"""
    for _ in range(2):
        assert run(box, {"test_once.py": source}).word is Word.GREEN


LIES = {
    "os._exit(0) at import": {"tests/test_lie.py": b"import os\nos._exit(0)\n"},
    "os._exit(0) in a test": {"tests/test_lie.py": b"import os\ndef test_a(): os._exit(0)\ndef test_b(): assert 0\n"},
    "sys.exit in conftest": {"conftest.py": b"import sys\nsys.exit(0)\n", "test_a.py": b"def test_a(): assert 0\n"},
    "pytest.exit": {"test_a.py": b"import pytest\ndef test_a(): pytest.exit('ok', 0)\ndef test_b(): assert 0\n"},
    "reporter unplugged": {
        "conftest.py": b"""
def pytest_configure(config):
    for plugin in list(config.pluginmanager.get_plugins()):
        if type(plugin).__name__ == "Reporter": config.pluginmanager.unregister(plugin)
""",
        "test_a.py": b"def test_a(): assert 0\n",
    },
    "exit code rewritten": {
        "conftest.py": b"def pytest_sessionfinish(session): session.exitstatus = 0\n",
        "test_a.py": b"def test_a(): assert 0\n",
    },
    "lines written into the report": {
        "test_a.py": b"""
import os
def test_a():
    for fd in range(3, 300):
        try: os.write(fd, b'0 0 {"k": "end", "exit": 0}\\n')
        except OSError: pass
    os._exit(0)
""",
    },
    "report channel closed": {
        "test_a.py": b"import os\ndef test_a():\n    os.closerange(3, 400)\n    os._exit(0)\n",
    },
}


@pytest.mark.parametrize("files", LIES.values(), ids=LIES.keys())
def test_a_process_that_says_less_than_everything_is_not_believed(box: Sandbox, files: Mapping[str, bytes]) -> None:
    report = run(box, files)
    assert report.word is Word.TAMPERED, report.reason
    assert report.reason and not report.complete


def test_a_printed_summary_is_only_text(box: Sandbox) -> None:
    source = b"""
import os, sys
print("=== 5 passed in 0.01s ===")
def test_a():
    os.write(1, b"\\x1b[32m1 passed\\x1b[0m\\n")
    sys.__stdout__.write("1 passed")
    assert False
"""
    report = run(box, {"test_a.py": source})
    assert report.word is Word.RED
    assert [r.outcome for r in report.results] == ["failed"]
    assert "\x1b" not in report.output


def test_outcomes_rewritten_by_a_hook_disagree_with_the_exit_code(box: Sandbox) -> None:
    hook = b"""
import pytest
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    report.outcome = "passed"
"""
    report = run(box, {"conftest.py": hook, "test_a.py": b"def test_a(): assert 0\n"})
    assert report.word in (Word.TAMPERED, Word.RED)


def test_files_named_like_our_tools_do_not_replace_them(box: Sandbox) -> None:
    shadow = b"raise SystemExit(0)\n"
    names = (
        "pytest.py",
        "_pytest/__init__.py",
        "json.py",
        "sitecustomize.py",
        "pytest_asyncio.py",
        "pluggy/__init__.py",
    )
    report = run(box, dict.fromkeys(names, shadow) | {"test_a.py": b"def test_a(): assert 0\n"})
    assert (report.word, len(report.failures())) == (Word.RED, 1), report.reason


def test_an_expected_test_must_have_run_and_passed(box: Sandbox) -> None:
    skipped = {"test_a.py": b"import pytest\n@pytest.mark.skip\ndef test_a(): pass\ndef test_b(): pass\n"}
    assert run(box, skipped).word is Word.GREEN
    assert run(box, skipped, expected=["test_a.py::test_b"]).word is Word.GREEN
    report = run(box, skipped, expected=["test_a.py::test_a"])
    assert report.word is Word.RED and "skipped" in report.reason
    report = run(box, skipped, expected=["test_a.py::test_c"])
    assert report.word is Word.TAMPERED and "test_a.py::test_c" in report.reason


def test_a_suite_that_skips_everything_proves_nothing(box: Sandbox) -> None:
    hook = b"import pytest\ndef pytest_collection_modifyitems(items):\n    [i.add_marker('skip') for i in items]\n"
    report = run(box, {"conftest.py": hook, "test_a.py": b"def test_a(): assert 0\n"})
    assert report.word is Word.NO_TESTS and "skipped" in report.reason


def test_a_crash_is_red_and_names_the_test(box: Sandbox) -> None:
    source = b"import os, signal\ndef test_ok(): pass\ndef test_crash(): os.kill(os.getpid(), signal.SIGSEGV)\n"
    report = run(box, {"test_a.py": source})
    assert report.word is Word.RED and not report.complete
    assert "signal 11" in report.reason and "test_a.py::test_crash" in report.reason
    assert report.passed() == {"test_a.py::test_ok"}


def test_a_timeout_names_the_test_and_keeps_what_was_reported(box: Sandbox) -> None:
    report = run(box, {"test_a.py": b"def test_ok(): pass\ndef test_loop():\n    while True: pass\n"}, timeout_s=3)
    assert report.word is Word.TIMEOUT
    assert "test_a.py::test_loop" in report.reason
    assert report.passed() == {"test_a.py::test_ok"}


def test_many_failures_stay_within_the_output_limit(box: Sandbox) -> None:
    source = b"import pytest\n@pytest.mark.parametrize('n', range(400))\ndef test_a(n): assert 'x' * 5000 == n\n"
    report = run(box, {"test_a.py": source})
    assert (report.word, len(report.results)) == (Word.RED, 400)
    assert len(report.output) < 14_000
