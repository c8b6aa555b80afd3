"""The knowledge pages: they can be found, they are short, and their code is code."""

import ast
import re

import pytest

from agents.knowledge import PAGES_MAX, Page, knowledge_for, page, pages
from agents.profile import AppProfile

EXPECTED = """
accounts alembic app-structure async-and-blocking auth-jwt background-tasks caching-etag csv dependency-injection errors
http-client idempotency openapi-docs pagination-filtering-sorting passwords rate-limits relations
repositories-and-transactions routers-and-schemas scheduled-jobs settings sqlalchemy-async testing-over-http uploads
webhooks websockets-and-sse
"""
OUTDATED = (
    *("orm_mode", ".dict()", "from_orm", "@validator", "Optional[", "session.query", "declarative_base("),
    *("passlib", "jose", "on_event", "utcnow"),
)
ASYNC_APP = AppProfile(exists=True, database="sqlalchemy_async")
SYNC_APP = AppProfile(exists=True, database="sqlalchemy_sync")


def code_of(one: Page) -> list[str]:
    return re.findall(r"```python\n(.*?)```", one.text, flags=re.S)


def picked(text: str, profile: AppProfile = ASYNC_APP) -> list[str]:
    return [one.name for one in knowledge_for(text, profile)]


def test_every_page_is_there() -> None:
    assert [one.name for one in pages()] == EXPECTED.split()


@pytest.mark.parametrize("one", pages(), ids=lambda one: one.name)
def test_a_page_is_a_screen_of_code_that_compiles_and_pitfalls(one: Page) -> None:
    blocks = code_of(one)
    assert blocks
    for block in blocks:
        compile(block, one.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert "**Pitfalls**" in one.text
    assert len(one.text) <= 3600
    assert max(len(line) for block in blocks for line in block.splitlines()) <= 120
    assert one.text.startswith(f"# {one.title}\n")
    assert "keywords:" not in one.text


@pytest.mark.parametrize("one", pages(), ids=lambda one: one.name)
def test_a_page_shows_no_outdated_idiom(one: Page) -> None:
    code = "\n".join(code_of(one))
    for old in OUTDATED:
        assert old not in code
    assert not re.search(r"=\s*Depends\(", code)


@pytest.mark.parametrize(
    ("request_text", "name"),
    [
        ("list books by author, newest first, paginated", "pagination-filtering-sorting"),
        ("require login to create or delete books", "auth-jwt"),
        ("add tags to books and filter by tag", "relations"),
        ("upload a picture of each product", "uploads"),
        ("limit logins to avoid brute force", "rate-limits"),
        ("send an e-mail in the background", "background-tasks"),
        ("stream progress as server-sent events", "websockets-and-sse"),
        ("answer 304 by ETag", "caching-etag"),
        ("accept an Idempotency-Key when ordering", "idempotency"),
        ("store the passwords hashed", "passwords"),
        ("two concurrent updates must not sell the last copy", "repositories-and-transactions"),
        ("write an Alembic migration", "alembic"),
        ("users see only their own notes", "accounts"),
        ("export books as CSV", "csv"),
        ("send signed webhooks", "webhooks"),
        ("delete old logs every night", "scheduled-jobs"),
        ("call an external API with httpx", "http-client"),
        ("calls to an external API need timeouts", "async-and-blocking"),
        ("read the database address from environment variables", "settings"),
    ],
)
def test_the_words_of_a_request_find_their_page(request_text: str, name: str) -> None:
    assert name in picked(request_text)[:3]


def test_the_application_decides_too() -> None:
    assert "app-structure" in picked("Add books with title", AppProfile())
    assert "sqlalchemy-async" in picked("Add books with title", ASYNC_APP)
    assert "sqlalchemy-async" not in picked("Add books with title", SYNC_APP)
    assert "alembic" in picked("Add books", ASYNC_APP.model_copy(update={"alembic": "alembic/versions"}))


def test_no_more_than_a_few_pages_and_always_the_same() -> None:
    everything = " ".join(word for one in pages() for word in one.keywords)
    assert len(picked(everything)) == PAGES_MAX
    assert picked(everything) == picked(everything)
    assert picked("zzz") == ["routers-and-schemas", "sqlalchemy-async"]


def test_a_page_has_a_name() -> None:
    assert page("errors").title == "Errors"
    with pytest.raises(KeyError):
        page("nothing")
