"""The distribution holds what it needs, and the import names are ours alone."""

import ast
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("workflows", "agents", "sandbox")
PROBE = "sandbox/probe"
"""Runs inside the container, with what is installed there."""


def test_the_import_names_belong_to_nobody_else() -> None:
    owners = packages_distributions()
    for name in PACKAGES:
        assert set(owners.get(name, [])) <= {"greenloop"}, f"{name} is also installed by {owners[name]}"


def test_every_import_is_declared() -> None:
    declared = {
        canonicalize_name(Requirement(line).name)
        for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    owners = packages_distributions()
    used = {
        name
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "templates" not in path.parts and PROBE not in path.as_posix()
        for name in _imported(path)
    }
    missing = {
        name
        for name in used - set(sys.stdlib_module_names) - set(PACKAGES)
        if not {canonicalize_name(owner) for owner in owners.get(name, [])} & declared
    }
    assert missing == set()


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert [path for path in tracked if (ROOT / path).exists() and path not in names] == []


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {*PACKAGES, next(t for t in tops if t.endswith(".dist-info"))}


def test_the_lock_pins_everything_that_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [Requirement(line) for line in project["project"]["dependencies"] + project["dependency-groups"]["dev"]]
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pinned = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in (Requirement(line.split(";")[0].rstrip(" \\")) for line in lines if line[:1].isalnum())
    }
    wrong = [
        str(a) for a in asked if not a.specifier.contains(pinned.get(canonicalize_name(a.name), ""), prereleases=True)
    ]
    assert wrong == [], "make lock"


def test_the_lock_is_pinned_by_hash_and_names_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert all("==" in line and line.rstrip().endswith("\\") for line in lines)
    assert "--hash=sha256:" in text
    assert not [word for word in ("http://", "https://", "--index", "--extra-index", "--find-links") if word in text]
