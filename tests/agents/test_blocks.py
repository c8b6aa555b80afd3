"""Building blocks: read from words, rendered clean in new applications, placed into existing ones, free of findings."""

import ast
from pathlib import Path

import pytest

from agents.blueprints.new_app import new_app
from agents.blueprints.place import place
from agents.blueprints.spec import BlockSpec, FeatureSpec
from agents.desk import MemoryDesk
from agents.errors import Contradiction, NotUnderstood
from agents.offline.grammar import read, read_request
from agents.profile import AppProfile
from agents.profile_reader import read_profile
from agents.rules.check import check
from tests.agents.test_blueprints import ruff, write

NEW = AppProfile()
SHOP = Path(__file__).parents[2] / "examples" / "shop"
ALL = "Add books with title. Limit requests to 50 per minute. Add ETags. Allow CORS for https://shop.example"


def blocks(text: str) -> tuple[BlockSpec, ...]:
    return read_request(f"Add books with title. {text}", NEW).blocks


@pytest.mark.parametrize(
    ("text", "amount", "seconds"),
    [
        ("Limit requests to 50 per minute", 50, 60),
        ("add a rate limit of 5 requests per second", 5, 1),
        ("rate limit each client to 1000 requests an hour", 1000, 3600),
        ("with rate limiting", 100, 60),
        ("throttle requests to 10/second per client", 10, 1),
        ("at most 20 requests per minute per client", 20, 60),
    ],
)
def test_rate_limits(text: str, amount: int, seconds: int) -> None:
    assert blocks(text) == (BlockSpec(name="rate_limit", amount=amount, seconds=seconds),)


@pytest.mark.parametrize("text", ["add ETags", "support conditional requests", "with HTTP caching by ETag"])
def test_etags(text: str) -> None:
    assert blocks(text) == (BlockSpec(name="etag"),)


def test_origins() -> None:
    text = "Allow CORS for https://a.example and http://localhost:3000. Allow origin https://b.example"
    names = ("https://a.example", "http://localhost:3000", "https://b.example")
    assert blocks(text) == (BlockSpec(name="cors", names=names),)


def test_numbers_nobody_named_are_told_and_two_do_not_go_together() -> None:
    assert any(
        "100 per 60 seconds" in text for text in read("Add books with title. Add rate limiting", NEW).assumptions
    )
    with pytest.raises(Contradiction):
        blocks("Limit requests to 5 per second. Limit requests to 6 per second")


def found(files: dict[str, str]) -> set[tuple[str, str]]:
    return {(finding.rule, finding.path) for finding in check(MemoryDesk(files))}


def clean(files: dict[str, str], folder: Path) -> None:
    write(folder, files)
    assert ruff("format", "--no-cache", "--check", "--line-length", "88", str(folder)) == ""
    assert ruff("check", "--no-cache", str(folder)) == ""
    assert check(MemoryDesk(files)) == ()


def test_a_new_application_with_all_of_them_is_clean(tmp_path: Path) -> None:
    clean(new_app(read_request(ALL, NEW)), tmp_path)


@pytest.mark.parametrize("asked", ["Limit requests to 50 per minute", "Add ETags", "Allow CORS for https://a.example"])
def test_a_block_goes_into_an_application_in_one_file(asked: str) -> None:
    files = {"main.py": (SHOP / "main.py").read_text(), "requirements.txt": (SHOP / "requirements.txt").read_text()}
    desk = MemoryDesk(files)
    profile = read_profile(desk)
    spec = read_request(asked, profile)
    placed = {path: text for path, text in place(spec, profile, desk).items() if text is not None}
    install = {"rate_limit": "add_rate_limit", "etag": "add_etags", "cors": "add_cors"}[spec.blocks[0].name]
    main = placed["main.py"]
    assert main.index("app = FastAPI") < main.index(f"\n{install}(app)\n") < main.index("@app.")
    assert all(ast.parse(text) for path, text in placed.items() if path.endswith(".py"))
    assert found(files | placed) <= found(files)


def test_a_block_goes_into_a_factory_and_only_once() -> None:
    files = new_app(read_request("Add books with title", NEW))
    desk = MemoryDesk(files)
    profile = read_profile(desk)
    spec = FeatureSpec(blocks=(BlockSpec(name="etag"),))
    placed = {path: text for path, text in place(spec, profile, desk).items() if text is not None}
    main = placed["app/main.py"]
    assert main.index("app = FastAPI(") < main.index("    add_etags(app)\n") < main.index("    return app")
    again = MemoryDesk(files | placed)
    with pytest.raises(NotUnderstood, match="there already"):
        place(spec, read_profile(again), again)
