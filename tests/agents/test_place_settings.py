"""Settings of blocks in the files of an existing application: only added to, and only where that is plain."""

import pytest
import yaml

from agents.blueprints.new_app import new_app
from agents.blueprints.place import place
from agents.blueprints.place_settings import with_variables
from agents.desk import MemoryDesk
from agents.offline.grammar import read_request
from agents.profile import AppProfile
from agents.profile_reader import read_profile
from agents.rules.check import check

ASKED = "Send signed webhooks when books are created. Count books every hour"
ASK = "${{{0}:?set it in .env}}"


def placed(asked: str, more: dict[str, str] | None = None) -> dict[str, str]:
    files = new_app(read_request("Add books with title", AppProfile())) | (more or {})
    desk = MemoryDesk(files)
    added = place(read_request(asked, read_profile(desk)), read_profile(desk), desk)
    return files | {path: str(text) for path, text in added.items()}


def test_what_blocks_need_is_in_the_example_and_in_the_compose_file() -> None:
    files = placed(ASKED)
    example = files[".env.example"].splitlines()
    assert example[-2:] == ["COUNT_BOOKS_EVERY_S=3600", "COUNT_BOOKS_AFTER_S=0"]
    assert {"OUTGOING_WEBHOOK_URL=https://hooks.example/events", "OUTGOING_WEBHOOK_SECRET="} <= set(example)
    services = yaml.safe_load(files["compose.yaml"])["services"]
    for name in ("api", "migrate"):
        assert services[name]["environment"]["OUTGOING_WEBHOOK_SECRET"] == ASK.format("OUTGOING_WEBHOOK_SECRET")
    assert "OUTGOING_WEBHOOK_SECRET" not in services["db"]["environment"]
    assert files["README.md"].count("does not start without `OUTGOING_WEBHOOK_SECRET`: see `.env.example`.") == 1
    assert check(MemoryDesk(files)) == ()


def test_what_is_there_is_not_added_again() -> None:
    mine = "OUTGOING_WEBHOOK_URL=https://mine.example\r\n# COUNT_BOOKS_EVERY_S=60\r\n"
    text = placed(ASKED, {".env.example": mine})[".env.example"]
    assert text.startswith(mine)
    names = [line.split("=")[0] for line in text[len(mine) :].split("\r\n") if line and line[0] != "#"]
    assert names == ["OUTGOING_WEBHOOK_SECRET", "COUNT_BOOKS_AFTER_S"]


@pytest.mark.parametrize(
    "text",
    [
        "services:\n  web:\n    build: .\n    ports: ['80:80']\n",
        "services:\n  web:\n    environment:\n      A: b # why\n\n    build:\n      context: .\n",
        "services:\n  web:\n    build: .\n    environment:\n    - A=b\n    ports: ['80:80']\n",
        "services:\n  web:\n    build: .\n    environment:\n      - A=b\n      # the end\n",
    ],
)
def test_an_environment_gets_what_is_new_whatever_its_form(text: str) -> None:
    for end in ("\n", "\r\n"):
        given = (text + "  db:\n    image: postgres\n").replace("\n", end)
        changed = with_variables(given, ["NEW"])
        kept = [row for row in changed.splitlines(keepends=True) if "NEW" not in row]
        assert [row for row in kept if row.strip() != "environment:"] == [
            row for row in given.splitlines(keepends=True) if row.strip() != "environment:"
        ]
        services = yaml.safe_load(changed)["services"]
        environment = services["web"]["environment"]
        assert ASK.format("NEW") in (environment["NEW"] if isinstance(environment, dict) else environment[-1])
        assert "environment" not in services["db"]
        assert with_variables(changed, ["NEW"]) == changed


@pytest.mark.parametrize(
    "text",
    [
        "services:\n  web:\n    build: .\n    env_file: .env\n",
        "services:\n  web:\n    build: .\n    environment: {A: b}\n",
        "x-e: &e\n  A: b\nservices:\n  web:\n    build: .\n    environment: *e\n",
        "services:\n  web:\n    build: .\n# odd\n    environment:\n      A: b\n",
        "services:\n  web:\n    image: ours\n",
        "services:\n  web:\n    build: .\n   broken\n",
    ],
)
def test_what_is_not_plain_stays_as_it_is(text: str) -> None:
    assert with_variables(text, ["NEW"]) == text
