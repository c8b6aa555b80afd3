from agents.repair.candidate import Suspect
from agents.repair.localise import Evidence, localise, statements

SOURCE = """def mean(values):
    total = sum(values)
    if not values:
        return 0
    return total / (len(values) - 1)


def spread_of(values):
    return max(values) - min(values)
"""
LINES = {
    "t::mean": {"stats.py": [2, 3, 5]},
    "t::empty": {"stats.py": [2, 3, 4]},
    "t::spread": {"stats.py": [9]},
}


def at(found: list[Suspect], line: int) -> Suspect:
    return next((one for one in found if one.line == line), Suspect("stats.py", line, 0.0))


def test_what_only_failing_tests_run_stands_first() -> None:
    found = localise(
        Evidence(sources={"stats.py": SOURCE}, lines=LINES, failing=["t::mean"], passing=["t::empty", "t::spread"])
    )
    assert (found[0].line, found[0].score) == (5, 1.0)
    assert found[0].reasons == ("run by 1 of 1 failing tests and 0 of 2 passing ones",)
    assert 0 < at(found, 2).score == at(found, 3).score < 1
    assert at(found, 4).score == at(found, 9).score == 0


def test_traces_tell_lines_apart_that_coverage_cannot() -> None:
    frames = {"t::mean": [("tests/test_stats.py", 4), ("stats.py", 5)]}
    errors = {"t::mean": "ZeroDivisionError: division by zero"}
    found = localise(
        Evidence(sources={"stats.py": SOURCE}, lines=LINES, failing=["t::mean"], frames=frames, errors=errors)
    )
    assert found[0].line == 5 and "where ZeroDivisionError came from" in found[0].reasons
    assert at(found, 2).score < 1 and {one.path for one in found} == {"stats.py"}


def test_reports_and_history() -> None:
    found = localise(
        Evidence(
            sources={"stats.py": SOURCE}, lines={}, failing=[], text="The result of spread_of is negative",
            recent={"stats.py": [2], "gone.py": [1]}, culprit={"stats.py": [9]}, culprit_name="abc1234 Faster",
        )
    )  # fmt: skip
    assert found[0].line == 9
    assert found[0].reasons == ("in `spread_of`, which the report names", "brought by abc1234 Faster")
    assert at(found, 2).reasons == ("changed lately",) and {one.line for one in found} == {2, 8, 9}


def test_nothing_known_is_nothing_suspected() -> None:
    assert localise(Evidence(sources={"stats.py": SOURCE}, lines={}, failing=["t::mean"])) == []
    assert localise(Evidence(sources={"bad.py": "def ("}, lines={}, failing=[], text="some_name")) == []


def test_lines_that_hold_code() -> None:
    source = '"""What\nit is."""\n\n# so\ndef f(x):\n    """It."""\n    text = """a\n\nb"""\n    return x  # well\n'
    assert statements(source) == {5, 7, 9, 10}
    assert statements("def (\n\n") == {1, 2}
