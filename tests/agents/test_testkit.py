"""The conftest acceptance tests stand on, as text and at work."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents.testkit import acceptance_conftest
from sandbox.reports import Service

ARGV = ("python", "-m", "uvicorn", "service:app", "--host", "127.0.0.1", "--port", "{port}")
SERVICE = """
import os
from fastapi import FastAPI

app = FastAPI()

@app.get("/where")
def where() -> dict:
    return {"cwd": os.getcwd(), "url": os.environ.get("DATABASE_URL", ""), "prepared": os.path.exists("prepared")}
"""
TEST = """
import sys

def test_the_service_runs_elsewhere(client, unique):
    answer = client.get("/where").json()
    assert answer == {"cwd": answer["cwd"], "url": answer["url"], "prepared": True}
    assert "project" in answer["cwd"]
    assert answer["url"].startswith("sqlite:////") and answer["url"].endswith("/app.db")
    assert "shop.db" not in answer["url"]
    assert "service" not in sys.modules
    assert len({unique() for _ in range(100)}) == 100
    assert all(1 <= len(unique()) <= 10 and unique().isalnum() for _ in range(20))
"""


def project(root: Path, service: Service) -> Path:
    folder = root / "repo"
    (folder / "tests" / "acceptance").mkdir(parents=True)
    (folder / "service.py").write_text(SERVICE)
    (folder / "tests" / "acceptance" / "conftest.py").write_text(acceptance_conftest(service))
    (folder / "tests" / "acceptance" / "test_where.py").write_text(TEST)
    return folder


def run_pytest(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir",
        str(folder),
    ]
    variables = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(
        [*command, "tests"], cwd=folder, env={**variables, **env}, capture_output=True, text=True, timeout=60
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    prepare = (("python", "-c", "open('prepared', 'w').close()"),)
    service = Service(argv=ARGV, prepare=prepare, env={"DATABASE_URL": "sqlite:////work/app.db"})
    return project(tmp_path_factory.mktemp("kit"), service)


@pytest.mark.e2e
def test_a_developer_just_types_pytest(served: Path) -> None:
    before = sorted(p.name for p in served.iterdir())
    result = run_pytest(served, DATABASE_URL="sqlite:////home/me/shop.db")
    assert result.returncode == 0, result.stdout + result.stderr
    assert [n for n in sorted(p.name for p in served.iterdir()) if n != "__pycache__"] == before


@pytest.mark.e2e
def test_a_service_that_does_not_start_is_told_with_its_output(tmp_path: Path) -> None:
    folder = project(tmp_path, Service(argv=ARGV, start_timeout_s=5))
    (folder / "service.py").write_text("raise RuntimeError('no database')")
    result = run_pytest(folder)
    assert result.returncode == 1
    assert "the service did not start" in result.stdout
    assert "no database" in result.stdout


@pytest.mark.e2e
def test_a_given_address_is_used_as_it_is(served: Path) -> None:
    result = run_pytest(served, APP_BASE_URL="http://127.0.0.1:9")
    assert result.returncode == 1
    assert "ConnectError" in result.stdout


def test_the_text_is_python_whatever_the_service_is() -> None:
    awkward = {"MOTTO": 'it\'s "quoted" \\ {{ braces }}', "A": "1"}
    text = acceptance_conftest(Service(argv=("python", "-m", "x y", "--port", "{port}"), env=awkward))
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper()
        and node.targets[0].id not in ("ROOT", "NOT_COPIED")
    }  # fmt: skip
    assert values["SETTINGS"] == awkward
    assert values["COMMAND"] == ["python", "-m", "x y", "--port", "{port}"]


def test_the_application_is_never_imported() -> None:
    tree = ast.parse(acceptance_conftest(Service(argv=ARGV)))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {n.split(".")[0] for n in names} <= set(sys.stdlib_module_names) | {"httpx", "pytest"}
