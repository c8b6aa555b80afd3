"""Failing tests of one bug stand together, those of different bugs apart."""

from agents.bugs.groups import groups_of
from sandbox.reports import TestResult

FILES = ("app/cart.py", "app/tax.py", "tests/test_cart.py")


def failed(name: str, message: str, *frames: str) -> TestResult:
    details = "\n".join([*(f"{frame}: in f\n    x" for frame in frames), f"E   {message}"])
    return TestResult(node_id=f"tests/test_cart.py::{name}", outcome="failed", message=message, details=details)


def test_the_same_error_at_the_same_place_is_one_bug() -> None:
    found = groups_of(
        [
            failed("test_a", "TypeError: no", "tests/test_cart.py:3", "app/cart.py:9"),
            failed("test_b[1]", "AssertionError: assert 1 == 2", "tests/test_cart.py:7"),
            failed("test_c", "TypeError: other words", "tests/test_cart.py:5", "app/cart.py:9"),
            failed("test_b[2]", "AssertionError: assert 4 == 5", "tests/test_cart.py:7"),
            failed("test_d", "TypeError: no", "tests/test_cart.py:3", "app/tax.py:9"),
        ],
        FILES,
    )
    names = [[node_id.rpartition("::")[2] for node_id in group] for group in found]
    assert names == [["test_a", "test_c"], ["test_b[1]", "test_b[2]"], ["test_d"]]
