"""Settings of blocks in the files of an existing application: only added to, and only where that is plain."""

import pytest
import yaml

from agents.blueprints.compose import with_variables
from agents.blueprints.new_app import new_app
from agents.blueprints.place import place
from agents.contracts import Request
from agents.desk import MemoryDesk
from agents.offline.grammar import read_request
from agents.offline.planner import OfflinePlanner
from agents.placing_tool import PlaceBlueprint
from agents.profile import AppProfile
from agents.profile_reader import read_profile
from agents.roles import Brief
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
        changed, told = with_variables(given, ["NEW"])
        assert told == ()
        kept = [row for row in changed.splitlines(keepends=True) if "NEW" not in row]
        assert [row for row in kept if row.strip() != "environment:"] == [
            row for row in given.splitlines(keepends=True) if row.strip() != "environment:"
        ]
        services = yaml.safe_load(changed)["services"]
        environment = services["web"]["environment"]
        assert ASK.format("NEW") in (environment["NEW"] if isinstance(environment, dict) else environment[-1])
        assert "environment" not in services["db"]
        assert with_variables(changed, ["NEW"]) == (changed, ())


COMMON = "x-e: &e # all\n  A: b\n\n"
BASE = "x-base: &base\n  build: .\n  environment:\n    A: b # why\n  restart: always\n\n"
ENV = '"${NEW:?set it in .env}"'


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("services:\n  web:\n    build: .\n    environment: {A: b} # why\n",
         f"environment: {{A: b, NEW: {ENV}}} # why\n"),
        ("services:\n  web:\n    environment: {A: b, }\n    build: .\n", f"environment: {{A: b, NEW: {ENV} }}\n"),
        ("services:\n  web:\n    environment: {\n      A: b # why\n    }\n    build: .\n",
         f"A: b, NEW: {ENV} # why\n    }}"),
        ("services:\n  web:\n    environment: {}\n    build: .\n", f"environment: {{NEW: {ENV}}}\n"),
        ("services:\n  web:\n    environment: [A=b]\n    build: .\n", '[A=b, "NEW=${NEW:?set it in .env}"]\n'),
        (COMMON + "services:\n  web:\n    environment: *e # as all\n    build: .\n",
         "    environment:\n      <<: *e\n      NEW: ${NEW:?set it in .env} # as all\n    build: .\n"),
        (COMMON + "services:\n  web:\n    build: .\n    environment:\n      <<: *e\n      B: c\n",
         "      B: c\n      NEW: ${NEW:?set it in .env}\n"),
        ("x-e: &e\n  - A=b\nservices:\n  web:\n    environment: *e\n    build: .\n",
         "x-e: &e\n  - A=b\n  - NEW=${NEW:?set it in .env}\nservices:\n"),
        (BASE + "services:\n  web:\n    <<: *base\n    ports: ['80:80']\n  job:\n    <<: *base\n",
         "    A: b # why\n    NEW: ${NEW:?set it in .env}\n  restart: always\n"),
        ("x-b: &b\n  build: .\nservices:\n  web:\n    <<: *b\n    ports: ['80:80']",
         "  web:\n    environment:\n      NEW: ${NEW:?set it in .env}\n    <<: *b\n"),
        ("services:\n  web:\n    build: .\n# odd\n    environment:\n      A: b\n", "      A: b\n      NEW: $"),
    ],
)  # fmt: skip
def test_an_environment_in_braces_or_from_an_anchor_gets_it_too(text: str, new: str) -> None:
    text += "\n  db:\n    image: postgres\n    environment: {A: b}\n"
    changed, told = with_variables(text, ["NEW"])
    assert new in changed and told == (), changed
    before, after = (yaml.safe_load(one)["services"] for one in (text, changed))
    assert after["db"] == before["db"]
    for name in before.keys() - {"db"}:
        environment = after[name].pop("environment")
        have = environment if isinstance(environment, dict) else dict(one.split("=", 1) for one in environment)
        assert have["NEW"] == ASK.format("NEW") and ("A" in have) is ("A" in str(before[name]))
        assert after[name].items() <= before[name].items()
    assert with_variables(changed, ["NEW"]) == (changed, ())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("services:\n  web:\n    build: .\n    env_file: api.env\n",
         "service `web` needs `NEW` in `api.env`, where it takes its environment from"),
        ("services:\n  web:\n    build: .\n    env_file:\n      - path: a.env\n      - b.env\n",
         "service `web` needs `NEW` in `a.env` or `b.env`, where it takes its environment from"),
        ("services:\n  web: {build: .}\n", "service `web` needs `NEW` in its environment"),
        ("services:\n  web:\n    build: .\n    environment:\n", "service `web` needs `NEW` in its environment"),
        ("services:\n  web:\n    build: .\n   broken\n", "it cannot be read as YAML: the application needs `NEW`"),
        ("services:\n  web:\n    image: ours\n", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_added_is_told(text: str, told: str) -> None:
    assert with_variables(text, ["NEW"]) == (text, (told,) if told else ())
    assert with_variables(text, [])[1] == ()


async def test_the_plan_and_the_builder_on_a_model_are_told_what_is_left() -> None:
    text = "services:\n  web:\n    build: .\n    env_file: api.env\n"
    desk = MemoryDesk(new_app(read_request("Add books with title", AppProfile())) | {"compose.yaml": text})
    asked = "Send signed webhooks when books are created"
    plan = await OfflinePlanner(read_profile).plan(Brief(request=Request(text=asked), desk=desk))
    left = "compose.yaml has to be completed by hand: service `web` needs `OUTGOING_WEBHOOK_URL` and "
    assert any(one.startswith(left) for one in plan.assumptions)
    assert left in (await PlaceBlueprint(request=asked).act(desk)).text
    assert desk.read("compose.yaml") == text
