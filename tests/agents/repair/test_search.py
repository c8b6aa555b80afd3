from collections.abc import Callable, Iterator, Sequence

from agents.repair.candidate import Candidate, Edit
from agents.repair.search import Bounds, Found, search
from sandbox.trials import Trial

FAILING = ("t::a", "t::b")


class Pretend:
    """Knows what single edits do, by their number; a pair does what its edits do."""

    def __init__(self, fixes: dict[int, set[str]], breaks: set[int] = frozenset(), seconds: float = 0.01) -> None:
        self.fixes, self.breaks, self.seconds = fixes, breaks, seconds
        self.now, self.asked = 0.0, list[tuple[int, bool]]()

    def __call__(
        self, batch: Sequence[Candidate], *, until_s: float, enough: int, wide: bool
    ) -> Sequence[Trial | None]:
        begun, answers = self.now, list[Trial | None]()
        self.asked.append((len(batch), wide))
        for candidate in batch:
            if self.now - begun >= until_s:
                answers.append(None)
                continue
            self.now += self.seconds
            numbers = [edit.start for edit in candidate.edits]
            fixed = tuple(one for one in FAILING if any(one in self.fixes.get(n, ()) for n in numbers))
            broken = ("t::other",) if wide and self.breaks & set(numbers) else ()
            answers.append(Trial("end", fixed, tuple(one for one in FAILING if one not in fixed), broken))
        return answers


def singles(count: int) -> Iterator[Candidate]:
    return (Candidate((Edit("a.py", n, n + 1, "x"),), "names", 1, 0.5, f"edit {n}") for n in range(0, 3 * count, 3))


def searched(pretend: Pretend, count: int, bounds: Bounds | None = None) -> Found:
    clock: Callable[[], float] = lambda: pretend.now  # noqa: E731 - one line of a fake
    return search(singles(count), FAILING, pretend, bounds, clock)


def numbers(found: Found) -> list[list[int]]:
    return [[edit.start for edit in one.edits] for one in found.repairs]


def test_goes_on_for_alternatives_after_the_first() -> None:
    pretend = Pretend({30: {*FAILING}, 90: {*FAILING}, 2700: {*FAILING}})
    found = searched(pretend, 2000)
    assert numbers(found) == [[30], [90]] and found.note == ""
    assert found.tried < 1000 and (2, True) in pretend.asked
    assert found.per_second > 0


def test_what_breaks_other_tests_is_no_repair() -> None:
    found = searched(Pretend({30: {*FAILING}, 60: {*FAILING}}, breaks={30}), 100)
    assert numbers(found) == [[60]]
    assert [(c.says, test) for c, test in found.breaking] == [("edit 30", "t::other")]


def test_pairs_where_the_failures_split() -> None:
    found = searched(Pretend({30: {"t::a"}, 45: {"t::b"}, 60: {"t::b"}}), 100)
    assert numbers(found) == [[30, 45], [30, 60]]
    assert {fixes for _, fixes in found.halves} == {frozenset({"t::a"}), frozenset({"t::b"})}


def test_bounds_hold() -> None:
    slow = Pretend({}, seconds=1.0)
    found = searched(slow, 5000, Bounds(seconds=30))
    assert found.repairs == [] and found.note == "the time was up" and slow.now <= 31
    few = Pretend({})
    found = searched(few, 5000, Bounds(candidates=200))
    assert found.tried <= 200 and found.note == "the most candidates were tried"
    assert searched(Pretend({}), 0).tried == 0


def test_enough_is_enough() -> None:
    found = searched(Pretend({n: {*FAILING} for n in range(0, 6000, 3)}), 2000, Bounds(enough=5))
    assert len(found.repairs) >= 5 and found.tried <= 60


def test_what_there_was_no_time_to_ask_of_every_test_is_kept() -> None:
    class Hurried(Pretend):
        def __call__(
            self, batch: Sequence[Candidate], *, until_s: float, enough: int, wide: bool
        ) -> Sequence[Trial | None]:
            answers = super().__call__(batch, until_s=until_s, enough=enough, wide=wide)
            return [None] * len(answers) if wide else answers

    assert numbers(searched(Hurried({30: {*FAILING}}), 100)) == [[30]]
