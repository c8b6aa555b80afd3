"""The command line as a user meets it: quick, helpful, one line for what went wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workflows.endings import MEANING

ROOT = Path(__file__).parents[2]


def greenloop(*arguments: str, home: Path, stdin: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
    """The real command in a clean environment of its own."""
    clean = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **env}
    return subprocess.run(
        [sys.executable, "-m", "workflows", *arguments],
        cwd=ROOT,
        env=clean,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_every_ending_and_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom workflows.cli.app import run\ncode = run(['--help'])\n"
        "heavy = {'langgraph', 'docker', 'langchain_core', 'langchain_openai', 'openai', 'git', 'pydantic', 'rich'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)), code)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "HEAVY [] 0" in done.stdout
    for ending, (code, _) in MEANING.items():
        assert f"{code}  {ending}" in done.stdout


def test_a_run_imports_what_its_kind_needs_and_without_a_model_no_client_of_models() -> None:
    script = (
        "import sys\n"
        "import workflows.cli.execute, workflows.feature\nassert 'libcst' not in sys.modules\n"
        "import workflows.fix, workflows.refactor, workflows.queue.worker\n"
        "print('HEAVY', sorted({'langchain_openai', 'openai', 'bump_pydantic'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "HEAVY []\n"


def test_exit_codes_are_distinct() -> None:
    codes = [code for code, _ in MEANING.values()]
    assert len(set(codes) - {0}) == len(codes) - codes.count(0)
    assert {ending for ending, (code, _) in MEANING.items() if code == 0} == {"delivered", "unchanged", "previewed"}
    assert 2 not in codes


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["feature"], "say what you want"),
        (["feature", "x", "--spec", "y"], "not both"),
        (["feature", "  "], "empty"),
        (["feature", "--spec", "/does/not/exist"], "No such file"),
        (["feature", "x", "--max-rounds", "0"], "max_rounds"),
        (["show", "nothing"], "no run 'nothing'"),
        (["resume", "nothing"], "no run 'nothing'"),
        (["nonsense"], "nonsense"),
        (["worker", "--queue-url", "mysql://x", "--until-empty"], "mysql"),
        (["sandbox", "prune", "--keep", "lots"], "not a size"),
    ],
)
def test_a_wrong_command_line_is_one_clear_line(tmp_path: Path, arguments: list[str], says: str) -> None:
    done = greenloop(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_no_engine_is_infra_with_advice(tmp_path: Path) -> None:
    done = greenloop("sandbox", "list", home=tmp_path, GREENLOOP_DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.returncode == MEANING["infra"][0]
    assert len(done.stderr.strip().splitlines()) == 1
    assert "none.sock" in done.stderr


def test_init_writes_a_file_that_changes_nothing(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    assert greenloop("init", "--repo", str(repo), home=tmp_path).returncode == 0
    again = greenloop("init", "--repo", str(repo), home=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr
    shown = json.loads(greenloop("config", "--repo", str(repo), "--json", home=tmp_path).stdout)
    assert shown["max_rounds"] == {"value": 6, "from": "default"}


def test_init_lines_are_valid_once_uncommented(tmp_path: Path) -> None:
    assert greenloop("init", "--user", home=tmp_path).returncode == 0
    path = tmp_path / ".config" / "greenloop" / "config.toml"
    lines = [line[2:] for line in path.read_text().splitlines() if line.startswith("# ") and " = " in line]
    path.write_text("\n".join(line for line in lines if "not set" not in line))
    done = greenloop("config", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(path) in done.stdout


def test_config_hides_the_key_and_names_its_origin(tmp_path: Path) -> None:
    done = greenloop("config", home=tmp_path, OPENAI_API_KEY="super-secret-key")
    assert "super-secret-key" not in done.stdout
    assert "********" in done.stdout
    (line,) = [row for row in done.stdout.splitlines() if row.startswith("api_key")]
    assert line.endswith("environment")


def test_no_runs_yet_says_how_to_start_one(tmp_path: Path) -> None:
    done = greenloop("runs", home=tmp_path)
    assert done.returncode == 0
    assert "greenloop feature" in done.stdout


def test_doctor_names_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    done = greenloop("doctor", home=tmp_path, GREENLOOP_DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.returncode == MEANING["infra"][0], done.stderr
    assert "BAD   docker" in done.stdout
    assert "offline rules" in done.stdout
    rows = greenloop("doctor", "--json", home=tmp_path, GREENLOOP_DOCKER_HOST=f"unix://{tmp_path}/none.sock").stdout
    assert {json.loads(row)["name"]: json.loads(row)["state"] for row in rows.splitlines()}["git"] == "ok"
