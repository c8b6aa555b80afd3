"""The loop's sandbox: what a change is likely to reach runs first, and what was seen of tests is remembered."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sandbox.docker import DockerEngine
from sandbox.listing import Listing
from sandbox.protocol import Limits
from sandbox.reports import SuiteReport, TestResult, Word
from tests.support.trees import RUN_ID, fastapi_image
from workflows.touches import Touches
from workflows.warm import Warm

FILES = {
    "app/__init__.py": "",
    **{f"app/part{n}.py": f"def value():\n    return {n}\n" for n in range(5)},
    "app/all.py": "from app import part0, part1, part2, part3, part4\n",
    **{
        f"tests/test_part{n}.py": "import pytest\nfrom app import all\n\n"
        f"@pytest.mark.parametrize('x', [1, 2])\ndef test_value(x):\n    assert all.part{n}.value() == {n}\n\n"
        f"def test_again():\n    assert all.part{n}.value() == {n}\n"
        for n in range(5)
    },
}
IDS = [f"tests/test_part{n}.py::test_{name}" for n in range(5) for name in ("value", "again")]


def listing(files: Mapping[str, str]) -> Listing:
    content = {path: text.encode() for path, text in files.items()}
    keys = {path: (hashlib.sha1(text).hexdigest(), False) for path, text in content.items()}
    return Listing(keys, lambda paths: {path: content[path] for path in paths})


def ran(report: SuiteReport) -> set[str]:
    return {result.node_id for result in report.results}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "touches.json"


@pytest.fixture
def warm(state: Path) -> Iterator[Warm]:
    engine = DockerEngine()
    warm = Warm(engine, RUN_ID, Limits(pids=64, memory_mb=512), 60, Touches(state))
    yield warm
    warm.close()
    engine.close()


@pytest.mark.docker
def test_what_a_change_reaches_runs_first_and_the_rest_when_it_passes(warm: Warm, state: Path) -> None:
    base = listing(FILES)
    tests = base.only({path for path in FILES if path.startswith("tests/")})

    def run(files: Mapping[str, str]) -> SuiteReport:
        return warm.run(fastapi_image(), listing(files), tests, IDS, None, before=base)

    first = run(FILES)
    assert (first.word, len(first.results)) == (Word.GREEN, 15)
    known = Touches(state)
    assert known.files["tests/test_part3.py::test_value[1]"] == ["app/part3.py", "tests/test_part3.py"]
    assert len(known.files) == len(known.seconds) == 15

    wrong = FILES | {"app/part3.py": "def value():\n    return 33\n"}
    red = run(wrong)
    assert red.word is Word.RED
    assert {one.partition("::")[0] for one in ran(red)} == {"tests/test_part3.py"}
    assert any("8 tests that the change is not known to reach were not run" in note for note in red.notes)

    mended = wrong | {"app/part3.py": "def value():\n    return int('3')\n"}
    green = run(mended)
    assert (green.word, ran(green)) == (Word.GREEN, ran(first))
    assert green.notes == ()

    elsewhere = mended | {"app/part1.py": "def value():\n    return 0\n"}
    assert {one.partition("::")[0] for one in ran(run(elsewhere))} == {"tests/test_part1.py"}

    whole = warm.run(fastapi_image(), listing(elsewhere), tests, IDS, None)
    assert (whole.word, len(whole.results)) == (Word.RED, 15), "without a tree before, everything runs at once"


def report(**touched: tuple[str, ...]) -> SuiteReport:
    results = tuple(TestResult(node_id=name, outcome="passed", duration_s=0.5) for name in touched)
    return SuiteReport(word=Word.GREEN, results=results, touched=touched)


def test_what_was_seen_survives_and_what_is_damaged_is_forgotten(state: Path) -> None:
    Touches(state).learn(report(one=("a.py",), two=("b.py", "c.py")))
    known = Touches(state)
    assert (known.files, known.seconds) == ({"one": ["a.py"], "two": ["b.py", "c.py"]}, {"one": 0.5, "two": 0.5})
    assert known.unknown(["one", "three"]) and not known.unknown(["one", "two[1]"])
    state.write_text('{"files": 3}')
    assert Touches(state).files == {}
    state.write_bytes(b"\xff")
    assert Touches(state).files == {}


def test_what_was_touched_is_not_kept_with_a_report() -> None:
    assert "touched" not in report(one=("a.py",)).model_dump(mode="json")
