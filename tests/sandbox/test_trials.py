"""Many small changes tried in forks of one process: right answers, bounded, nothing left for the next one."""

from collections.abc import Iterator, Mapping

import pytest

from sandbox import tars
from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.protocol import Command, Limits
from sandbox.trials import Attempt, Measured, Trial, Trials
from sandbox.workers import Workers
from tests.support.trees import RUN_ID, fastapi_image

pytestmark = pytest.mark.docker

STATS = """
LIMITS = {"most": 3}
SEEN = []


def largest(values):
    best = 0
    for value in values:
        if value > best:
            best = value
    return best


def count_to(number):
    found = []
    step = 0
    while step < number:
        found.append(step)
        step += 1
    return found


def first(values, most=LIMITS["most"]):
    SEEN.append(len(values))
    return values[:most]
"""
TESTS = """
import pathlib

import stats


def test_positive():
    assert stats.largest([1, 3, 2]) == 3


def test_negative():
    assert stats.largest([-5, -2]) == -2


def test_count():
    print("counted")
    assert stats.count_to(3) == [0, 1, 2]


def test_first():
    assert stats.first([1, 2, 3, 4]) == [1, 2, 3, 4]


def test_state():
    assert stats.first([]) == []
    assert stats.SEEN in ([0], [4, 0])
    left = pathlib.Path("left.txt")
    assert not left.exists()
    left.write_text("x")
"""
FILES = {"stats.py": STATS.encode(), "tests/test_stats.py": TESTS.encode()}
T = "tests/test_stats.py::"
FAILING = (f"{T}test_negative", f"{T}test_first")
PASSING = (f"{T}test_positive", f"{T}test_count", f"{T}test_state")


@pytest.fixture(scope="module")
def box() -> Iterator[DockerSandbox]:
    engine = DockerEngine()
    with engine.open(fastapi_image(), run_id=RUN_ID, limits=Limits(pids=64, memory_mb=768)) as sandbox:
        yield sandbox
    engine.close()


def fill(box: DockerSandbox, files: Mapping[str, bytes]) -> None:
    assert box.run(Command(argv=("find", "/src", "-mindepth", "1", "-delete"), timeout_s=30, user="root"))
    box.put(tars.build(files), "/src")


@pytest.fixture(scope="module")
def trials(box: DockerSandbox) -> Iterator[Trials]:
    workers = Workers(box)
    yield Trials(workers)
    workers.close()


@pytest.fixture(scope="module")
def measured(box: DockerSandbox, trials: Trials) -> Measured:
    fill(box, FILES)
    return trials.measure(FAILING, PASSING, ["stats.py"])


def line_of(text: str) -> int:
    return STATS[: STATS.index(text)].count("\n") + 1


def replaced(old: str, new: str, source: str = STATS, path: str = "stats.py") -> Attempt:
    start = source.index(old)
    return Attempt({path: [(start, start + len(old), new)]}, PASSING)


def tried(trials: Trials, measured: Measured, *attempts: Attempt) -> list[Trial]:
    found = trials.run(measured, FAILING, attempts, until_s=60)
    assert None not in found
    return [one for one in found if one is not None]


def test_the_code_as_it_is(measured: Measured) -> None:
    assert {one: measured.outcomes[one] for one in FAILING} == dict.fromkeys(FAILING, "failed")
    assert measured.passing(PASSING) == PASSING
    assert measured.messages[FAILING[0]].startswith("assert 0 == -2\n +  where 0 = ")
    assert measured.frames[FAILING[0]][-1] == ("tests/test_stats.py", 12)
    lines = measured.lines[f"{T}test_positive"]["stats.py"]
    assert line_of("best = value") in lines and line_of("step = 0") not in lines
    assert line_of("step += 1") in measured.lines[f"{T}test_count"]["stats.py"]
    assert measured.late and measured.imported == ("stats.py",)
    assert ("stats.py", "largest", ("{'values': [-5, -2]}", "{'values': [1, 3, 2]}")) in measured.calls


def test_right_answers_in_order(trials: Trials, measured: Measured) -> None:
    half, other, broken, worse, nonsense, same, none = tried(
        trials,
        measured,
        replaced("best = 0", "best = values[0] if values else 0"),
        replaced('"most": 3', '"most": 4'),
        replaced("step < number", "step < number - 1"),
        replaced("value > best", "value < best"),
        replaced("best = 0", "best = = 0"),
        replaced("found = []", "found = list()"),
        replaced("best = 0", "best = (0)"),
    )
    assert (half.fixed, half.still, half.broken, half.where) == (FAILING[:1], FAILING[1:], (), "collected")
    assert (other.fixed, other.still, other.broken, other.where) == (FAILING[1:], FAILING[:1], (), "import")
    assert broken.fixed == () and broken.still == FAILING and broken.broken == ()
    assert worse.fixed == () or worse.broken
    assert nonsense.how == "invalid" and "line 7" in nonsense.detail
    assert same.fixed == () and same.how == "end"
    assert (none.how, none.detail) == ("invalid", "nothing that runs is different")


def test_both_together_repair_it(trials: Trials, measured: Measured) -> None:
    one, other = replaced("best = 0", "best = values[0] if values else 0"), replaced('"most": 3', '"most": 4')
    both = Attempt({"stats.py": [*one.files["stats.py"], *other.files["stats.py"]]}, PASSING)
    (found,) = tried(trials, measured, both)
    assert found.repairs(FAILING) and found.where == "import"


def test_what_never_ends_is_cut_soon(trials: Trials, measured: Measured) -> None:
    loops = [replaced("best = 0", f"best = 0\n    while {number}: pass") for number in range(1, 9)]
    waits = replaced("best = 0", "import time; time.sleep(600)")
    found = trials.run(measured, FAILING, [*loops, waits], until_s=60)
    assert {one.how for one in found if one} == {"timeout"} and None not in found


def test_crashes_and_lies(trials: Trials, measured: Measured) -> None:
    said = 'b"0 [\\"done\\", 0, \\"passed\\", \\"\\"]\\n0 [\\"end\\"]\\n"'
    lie = f"import os; [os.write(fd, {said}) for fd in (1, 2)]; best = 0"
    gone, quiet, killed, told, well = tried(
        trials,
        measured,
        replaced("best = 0", "import os; os._exit(0)"),
        replaced('"most": 3', '"most": __import__("os")._exit(0)'),
        replaced("best = 0", "import os; os.kill(os.getpid(), 9)"),
        replaced("best = 0", lie),
        replaced("best = 0", "best = max(values)"),
    )
    assert (gone.how, gone.detail) == ("crash", "ended with exit code 0")
    assert quiet.how == "crash" and quiet.fixed == ()
    assert (killed.how, killed.detail) == ("crash", "ended by signal 9")
    assert told.fixed == () and told.still == FAILING
    assert well.fixed == FAILING[:1] and well.broken == ()


def test_memory_and_processes_that_run_out_are_the_childs_own(trials: Trials, measured: Measured) -> None:
    forks = "import os; [os.fork() for _ in range(12)]; import time; time.sleep(600)"
    greedy, many, well, too = tried(
        trials,
        measured,
        replaced("best = 0", "best = [0] * 400_000_000"),
        replaced("best = 0", forks),
        replaced("best = 0", "best = max(values)"),
        replaced("best = 0", "best = values and max(values) or 0"),
    )
    assert greedy.fixed == () and many.fixed == ()
    assert well.fixed == too.fixed == FAILING[:1]


def test_one_that_ends_the_process_above_is_a_crash_and_the_rest_is_tried(trials: Trials, measured: Measured) -> None:
    above = "import os; os.kill(os.getppid(), 9)"
    found = tried(
        trials,
        measured,
        replaced("best = 0", f"{above}; best = 0"),
        replaced('"most": 3', '"most": __import__("os").kill(__import__("os").getppid(), 9)'),
        *[replaced("best = 0", f"best = {number}") for number in range(1, 9)],
        replaced("best = 0", "best = max(values)"),
        replaced("best = 0", "best = values and max(values) or 0"),
    )
    assert [one.how for one in found] == ["crash"] * 2 + ["end"] * 10
    assert [one.fixed for one in found] == [()] * 10 + [FAILING[:1]] * 2


def test_nothing_is_left_for_the_next(trials: Trials, measured: Measured) -> None:
    """Every one of them runs the test that leaves a file and a list behind."""
    same = [replaced("best = 0", f"best = max(values) + {n} - {n}") for n in range(12)]
    assert {(one.fixed, one.broken) for one in tried(trials, measured, *same)} == {(FAILING[:1], ())}


def test_there_is_an_end_to_it(trials: Trials, measured: Measured) -> None:
    good = [replaced("best = 0", f"best = values[0] + {n} - {n}") for n in range(6)]
    assert trials.run(measured, FAILING, good, until_s=0) == [None] * 6
    found = trials.run(measured, FAILING[:1], good, until_s=60, enough=1)
    assert len([one for one in found if one]) in (1, 2)


def test_answers_of_functions(trials: Trials, measured: Measured) -> None:
    calls = [("stats.py", "largest", "{'values': [-1]}"), ("stats.py", "largest", "{'values': None}"),
             ("stats.py", "largest", "{'values': []}")]  # fmt: skip
    as_it_is, better = trials.answers(
        measured, FAILING, [Attempt({}, ()), replaced("best = 0", "best = values[0]")], calls, until_s=30
    )
    assert as_it_is == {"0": ("value", "0"), "1": ("error", "TypeError"), "2": ("value", "0")}
    assert better == {"0": ("value", "-1"), "1": ("error", "TypeError"), "2": ("error", "IndexError")}


DATABASE = """
import os
import sqlite3

path = os.path.join(os.environ["HOME"], "shop.db")
if not os.path.exists(path):
    with sqlite3.connect(path) as made:
        made.execute("create table item (name text)")
        made.execute("insert into item values ('first')")


def add(name):
    with sqlite3.connect(path) as db:
        db.execute("insert into item values (?)", (name,))
        return [row[0] for row in db.execute("select name from item")][1:]
"""


def test_what_imports_put_on_the_disk_is_there_for_everybody(box: DockerSandbox, trials: Trials) -> None:
    test = "from shop import add\n\ndef test_add():\n    assert add('b') == ['b', 'b']\n"
    fill(box, {"shop.py": DATABASE.encode(), "test_shop.py": test.encode()})
    failing = ["test_shop.py::test_add"]
    measured = trials.measure(failing, [], ["shop.py"])
    attempts = []
    for number in range(3):
        for old, new in (("[1:]", f"[1:] * {number + 1}"), ("'first'", f"'number {number}'")):
            attempts.append(Attempt(replaced(old, new, DATABASE, "shop.py").files, ()))
    found = trials.run(measured, failing, attempts, until_s=60)
    assert [one.fixed for one in found if one] == [(), (), tuple(failing), (), (), ()]
    assert [one.where for one in found if one] == ["collected", "import"] * 3 or measured.late is False


SERVICE = """
from fastapi import FastAPI

app = FastAPI()
notes = []


@app.post("/notes/{text}")
def add(text: str):
    notes.append(text)


@app.get("/notes")
def page(limit: int = 2):
    return notes[:limit]
"""
SERVICE_TEST = """
from fastapi.testclient import TestClient
from service import app


def test_page():
    client = TestClient(app)
    client.post("/notes/a")
    client.post("/notes/b")
    assert client.get("/notes").json() == ["b"]
"""


def test_applications_are_asked_more_than_tests_ask(box: DockerSandbox, trials: Trials) -> None:
    fill(box, {"service.py": SERVICE.encode(), "test_service.py": SERVICE_TEST.encode()})
    tests = ["test_service.py::test_page"]
    measured = trials.measure(tests, [], ["service.py"])
    other = Attempt(replaced("notes[:limit]", "notes[-limit:]", SERVICE, "service.py").files, ())
    before, after = trials.answers(measured, tests, [Attempt({}, ()), other], [], until_s=30)
    assert before is not None and after is not None
    asked = "GET /notes?limit=1, asked after request 3 of test_service.py::test_page"
    assert (before[asked], after[asked]) == (("value", '200 ["a"]'), ("value", '200 ["b"]'))
    assert before["GET /notes/b, asked after request 2 of test_service.py::test_page"][1].startswith("405 ")
    assert set(before) == set(after)


def test_tests_are_varied(box: DockerSandbox, trials: Trials) -> None:
    fill(box, FILES)
    measured = trials.measure(FAILING, PASSING, ["stats.py"])
    tests = [f"{T}test_count"]
    source = "def test_count():\n    __greenloop_note__(stats.count_to({}))\n"
    variants = [(tests[0], "of two", source.format(2)), (tests[0], "of none", source.format("None"))]
    other = replaced("found.append(step)", "found.append(-step)")
    before, after = trials.answers(measured, tests, [Attempt({}, ()), other], [], variants=variants, until_s=30)
    assert before == {"of two": ("value", "[0, 1]"), "of none": ("error", "TypeError")}
    assert after == {"of two": ("value", "[0, -1]"), "of none": ("error", "TypeError")}


KEPT = """
from functools import lru_cache
from itertools import count

KNOWN = {}
NUMBERS = count(1)
TOTAL = 0


@lru_cache
def double(value):
    return value + value


def add(name):
    global TOTAL
    TOTAL += 1
    KNOWN[name] = next(NUMBERS)
    return KNOWN[name], double(1), TOTAL, len(KNOWN)
"""
KEPT_TESTS = """
import kept


def test_add():
    assert kept.add("one") == (1, 2, 1, 2)


def test_double():
    assert kept.double(4) == 8 and kept.NUMBERS is not None
"""
WARNING = """
import re
import warnings

with warnings.catch_warnings(record=True) as SAID:
    warnings.simplefilter("always")
    PATTERNS = re.compile("sure[0-9]"), re.compile("[[]doubtful")
MOST = 1
"""
WARNING_TESTS = """
import warning


def test_most():
    assert warning.MOST == 2


def test_warned():
    assert [one.category for one in warning.SAID] == [FutureWarning]
"""
LEAVING = """
import os


def add(name):
    os.environ["NAMES"] = os.environ.get("NAMES", "") + name
    return len(os.environ["NAMES"])
"""
LEAVING_TESTS = """
import leaving


def test_add():
    assert leaving.add("ab") == 3


def test_plain():
    assert leaving.add("abc") == 3
"""


def chained(box: DockerSandbox, trials: Trials, name: str, source: str, tests: str, old: str, *new: str) -> list[Trial]:
    """Tried after one another on files of their own; the first test fails, the second passes."""
    path, suite = f"{name}.py", f"tests/test_{name}.py"
    fill(box, {path: source.encode(), suite: tests.encode()})
    ids = [f"{suite}::{line[4:].partition('(')[0]}" for line in tests.splitlines() if line.startswith("def ")]
    measured = trials.measure(ids[:1], ids[1:], [path])
    start = source.index(old)
    attempts = [Attempt({path: [(start, start + len(old), text)]}, tuple(ids[1:])) for text in new]
    return [one for one in trials.run(measured, ids[:1], attempts, until_s=60) if one]


def test_what_modules_keep_is_put_back_within_a_child(box: DockerSandbox, trials: Trials) -> None:
    """The right one comes late; names, counters, dictionaries and caches are as they were for it."""
    wrong = [f"len(KNOWN) + {n}" for n in range(2, 30)]
    found = chained(box, trials, "kept", KEPT, KEPT_TESTS, "len(KNOWN)\n", *wrong, "len(KNOWN) + 1\n")
    assert [bool(one.fixed) for one in found] == [False] * 28 + [True]
    assert not found[-1].broken and found[0].still


def test_patterns_are_compiled_ahead_and_warn_as_before(box: DockerSandbox, trials: Trials) -> None:
    found = chained(box, trials, "warning", WARNING, WARNING_TESTS, "MOST = 1", "MOST = 2", "MOST = 3")
    assert [(one.where, len(one.fixed), one.broken) for one in found] == [("import", 1, ()), ("import", 0, ())]
    told = [text for text, _ in trials.measure(["tests/test_warning.py::test_most"], [], ["warning.py"]).patterns]
    assert {"sure[0-9]", "[[]doubtful"} <= set(told)


def test_what_cannot_be_put_back_is_noticed(box: DockerSandbox, trials: Trials) -> None:
    """Something outside of memory is left behind: then every candidate is tried alone, and the right ones are found."""
    wrong = [f'len(os.environ["NAMES"]) + {n}' for n in range(2, 14)]
    right = 'len(os.environ["NAMES"]) + 1'
    found = chained(box, trials, "leaving", LEAVING, LEAVING_TESTS, 'len(os.environ["NAMES"])', *wrong, right, right)
    assert [bool(one.fixed) for one in found] == [False] * 12 + [True, True]
    assert {one.broken for one in found[-2:]} == {("tests/test_leaving.py::test_plain",)}
