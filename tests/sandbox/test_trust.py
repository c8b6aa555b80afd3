"""Trusted paths, the tree that is run, what a change did to them, and the settings the repository's suite runs with."""

import pytest

from sandbox import tars
from sandbox.integrity import integrity, integrity_gate, weakened
from sandbox.pytest_config import own_config
from sandbox.trust import Changed, arrange, kind_of, read_tree

TEST = b"def test_a():\n    assert 1\n    assert 2\n"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("tests/acceptance/test_x.py", "acceptance"), ("tests/acceptance/conftest.py", "acceptance"),
        ("tests/test_x.py", "test"), ("app/tests/data.json", "test"), ("app/x_test.py", "test"), ("test_x.py", "test"),
        ("conftest.py", "conftest"), ("tests/conftest.py", "conftest"), ("pytest.ini", "config"),
        ("tox.ini", "shared"), ("setup.cfg", "shared"), ("pyproject.toml", "shared"),
        ("sitecustomize.py", "startup"), ("src/usercustomize.py", "startup"), ("x.pth", "startup"),
        ("pytest.py", "startup"), ("_pytest/x.py", "startup"), ("a-1.dist-info/entry_points.txt", "startup"),
        ("app/main.py", None), ("app/testing.py", None), ("docs/pyproject.toml", None), ("app/latest.py", None),
    ],
)  # fmt: skip
def test_kinds(path: str, kind: str | None) -> None:
    assert kind_of(path) == kind


def tree(**changes: bytes) -> dict[str, bytes]:
    base = {"app/main.py": b"x = 1\n", "tests/test_a.py": TEST, "conftest.py": b"", "tests/acceptance/test_h.py": TEST}
    return base | changes


def test_the_tree_that_runs_is_the_changes_code_with_the_trusted_tests() -> None:
    changed = tree() | {"app/main.py": b"x = 2\n", "tests/test_a.py": b"", "conftest.py": b"evil", "tests/x.py": b"",
                        "sitecustomize.py": b"evil"}  # fmt: skip
    made = arrange(tars.build(changed), tars.build(tree()))
    assert {p: f.content for p, f in read_tree(made.source).items()} == {
        "app/main.py": b"x = 2\n",
        "tests/test_a.py": TEST,
        "conftest.py": b"",
    }
    assert list(read_tree(made.tests)) == ["tests/acceptance/test_h.py"]
    assert {(c.path, c.status) for c in made.changes} == {
        ("tests/test_a.py", "modified"), ("conftest.py", "modified"), ("tests/x.py", "added"),
        ("sitecustomize.py", "added"),
    }  # fmt: skip


def test_executable_files_stay_executable() -> None:
    source = tars.build({"run.sh": b"", "app.py": b""}, executable=frozenset({"run.sh"}))
    kept = read_tree(arrange(source, tars.build({})).source)
    assert (kept["run.sh"].executable, kept["app.py"].executable) == (True, False)


def test_paths_the_change_did_not_touch_are_the_authors_too() -> None:
    source = tars.build(tree() | {"setup.cfg": b"[tool:pytest]\nasyncio_mode = auto\n"})
    only_acceptance = tars.build({"tests/acceptance/test_h.py": TEST})
    made = arrange(source, only_acceptance, changed=["app/main.py"])
    assert made.changes == ()
    assert "tests/test_a.py" in read_tree(made.source)
    assert "asyncio_mode = auto" in made.config.ini
    touched = arrange(source, only_acceptance, changed=["tests/test_a.py"])
    assert [(c.path, c.status) for c in touched.changes] == [("tests/test_a.py", "added")]
    assert "tests/test_a.py" not in read_tree(touched.source)


def finding(path: str, before: bytes | None, after: bytes | None) -> tuple[str, bool]:
    status = "added" if before is None else "deleted" if after is None else "modified"
    change = Changed(path=path, status=status, before=before or b"", after=after or b"")
    (found,) = integrity([change])
    return found.text, found.blocking


@pytest.mark.parametrize(
    ("path", "before", "after", "blocking"),
    [
        ("tests/test_a.py", TEST, None, True),
        ("tests/test_a.py", TEST, b"def test_a():\n    assert 1\n", True),
        ("tests/test_a.py", TEST, b"def test_b():\n    assert 1\n    assert 2\n", True),
        ("tests/test_a.py", TEST, b"import pytest\n@pytest.mark.skip\n" + TEST, True),
        ("tests/test_a.py", TEST, b"not python(", True),
        ("tests/test_a.py", TEST, TEST + b"def test_more():\n    assert 3\n", False),
        ("tests/test_new.py", None, TEST, False),
        ("tests/conftest.py", None, b"x", False),
        ("tests/conftest.py", b"", b"x", True),
        ("tests/acceptance/test_h.py", TEST, TEST + b"#", True),
        ("tests/acceptance/test_new.py", None, TEST, True),
        ("sitecustomize.py", None, b"", True),
        ("x-1.dist-info/METADATA", None, b"", True),
        ("pytest.ini", b"[pytest]\n", None, True),
        ("uv.lock", b"a", b"b", True),
        (".github/workflows/ci.yml", b"pytest", b"true", True),
        (".github/workflows/ci.yml", b"pytest", None, True),
        (".github/workflows/ci.yml", None, b"pytest", False),
        (".coveragerc", b"[report]", b"[report]\nfail_under = 1", True),
    ],
)
def test_findings(path: str, before: bytes | None, after: bytes | None, blocking: bool) -> None:
    text, is_blocking = finding(path, before, after)
    assert (is_blocking, bool(text)) == (blocking, True)


def test_settings_count_only_as_far_as_they_are_pytests() -> None:
    def changes(before: str, after: str) -> tuple[Changed, ...]:
        made = arrange(tars.build({"pyproject.toml": after.encode()}), tars.build({"pyproject.toml": before.encode()}))
        return made.changes

    pytest_section = "[tool.pytest.ini_options]\nmarkers = ['slow']\n"
    assert changes(pytest_section, pytest_section + "[project]\nname = 'x'\n") == ()
    assert changes("[project]\nname = 'x'\n", pytest_section) == ()
    (mode,) = changes(pytest_section, pytest_section + "asyncio_mode = 'auto'\n")
    assert not integrity([mode])[0].blocking
    for line in ("addopts = '--deselect tests/test_a.py'", "python_files = ['x.py']", "testpaths = ['none']"):
        (chosen,) = changes(pytest_section, f"{pytest_section}{line}\n")
        assert integrity([chosen])[0].blocking, line


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("pyproject.toml", "[tool.coverage.report]\nfail_under = 90\n", "[tool.coverage.report]\nfail_under = 10\n"),
        ("pyproject.toml", "[project]\nname = 'x'\n", "[tool.coverage.run]\nomit = ['app/*']\n"),
        ("pyproject.toml", "", "[project.entry-points.pytest11]\nevil = 'app.evil'\n"),
        ("pyproject.toml", "", "[tool.poetry.plugins.pytest11]\nevil = 'app.evil'\n"),
        ("setup.cfg", "[coverage:run]\nbranch = true\n", "[coverage:run]\nomit = app/*\n"),
        ("setup.cfg", "[metadata]\nname = x\n", "[options.entry_points]\npytest11 =\n    evil = app.evil\n"),
    ],
)
def test_coverage_settings_and_plugins_of_shared_files_are_the_authors(path: str, before: str, after: str) -> None:
    made = arrange(tars.build({path: after.encode()}), tars.build({path: before.encode()}), changed=[path])
    assert [f.blocking for f in integrity(made.changes)] == [True]


def test_the_gate_names_what_blocks_first() -> None:
    assert integrity_gate([]).passed
    gate = integrity_gate(
        [Changed(path="tests/test_new.py", status="added"), Changed(path="tests/test_a.py", status="deleted")]
    )
    assert not gate.passed
    assert gate.evidence == "tests/test_a.py was deleted; tests/test_new.py was added by the change and did not run"


def test_weakened_says_how() -> None:
    assert weakened(TEST, b"def test_a():\n    assert 1\n") == "1 assertions are gone"
    assert weakened(TEST, b"") == "1 tests are gone, first test_a"
    assert weakened(b"x(", b"y(") == ""


CONFIGS = {
    "pyproject.toml": """
[tool.pytest.ini_options]
addopts = "-q --cov=app -m 'not slow' --import-mode=importlib -p no:x -p evil --ignore tests/e2e"
asyncio_mode = "auto"
pythonpath = [".", "with space"]
filterwarnings = ["error", "ignore:a b:DeprecationWarning"]
xfail_strict = true
cache_dir = "/tmp/x"
""",
    "setup.cfg": "[tool:pytest]\nasyncio_mode = auto\n",
    "tox.ini": "[tox]\n",
}


def test_settings_are_kept_and_reporting_is_left_out() -> None:
    found = own_config(lambda name: CONFIGS[name].encode() if name in CONFIGS else None)
    assert found.source == "pyproject.toml"
    assert found.options == ("-m", "not slow", "--import-mode=importlib", "-p", "no:x", "--ignore", "tests/e2e")
    assert found.ini == (
        "[pytest]\nasyncio_mode = auto\nfilterwarnings = error\n    ignore:a b:DeprecationWarning\n"
        "pythonpath = .\n    'with space'\nxfail_strict = True\n"
    )


def test_the_first_file_with_a_section_counts() -> None:
    later = {"pytest.ini": "", **CONFIGS}
    assert own_config(lambda name: later[name].encode() if name in later else None).source == "pytest.ini"
    del later["pytest.ini"], later["pyproject.toml"]
    assert own_config(lambda name: later[name].encode() if name in later else None).source == "setup.cfg"
    assert own_config(lambda name: b"[broken").ini == "[pytest]\n"
    native = own_config(lambda name: b"[pytest]\nasyncio_mode = 'auto'\n" if name == "pytest.toml" else None)
    assert "asyncio_mode = auto" in native.ini
