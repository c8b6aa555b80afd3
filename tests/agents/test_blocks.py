"""Building blocks: read from words, rendered clean in new applications, placed into existing ones, free of findings."""

import ast
import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from agents.blueprints.block_catalog import BLOCKS
from agents.blueprints.blocks import module_of
from agents.blueprints.new_app import new_app
from agents.blueprints.place import place
from agents.blueprints.spec import BlockSpec, FeatureSpec
from agents.contracts import Request
from agents.desk import MemoryDesk
from agents.errors import Contradiction, NotUnderstood
from agents.offline.grammar import read, read_request
from agents.offline.planner import plan_of
from agents.offline.tester import OfflineTester
from agents.profile import AppProfile
from agents.profile_reader import read_profile, service_for
from agents.roles import Brief
from agents.rules.check import check
from tests.agents.test_blueprints import ruff, write

NEW = AppProfile()
SHOP = Path(__file__).parents[2] / "examples" / "shop"
ALL = (
    "Add books with title. Limit requests to 50 per minute. Add ETags. Allow CORS for https://shop.example. "
    "Users can upload images up to 1 MB. Export and import books as CSV. Require login to create books. "
    "Stream changes of books with server-sent events. Add a WebSocket channel for books. "
    "Accept idempotency keys. Delete books after 30 days. Receive signed webhooks. "
    "Call the external service at https://rates.example. Export books in the background. "
    "Send signed webhooks when books are created. Count books every hour"
)


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


@pytest.mark.parametrize(
    ("text", "kinds", "most"),
    [
        ("Users can upload images and PDFs up to 2 MB", ("image", "pdf"), 2_000_000),
        ("Add file uploads", ("image", "pdf"), 10_000_000),
        ("support uploading of photos, at most 500 KB each", ("image",), 500_000),
        ("add image uploads limited to 5MB", ("image",), 5_000_000),
        ("let users upload documents", ("pdf",), 10_000_000),
    ],
)
def test_uploads(text: str, kinds: tuple[str, ...], most: int) -> None:
    found = blocks(text)
    assert [block.name for block in found] == ["uploads", "body_limit"]
    assert (found[0].names, found[0].amount) == (kinds, most) and found[1].amount > most


@pytest.mark.parametrize(
    "text",
    [
        "Export and import books as CSV",
        "add CSV export for books",
        "csv import and export of books",
        "export books to CSV",
        "add CSV export and import",
    ],
)
def test_tables(text: str) -> None:
    assert blocks(text) == (BlockSpec(name="csv", resource="book"),)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Stream changes of books with server-sent events", "events"),
        ("add server-sent events for books", "events"),
        ("push updates to books via SSE", "events"),
        ("add a WebSocket channel for books", "websocket"),
        ("send live changes of books over a websocket", "websocket"),
        ("add websockets for changes of books", "websocket"),
    ],
)
def test_live_changes(text: str, name: str) -> None:
    assert [(b.name, b.resource) for b in blocks(text)] == [("changes", ""), (name, "book")]


@pytest.mark.parametrize(
    "text", ["Accept idempotency keys", "support an Idempotency-Key header", "with idempotency keys for all posts"]
)
def test_idempotency(text: str) -> None:
    assert blocks(text) == (BlockSpec(name="idempotency"),)


def test_keys_come_with_a_table_where_the_application_is_ours() -> None:
    files = new_app(read_request("Add books with title", NEW))
    desk = MemoryDesk(files)
    placed = place(read_request("Accept idempotency keys", read_profile(desk)), read_profile(desk), desk)
    assert "add_idempotency(app)" in str(placed["app/main.py"])
    assert "IdempotencyKey" in str(placed["app/models/__init__.py"])
    (migration,) = [str(text) for path, text in placed.items() if path.startswith("alembic/versions/0002")]
    assert (
        'op.create_table(\n        "idempotency_keys"' in migration
        and 'down_revision: str | None = "0001"' in migration
    )
    assert check(MemoryDesk(files | {path: str(text) for path, text in placed.items()})) == ()
    shop = MemoryDesk({"main.py": (SHOP / "main.py").read_text()})
    with pytest.raises(NotUnderstood, match="those greenloop made"):
        place(FeatureSpec(blocks=(BlockSpec(name="idempotency"),)), read_profile(shop), shop)


@pytest.mark.parametrize(
    "text",
    [
        "Receive signed webhooks",
        "accept webhooks from the payment provider",
        "add a webhook endpoint with signature checks",
        "verify webhook signatures",
    ],
)
def test_webhooks(text: str) -> None:
    assert blocks(text) == (BlockSpec(name="webhooks"),)


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("Send signed webhooks when books are created", ("created",)),
        ("deliver webhooks whenever a book is added, changed or removed", ("created", "updated", "deleted")),
        ("send webhooks when books are created and deleted", ("created", "deleted")),
        ("add outgoing webhooks for changes of books", ("created", "updated", "deleted")),
    ],
)
def test_webhooks_that_are_sent(text: str, actions: tuple[str, ...]) -> None:
    assert blocks(text) == (BlockSpec(name="outgoing_webhooks", resource="book", names=actions),)


@pytest.mark.parametrize(
    ("text", "seconds", "after"),
    [
        ("Count books every hour", 3600, 0),
        ("every night at 03:30, count the books", 86_400, 12_600),
        ("record the number of books every 10 minutes", 600, 0),
        ("Add a cron job that counts books daily", 86_400, 0),
        ("run a scheduled task every 2 weeks to count books", 1_209_600, 0),
    ],
)
def test_counts_by_the_clock(text: str, seconds: int, after: int) -> None:
    assert blocks(text) == (BlockSpec(name="schedule", resource="book", seconds=seconds, amount=after),)


@pytest.mark.parametrize("text", ["Count books every hour at 03:30", "Count books every month", "Run a job every hour"])
def test_other_clocks_are_not_taken_for_ours(text: str) -> None:
    with pytest.raises(NotUnderstood):
        blocks(text)


@pytest.mark.parametrize("text", ["Send webhooks", "Receive webhooks from Stripe", "deliver webhooks to subscribers"])
def test_other_webhooks_are_not_taken_for_ours(text: str) -> None:
    with pytest.raises(NotUnderstood):
        blocks(text)


def test_webhooks_are_placed_with_their_table_and_the_tests_know_the_secret() -> None:
    files = new_app(read_request("Add books with title", NEW))
    desk = MemoryDesk(files)
    spec = read_request("Receive signed webhooks", read_profile(desk))
    placed = {path: str(text) for path, text in place(spec, read_profile(desk), desk).items()}
    assert "app.include_router(webhooks.router)" in placed["app/main.py"]
    (migration,) = [text for path, text in placed.items() if path.startswith("alembic/versions/0002")]
    assert 'op.create_table(\n        "webhook_events"' in migration
    after = MemoryDesk(files | placed)
    assert check(after) == ()
    service = service_for(read_profile(after), after)
    plan = plan_of(read("Receive signed webhooks", read_profile(desk)), read_profile(desk))
    brief = Brief(request=Request(text=plan.summary), desk=desk)
    suite = asyncio.run(OfflineTester(read_profile).write_tests(brief, plan))
    assert service and suite.settings == {"WEBHOOK_SECRET": service.env["WEBHOOK_SECRET"]}


@pytest.mark.parametrize(
    "text",
    [
        "Export books in the background",
        "export books as a background job",
        "Add background exports of books",
    ],
)
def test_background_exports(text: str) -> None:
    assert blocks(text) == (BlockSpec(name="jobs", resource="book"),)


def test_what_is_softly_deleted_is_not_exported() -> None:
    asked = "Add books with title. Books are soft deleted. Export books in the background. Export books as CSV"
    for files in (new_app(read_request(asked, NEW)), _added(asked)):
        for name in ("book_exports", "book_csv"):
            assert ".where(Book.deleted_at.is_(None))" in files[f"app/routers/{name}.py"]
        assert check(MemoryDesk(files)) == ()


def _added(asked: str) -> dict[str, str]:
    """The same, block after block, in the application that is there."""
    first, second, *rest = asked.split(". ")
    files = new_app(read_request(f"{first}. {second}", NEW))
    for text in rest:
        desk = MemoryDesk(files)
        placed = place(read_request(text, read_profile(desk)), read_profile(desk), desk)
        files |= {path: str(content) for path, content in placed.items()}
    return files


@pytest.mark.parametrize(
    "text",
    [
        "Call the external service at https://rates.example with timeouts and retries",
        "use a third-party API at https://rates.example",
        "add an HTTP client for another service at https://rates.example",
    ],
)
def test_another_service(text: str) -> None:
    assert blocks(text) == (BlockSpec(name="http_client", names=("https://rates.example",)),)


def test_one_other_service_with_an_address() -> None:
    with pytest.raises(NotUnderstood):
        blocks("Call an external service")
    with pytest.raises(Contradiction):
        blocks("Call the external service at https://a.example. Call the external service at https://b.example")


@pytest.mark.parametrize(
    ("method", "headers", "sent"),
    [("GET", {}, 3), ("PUT", {}, 3), ("POST", {}, 1), ("PATCH", {}, 1), ("POST", {"Idempotency-Key": "a"}, 3)],
)
@pytest.mark.parametrize("trouble", [503, httpx.ReadTimeout("slow")])
def test_only_what_may_be_sent_twice_is(
    method: str, headers: dict[str, str], sent: int, trouble: int | Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = new_app(read_request("Add books with title. Call the external service at https://rates.example", NEW))
    module: dict[str, Any] = {"__name__": "upstream"}
    exec(compile(files["app/routers/upstream.py"], "upstream.py", "exec"), module)
    monkeypatch.setitem(module, "PAUSES_S", (0, 0))
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.content)
        if isinstance(trouble, Exception):
            raise trouble
        return httpx.Response(trouble)

    async def ask() -> int:
        transport = module["Retrying"](httpx.MockTransport(answer))
        async with httpx.AsyncClient(base_url="https://rates.example", transport=transport) as client:
            return (await client.request(method, "/", content=b"all of it", headers=headers)).status_code

    if isinstance(trouble, int):
        assert asyncio.run(ask()) == trouble
    else:
        with pytest.raises(httpx.ReadTimeout):
            asyncio.run(ask())
    assert seen == [b"all of it"] * sent


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Delete books after 30 days", 2_592_000),
        ("delete books that are older than 2 weeks", 1_209_600),
        ("keep books for 1 year", 31_536_000),
        ("books expire after 3 seconds", 3),
        ("automatically remove old books after 12 hours", 43_200),
    ],
)
def test_retention(text: str, seconds: int) -> None:
    assert blocks(text) == (BlockSpec(name="retention", resource="book", seconds=seconds),)


def test_bodies() -> None:
    assert blocks("Limit request bodies to 2 MB") == (BlockSpec(name="body_limit", amount=2_000_000),)


def test_a_table_needs_a_resource_of_its_own() -> None:
    text = "Add books with title. Add reviews of books with rating 1-5. Export reviews as CSV"
    with pytest.raises(NotUnderstood, match="created and listed by itself"):
        new_app(read_request(text, NEW))


@pytest.mark.parametrize(
    "text",
    ["add ETags", "support conditional requests", "with HTTP caching by ETag", "send ETags",
     "answer with ETags", "return ETags for all GET requests"],
)  # fmt: skip
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
    for text in ("Count books every hour. Count books every day", "Keep books for 2 days. Delete books after 3 days"):
        with pytest.raises(Contradiction):
            blocks(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Add export jobs with name. Export export jobs in the background", "export jobs are kept there"),
        ("Add orders with title. Add webhook deliveries with name. Send webhooks for orders", "choose another name"),
        ("Add read-only orders with title. Send webhooks when orders are created", "Nothing here lets them be created"),
        ("Add notes with text. Users see only their own notes. Count notes every hour", "Counts of private items"),
    ],
)
def test_what_blocks_cannot_do_is_said(text: str, said: str) -> None:
    with pytest.raises(NotUnderstood, match=said):
        new_app(read_request(text, NEW))


def found(files: dict[str, str]) -> set[tuple[str, str]]:
    return {(finding.rule, finding.path) for finding in check(MemoryDesk(files))}


def clean(files: dict[str, str], folder: Path) -> None:
    write(folder, files)
    assert ruff("format", "--no-cache", "--check", "--line-length", "88", str(folder)) == ""
    assert ruff("check", "--no-cache", str(folder)) == ""
    assert check(MemoryDesk(files)) == ()


def test_a_new_application_with_all_of_them_is_clean(tmp_path: Path) -> None:
    clean(new_app(read_request(ALL, NEW)), tmp_path)


@pytest.mark.parametrize(
    "asked",
    [
        "Limit requests to 50 per minute",
        "Add ETags",
        "Allow CORS for https://a.example",
        "Limit request bodies to 2 MB",
        "Add image uploads up to 1 MB",
        "Stream changes of products with server-sent events",
        "Add a WebSocket channel for orders",
    ],
)
def test_a_block_goes_into_an_application_in_one_file(asked: str) -> None:
    files = {"main.py": (SHOP / "main.py").read_text(), "requirements.txt": (SHOP / "requirements.txt").read_text()}
    desk = MemoryDesk(files)
    profile = read_profile(desk)
    spec = read_request(asked, profile)
    placed = {path: text for path, text in place(spec, profile, desk).items() if text is not None}
    for block in spec.blocks:
        install, main = BLOCKS[block.name].install, placed["main.py"]
        if install:
            assert main.index("app = FastAPI") < main.index(f"\n{install}(app)\n") < main.index("@app.")
        else:
            assert f"app.include_router({module_of(block)}.router)" in main
    assert all(ast.parse(text) for path, text in placed.items() if path.endswith(".py"))
    assert found(files | placed) <= found(files)


def test_what_the_example_of_settings_names_is_read_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "Add books with title. Users can upload images up to 1 MB. Limit requests to 50 per minute"
    files = new_app(read_request(asked, NEW))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "DATABASE_URL=sqlite://\nUPLOAD_BYTES=7\nRATE_LIMIT_REQUESTS=8\nMAX_BODY_BYTES=9000\n", "utf-8"
    )
    found: dict[str, object] = {}
    for path in ("app/routers/files.py", "app/rate_limit.py", "app/body_limit.py"):
        tree = ast.parse(files[path])
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.endswith("Settings")]
        known: dict[str, Any] = {
            "BaseSettings": BaseSettings, "SettingsConfigDict": SettingsConfigDict, "Field": Field, "Path": Path,
        }  # fmt: skip
        exec(compile(ast.Module(list(classes), []), path, "exec"), known)
        found |= known[classes[0].name]().model_dump()
    assert {name: found[name] for name in ("upload_bytes", "rate_limit_requests", "max_body_bytes")} == {
        "upload_bytes": 7, "rate_limit_requests": 8, "max_body_bytes": 9000,
    }  # fmt: skip


def test_a_module_cannot_import_what_imports_it() -> None:
    desk = MemoryDesk({"main.py": (SHOP / "main.py").read_text()})
    profile = read_profile(desk)
    with pytest.raises(NotUnderstood, match="move models and session out"):
        place(read_request("Export and import products as CSV", profile), profile, desk)


def test_a_table_goes_into_a_package() -> None:
    files = new_app(read_request("Add books with title", NEW))
    desk = MemoryDesk(files)
    placed = place(read_request("Export and import books as CSV", read_profile(desk)), read_profile(desk), desk)
    assert "app.include_router(book_csv.router)" in str(placed["app/main.py"])
    assert found({**files, **{path: str(text) for path, text in placed.items()}}) == set()


def test_what_blocks_stand_on_may_be_there() -> None:
    files = new_app(read_request("Add books with title. Stream changes of books with server-sent events", NEW))
    desk = MemoryDesk(files)
    asked = "Users can upload images up to 2 MB. Add a WebSocket channel for books"
    placed = place(read_request(asked, read_profile(desk)), read_profile(desk), desk)
    assert "default=2_100_000" in str(placed["app/body_limit.py"]) and "default=1_000_000" in files["app/body_limit.py"]
    assert str(placed["app/main.py"]).count("add_changes(app)") == 1


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
