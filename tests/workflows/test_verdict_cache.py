"""What is kept of verdicts and baselines, and what is asked again every time."""

import os
import time
from pathlib import Path

import pytest

from sandbox.baseline import Baseline
from sandbox.reports import Gate, Service, Verdict, Word
from workflows import verdict_cache
from workflows.verdict_cache import VerdictCache, code_digest, key_of

GREEN = Verdict(
    word=Word.GREEN, commit="a" * 40, gates=(Gate(name="g", passed=True, evidence="e"),), levels={"t::a": "service"}
)
KEY = key_of("verdict", {"source": "tree"})


@pytest.fixture
def cache(tmp_path: Path) -> VerdictCache:
    return VerdictCache(tmp_path / "verdicts")


def test_a_whole_verdict_comes_back_for_another_commit_with_the_same_tree(cache: VerdictCache) -> None:
    cache.save(KEY, GREEN)
    assert cache.find(KEY, "b" * 40) == GREEN.model_copy(update={"commit": "b" * 40})
    assert cache.find(key_of("verdict", {"source": "other"}), "b" * 40) is None


@pytest.mark.parametrize("word", [w for w in Word if w not in (Word.GREEN, Word.RED)])
def test_what_was_cut_short_or_is_in_doubt_is_asked_again(cache: VerdictCache, word: Word) -> None:
    cache.save(KEY, GREEN.model_copy(update={"word": word}))
    assert cache.find(KEY, "b" * 40) is None


@pytest.mark.parametrize(("word", "hours", "there"), [("green", 24, True), ("green", 200, False), ("red", 2, False)])
def test_verdicts_grow_old(cache: VerdictCache, tmp_path: Path, word: str, hours: float, there: bool) -> None:
    cache.save(KEY, GREEN.model_copy(update={"word": Word(word)}))
    before = time.time() - hours * 3600
    os.utime(tmp_path / "verdicts" / f"{KEY}.json", (before, before))
    assert (cache.find(KEY, "b" * 40) is not None) is there


def test_a_baseline_is_kept_when_it_was_measured_to_its_end(cache: VerdictCache) -> None:
    whole = Baseline(passing=("t::a",), failing=("t::b",))
    cache.save_baseline(KEY, whole)
    assert cache.find_baseline(KEY) == whole
    for number, doubtful in enumerate([Baseline(flaky=("t::a",)), Baseline(trouble=("timeout: ...",))]):
        key = key_of("baseline", {"n": number})
        cache.save_baseline(key, doubtful)
        assert cache.find_baseline(key) is None


def test_a_baseline_without_a_test_that_did_not_end_is_believed_for_an_hour(
    cache: VerdictCache, tmp_path: Path
) -> None:
    cache.save_baseline(KEY, Baseline(passing=("t::a",), endless=("t::b",)))
    for hours, there in ((0.5, True), (2, False)):
        before = time.time() - hours * 3600
        os.utime(tmp_path / "verdicts" / f"{KEY}.json", (before, before))
        assert (cache.find_baseline(KEY) is not None) is there


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"word": "nonsense"}', b"\xff"])
def test_a_damaged_file_is_as_good_as_none(cache: VerdictCache, tmp_path: Path, content: bytes) -> None:
    cache.save(KEY, GREEN)
    (tmp_path / "verdicts" / f"{KEY}.json").write_bytes(content)
    assert cache.find(KEY, "b" * 40) is None


def test_the_oldest_go_first(cache: VerdictCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict_cache, "MOST", 3)
    keys = [key_of("verdict", {"n": n}) for n in range(5)]
    for age, key in zip(range(5, 0, -1), keys, strict=True):
        cache.save(key, GREEN)
        os.utime(tmp_path / "verdicts" / f"{key}.json", (time.time() - age, time.time() - age))
    cache.save(KEY, GREEN)
    assert [cache.find(key, "b") is not None for key in (*keys, KEY)] == [False, False, False, True, True, True]


def test_without_a_folder_nothing_is_kept() -> None:
    cache = VerdictCache(None)
    cache.save(KEY, GREEN)
    cache.save_baseline(KEY, Baseline())
    assert (cache.find(KEY, "b"), cache.find_baseline(KEY)) == (None, None)


QUESTION = {
    "source": "tree",
    "image": "i:1",
    "tests": b"tar",
    "service": Service(argv=("python",)),
    "expected_service": {"a", "b"},
    "baseline": Baseline(),
    "limits": {"memory_mb": 1},
    "timeout_s": 1.0,
}


@pytest.mark.parametrize(
    "other",
    [
        {"source": "other"},
        {"image": "i:2"},
        {"tests": b"tar2"},
        {"service": None},
        {"service": Service(argv=("python3",))},
        {"expected_service": {"a"}},
        {"baseline": Baseline(failing=("t",))},
        {"limits": {"memory_mb": 2}},
        {"timeout_s": 2.0},
    ],
)
def test_everything_a_verdict_depends_on_is_in_the_key(other: dict[str, object]) -> None:
    assert key_of("verdict", QUESTION | other) != key_of("verdict", QUESTION)


def test_the_key_does_not_depend_on_order_and_names_its_kind() -> None:
    assert key_of("verdict", dict(reversed(QUESTION.items()))) == key_of("verdict", QUESTION)
    assert key_of("verdict", {"a": {"x", "y", "z"}}) == key_of("verdict", {"a": frozenset({"z", "y", "x"})})
    assert key_of("baseline", QUESTION) != key_of("verdict", QUESTION)
    assert len(code_digest()) == 64
    with pytest.raises(TypeError, match="object has no stable form"):
        key_of("verdict", {"a": object()})
