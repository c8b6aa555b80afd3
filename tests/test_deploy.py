"""The compose file says what the program understands."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from workflows.settings import ALIASES, Settings

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return found


def test_the_workers_environment_is_made_of_settings() -> None:
    known = {f"GREENLOOP_{name.upper()}" for name in Settings.model_fields} | set(ALIASES.values())
    given = set(services()["worker"]["environment"])
    assert given <= known
    assert {"GREENLOOP_QUEUE_URL", "GREENLOOP_STORE_URL"} <= given


def test_the_workers_command_has_options_that_exist() -> None:
    from typer.main import get_command

    from workflows.cli.app import app

    name, *arguments = services()["worker"]["command"]
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {a for a in arguments if a.startswith("--")} <= options


def test_what_is_mounted_and_built_from_is_there() -> None:
    assert (DEPLOY / "prometheus.yml").exists()
    port = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"][0]["dns_sd_configs"][0]["port"]
    assert services()["worker"]["command"][-1].endswith(f":{port}")
    sources = re.findall(r"-r /opt/greenloop/(\S+)", (DEPLOY / "Dockerfile").read_text())
    assert sources == ["requirements.lock"]
    assert all((DEPLOY.parent / source).exists() for source in sources)


def test_no_password_is_written_down() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    assert text.count("${POSTGRES_PASSWORD:?choose one}") == 3
    assert not re.search(r"PASSWORD: (?!\$\{)", text)


def test_old_and_new_compose_read_it() -> None:
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert {key for key in told if not key.startswith("x-")} == {"services", "volumes"}, "1.29 refuses `name`"
    program = shutil.which("docker-compose")
    if program is None:
        return
    env = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "POSTGRES_PASSWORD": "one", "BASE_IMAGE": "our/python"}
    command = [program, "-f", str(DEPLOY / "compose.yaml"), "--profile", "metrics", "--profile", "backup", "config"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read = yaml.safe_load(done.stdout)["services"]
    assert set(read) == {"postgres", "store", "worker", "prometheus", "backup"}
    assert read["worker"]["build"]["args"] == {"BASE": "our/python"}
    assert read["worker"]["environment"]["GREENLOOP_QUEUE_URL"] == "postgresql://greenloop:one@postgres/greenloop"


def test_the_image_is_made_without_what_nobody_needs_in_it() -> None:
    left_out = (DEPLOY.parent / ".dockerignore").read_text().split()
    assert {".git", ".venv", "tests"} <= set(left_out)
    wanted = {"workflows", "agents", "sandbox", "pyproject.toml", "README.md", "requirements.lock"}
    assert not wanted & set(left_out)
