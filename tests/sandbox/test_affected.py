"""Which tests a change is likely to reach."""

from collections.abc import Collection

import pytest

from sandbox.affected import Imports, conftests, reached

TREE: dict[str, str] = {
    "app/__init__.py": "",
    "app/main.py": "from app import users\nfrom .orders import router",
    "app/users.py": "import app.db",
    "app/orders.py": "from . import db as database",
    "app/db.py": "import os",
    "app/alone.py": "",
    "src/lib/__init__.py": "from lib.core import f",
    "src/lib/core.py": "",
    "tests/conftest.py": "from app.db import x",
    "tests/helpers.py": "import app.alone",
    "tests/test_users.py": "from app.users import f",
    "tests/test_orders.py": "def test(): from app import orders",
    "tests/test_lib.py": "import lib",
    "tests/test_helped.py": "from helpers import h",
    "tests/test_broken.py": "def (",
}
TESTS = [f"tests/test_{name}.py::test" for name in ("users", "orders", "lib", "helped", "broken")]


def read(path: str) -> bytes | None:
    return TREE[path].encode() if path in TREE else None


def short(ids: Collection[str]) -> list[str]:
    return [one.removeprefix("tests/test_").removesuffix(".py::test") for one in ids]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"app/users.py"}, ["users"]),
        ({"app/orders.py"}, ["orders"]),
        ({"app/db.py"}, ["users", "orders", "lib", "helped", "broken"]),
        ({"src/lib/core.py"}, ["lib"]),
        ({"app/alone.py"}, ["helped"]),
        ({"tests/helpers.py"}, ["helped"]),
        ({"tests/test_broken.py"}, ["broken"]),
        ({"tests/conftest.py"}, ["users", "orders", "lib", "helped", "broken"]),
        ({"conftest.py"}, ["users", "orders", "lib", "helped", "broken"]),
        ({"app/main.py"}, []),
        ({"README.md"}, []),
        (set(), []),
    ],
)
def test_by_imports(changed: set[str], expected: list[str]) -> None:
    assert short(reached(TESTS, changed, {}, TREE, read)) == expected


def test_what_a_test_ran_last_time_counts_more_than_what_it_imports() -> None:
    touched = {"tests/test_users.py::test[a]": ["app/users.py"], "tests/test_users.py::test[b]": ["app/alone.py"]}
    assert short(reached(TESTS, {"app/db.py"}, touched, TREE, read)) == ["orders", "lib", "helped", "broken"]
    assert short(reached(TESTS, {"app/alone.py"}, touched, TREE, read)) == ["users", "helped"]
    assert short(reached(TESTS, {"tests/test_users.py"}, touched, TREE, read)) == ["users"]


def test_a_file_that_is_gone_or_new_is_a_change_like_others() -> None:
    touched = {"tests/test_lib.py::test": ["app/gone.py"]}
    assert short(reached(TESTS, {"app/gone.py"}, touched, TREE, read)) == ["lib"]


def test_circular_imports_end() -> None:
    tree = {"a.py": "import b", "b.py": "import a", "c.py": ""}
    assert Imports(tree, lambda path: tree[path].encode()).closure("a.py") == {"a.py", "b.py"}


def test_conftests_from_the_root_down() -> None:
    assert conftests("tests/unit/test_a.py") == ["conftest.py", "tests/conftest.py", "tests/unit/conftest.py"]
