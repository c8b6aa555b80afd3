"""What the documentation says is true: requests are understood, links lead somewhere, commands exist."""

import re
from pathlib import Path

import pytest

from agents.offline.grammar import read_request
from agents.profile import AppProfile

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCKS = re.findall(r"```request\n(.*?)```", (ROOT / "docs" / "offline.md").read_text(), re.DOTALL)
REQUESTS = [line for block in BLOCKS for line in block.splitlines()]


@pytest.mark.parametrize("request_text", REQUESTS)
def test_every_request_in_the_docs_is_understood(request_text: str) -> None:
    spec = read_request(request_text, AppProfile())
    assert spec.resources or spec.login


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    missing = [t for t in targets if not t.startswith("http") and not (page.parent / t).exists()]
    assert missing == []


def test_every_command_of_the_readme_exists() -> None:
    from typer.main import get_command

    from workflows.cli.app import app

    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"greenloop ([a-z]+)\b", (ROOT / "README.md").read_text()))
    prose = {"turns", "uv", "in"}
    assert named - prose <= commands


def test_every_setting_of_the_docs_exists() -> None:
    from workflows.settings import Settings

    text = "\n".join(page.read_text() for page in PAGES)
    named = {name.lower() for name in re.findall(r"GREENLOOP_([A-Z_]+[A-Z])", text)}
    assert named <= set(Settings.model_fields)
