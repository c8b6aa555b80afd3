"""Tests met by damaged code: in real containers, and the sums and sentences on made-up fates."""

import re
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from sandbox import tars
from sandbox.docker import DockerEngine
from sandbox.errors import EngineFault
from sandbox.mutants import Mutant, changed_lines, mutants
from sandbox.mutation import NAME, MutationReport, Survivor, fate_of, score, summary, with_mutants
from sandbox.protocol import Limits
from sandbox.relevance import nearest, test_words, words
from sandbox.reports import Gate, SuiteReport, TestResult, Verdict, Word
from sandbox.trust import TreeFile
from tests.support.trees import CONFTEST, RUN_ID, SERVICE, fastapi_image

APP = b"""
from fastapi import Depends, FastAPI, Header, HTTPException

app = FastAPI()
books = ["a", "b", "c", "d"]


def login(token: str = Header("")):
    if token != "secret":
        raise HTTPException(401)


@app.get("/health")
def health():
    return {"ok": True}


@app.get("/books")
def list_books(limit: int = 2):
    return books[:limit]


@app.get("/books/{number}")
def read_book(number: int, _: None = Depends(login)):
    if number >= len(books):
        raise HTTPException(404)
    return books[number]
"""
TESTS = b"""
def test_books_are_listed(client):
    assert client.get("/books").json()[0] == "a"


def test_a_book_needs_a_login(client):
    assert client.get("/books/1").status_code == 401


def test_a_book_can_be_read(client):
    assert client.get("/books/1", headers={"token": "secret"}).json() == "b"


def test_an_unknown_book_is_not_found(client):
    assert client.get("/books/9", headers={"token": "secret"}).status_code == 404
"""
FILES = {"app/__init__.py": b"", "app/main.py": APP}
TRUSTED = {"tests/acceptance/conftest.py": CONFTEST, "tests/acceptance/test_books.py": TESTS}
IDS = [f"tests/acceptance/test_books.py::{name}" for name in re.findall(r"def (\w+)", TESTS.decode())]


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    engine = DockerEngine()
    yield engine
    assert engine.remove_run(RUN_ID) == []
    engine.close()


def scored(engine: DockerEngine, chosen: list[Mutant], image: str = "", **more: object) -> MutationReport:
    given = {
        "source": tars.build(FILES | TRUSTED),
        "tests": tars.build(TRUSTED),
        "service": SERVICE,
        "mutants": chosen,
        "expected": IDS,
        "limits": Limits(),
        "run_id": RUN_ID,
        "timeout_s": 60,
        "budget_s": 200,
    }
    return score(engine, image or fastapi_image(), **{**given, **more})  # type: ignore[arg-type]


def damage(kind: str, before: str) -> Mutant:
    found = mutants("app/main.py", APP, changed_lines(None, APP), "seed", 100)
    return next(m for m in found if (m.kind, m.before) == (kind, before))


@pytest.mark.docker
def test_strong_tests_notice_and_a_gap_is_named(engine: DockerEngine) -> None:
    chosen = [
        damage("guard removed", "_: None = Depends(login)"),
        damage("exception not raised", "raise HTTPException(404)"),
        damage("default changed", "2"),
        damage("boundary moved", "number >= len(books)"),
    ]
    said: list[str] = []
    report = scored(engine, chosen, tell=said.append)
    assert (report.killed, report.timed_out, report.not_run, report.reason) == (2, 0, 0, "")
    assert {(s.line, s.sure, s.tests) for s in report.survived} == {(19, True, 4), (25, True, 4)}
    assert report.share == 0.5
    assert said == [summary(report)]
    assert "2 of 4 noticed; survived: " in said[0]
    assert "app/main.py:19 2 -> 3: default changed" in said[0]


@pytest.mark.docker
def test_a_service_that_does_not_start_is_noticed_and_the_next_mutant_starts_clean(engine: DockerEngine) -> None:
    broken = Mutant("app/main.py", 1, "broken", "x", "y", b"raise SystemExit(3)\n", "module")
    same = Mutant("app/main.py", 1, "comment", "", "#", APP + b"# same\n", "module")
    report = scored(engine, [broken, same], workers=1)
    assert (report.killed, [s.words for s in report.survived]) == (1, [same.words])


@pytest.mark.docker
def test_nothing_is_said_when_the_undamaged_change_does_not_pass(engine: DockerEngine) -> None:
    files = FILES | {"app/main.py": b"raise RuntimeError('no')\n"}
    report = scored(engine, [damage("default changed", "2")], source=tars.build(files | TRUSTED))
    assert (report.killed, report.survived, report.not_run) == (0, (), 1)
    assert report.reason.startswith("the undamaged change does not pass here (service did not start: RuntimeError: no")
    assert summary(report).startswith("not measured: the undamaged change")


@pytest.mark.docker
def test_without_time_nothing_runs_and_nothing_is_claimed(engine: DockerEngine) -> None:
    report = scored(engine, [damage("default changed", "2")] * 3, budget_s=0)
    assert (report.killed, report.survived, report.not_run) == (0, (), 3)
    assert report.seconds < 20
    assert summary(report).startswith("not measured: ")


@pytest.mark.docker
def test_a_mutant_that_hangs_does_not_outlast_the_budget(engine: DockerEngine) -> None:
    sleepy = Mutant("app/main.py", 1, "sleeps", "x", "y", b"import time\ntime.sleep(600)\n", "module")
    begun = time.monotonic()
    report = scored(engine, [sleepy] * 3, budget_s=12, workers=1)
    assert time.monotonic() - begun < 12 + 15
    assert (report.killed, report.survived, report.noticed + report.not_run) == (0, (), 3)


def test_nothing_to_do_needs_no_engine() -> None:
    engine = DockerEngine("unix:///nowhere/docker.sock")
    assert scored(engine, [], "none").reason == "there is nothing to damage"
    assert (
        scored(engine, [damage("default changed", "2")], "none", expected=[]).reason == "there are no acceptance tests"
    )


FAILED = (TestResult(node_id="t", outcome="failed", message="m"),)


@pytest.mark.parametrize(
    ("report", "hurried", "fate"),
    [
        (SuiteReport(word=Word.GREEN), False, "survived"),
        (SuiteReport(word=Word.RED, results=FAILED), True, "killed"),
        (SuiteReport(word=Word.TAMPERED, results=FAILED, complete=False, reason="2 did not report"), True, "killed"),
        (SuiteReport(word=Word.TIMEOUT, results=FAILED, complete=False), True, "killed"),
        (SuiteReport(word=Word.TIMEOUT, complete=False), False, "timed_out"),
        (SuiteReport(word=Word.TIMEOUT, complete=False), True, "undecided"),
        (SuiteReport(word=Word.RED, complete=False, reason="service did not start: no answer on / within 3 s"), True,
         "undecided"),
        (SuiteReport(word=Word.RED, complete=False, reason="service did not start: NameError"), True, "killed"),
        (SuiteReport(word=Word.OUT_OF_MEMORY, complete=False), False, "killed"),
    ],
)  # fmt: skip
def test_fates(report: SuiteReport, hurried: bool, fate: str) -> None:
    assert fate_of(report, hurried=hurried) == fate


def test_a_container_that_died_is_no_fate() -> None:
    with pytest.raises(EngineFault):
        fate_of(SuiteReport(word=Word.SANDBOX_DIED, complete=False), hurried=False)


def survivor(tests: int) -> Survivor:
    return Survivor(path="app/x.py", line=4, words="app/x.py:4 limit(n): call removed", tests=tests, total=9)


GREEN = Verdict(word=Word.GREEN, commit="c", gates=(Gate(name="acceptance tests", passed=True, evidence="9 of 9"),))


def test_survivors_are_named_and_only_advise() -> None:
    report = MutationReport(killed=3, timed_out=1, survived=(survivor(9),), not_run=2, seconds=4.0)
    verdict = with_mutants(GREEN, report)
    assert verdict.word is Word.GREEN
    gate = verdict.gates[-1]
    assert (gate.name, gate.passed, gate.blocking, gate.seconds) == (NAME, False, False, 4.0)
    assert gate.evidence == "4 of 5 noticed; survived: app/x.py:4 limit(n): call removed; 2 not run in the time"


def test_a_mutant_that_met_few_tests_is_not_held_against_them() -> None:
    report = MutationReport(killed=1, survived=(survivor(5),))
    gate = with_mutants(GREEN, report, at_least=1.0).gates[-1]
    assert gate.passed
    assert gate.evidence == (
        "1 of 1 noticed; 1 met the nearest tests only and lived, no time for the others: "
        "app/x.py:4 limit(n): call removed"
    )


def test_a_threshold_makes_tests_weak_and_only_a_green_verdict_changes() -> None:
    report = MutationReport(killed=1, survived=(survivor(9),))
    weak = with_mutants(GREEN, report, at_least=0.8)
    assert (weak.word, weak.gates[-1].blocking, weak.gates[-1].passed) == (Word.WEAK_TESTS, True, False)
    assert "notice 50% of the damage done to the change, 80% are asked for" in weak.reason
    assert "app/x.py:4" in weak.reason
    assert with_mutants(GREEN, report, at_least=0.5).word is Word.GREEN
    red = GREEN.model_copy(update={"word": Word.RED, "reason": "r"})
    assert (with_mutants(red, report, at_least=0.8).word, with_mutants(red, report, at_least=0.8).reason) == (
        Word.RED,
        "r",
    )


def test_words_are_split_as_names_are() -> None:
    assert words("app/routers/books.py BookRead.isbn HTTP_409") >= {"router", "book", "read", "isbn", "409"}
    assert words("delete") == words("deleted") == words("Deleting") == words("deletes")
    assert words("listed") == words("list")
    assert words("a of 12") == set()


def test_the_nearest_tests_come_first_and_keep_their_order() -> None:
    files = {"tests/acceptance/test_books.py": TreeFile(TESTS), "x.txt": TreeFile(b""), "b.py": TreeFile(b"def (")}
    known = test_words(files, IDS)
    assert nearest("app/main.py read_book _: Depends(login)", known, 2) == [IDS[1], IDS[2]]
    assert nearest("app/main.py list_books limit", known, 1) == [IDS[0]]
    assert nearest("nothing shared at all", known, 3) == []
    assert nearest("unknown login", known, 2) == [IDS[1], IDS[3]]
    assert test_words({}, ["t.py::test_gone"]) == {"t.py::test_gone": Counter({"gon": 3, "test": 3})}
