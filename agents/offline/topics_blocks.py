"""What building blocks promise, each by itself."""

from collections.abc import Callable, Iterator

from agents.blueprints.spec import BlockName, BlockSpec
from agents.offline.source import quoted
from agents.offline.topics import Check, Topic, Words, lines
from agents.offline.topics_changes import channel_topics, event_topics
from agents.offline.topics_clock import schedule_topics
from agents.offline.topics_deliveries import delivery_topics
from agents.offline.topics_files import csv_topics, file_of, upload_topics
from agents.offline.topics_jobs import job_topics
from agents.offline.topics_upstream import upstream_topics
from agents.offline.topics_webhooks import webhook_topics
from agents.offline.world import World

_AWAITED_S = 5
"""Items kept up to this long are waited for."""
_COUNTED = 200
"""Limits up to this many requests are tried out."""


def block_topics(world: World) -> Iterator[Topic]:
    """Topics of every block."""
    for block in world.spec.blocks:
        yield from _MAKERS[block.name](world, block)


def plain_path(world: World) -> str:
    """A path that answers 200 to anybody."""
    if world.spec.health or any(r.path == "/health" for r in world.profile.routes):
        return "/health"
    open_lists = (t for t in world.things.values() if t.exists and "list" in t.actions and "list" not in t.guarded)
    return next((t.path for t in open_lists if "{" not in t.path), "/openapi.json")


def _rate_limit(world: World, block: BlockSpec) -> Iterator[Topic]:
    path = quoted(plain_path(world))
    unit = {1: "second", 60: "minute", 3600: "hour", 86_400: "day"}.get(block.seconds, f"{block.seconds} seconds")
    told = lines(f"""
        mine = {{"X-Forwarded-For": ".".join(str(number) for number in uuid.uuid4().bytes[:4])}}
        answer = client.get({path}, headers=mine)
        assert answer.status_code == 200, answer.text
        assert answer.headers["ratelimit-limit"] == "{block.amount}"
        assert answer.headers["ratelimit-remaining"] == "{block.amount - 1}"
    """)
    tried = lines(f"""
        mine, other = [
            {{"X-Forwarded-For": ".".join(str(number) for number in uuid.uuid4().bytes[:4])}} for _ in range(2)
        ]
        sent = 0
        while (answer := client.get({path}, headers=mine)).status_code != 429:
            sent += 1
            assert sent <= {block.amount * 20}
        assert sent >= {block.amount}
        assert 0 < int(answer.headers["retry-after"]) <= {block.seconds}
        assert client.get({path}, headers=other).status_code == 200
    """)
    checks = [Check("test_a_client_is_told_its_limit", "limit and what is left.", told)]
    if block.amount <= _COUNTED:
        says = "one request too many answers 429, another client goes on."
        checks.append(Check("test_a_client_is_limited", says, tried))
    yield Topic(
        file_of(block),
        f"A client that is not the machine itself may send {block.amount} requests per {unit}; more answer 429 with "
        "Retry-After, and every answer says what is left.",
        tuple(checks),
    )


def _etag(world: World, block: BlockSpec) -> Iterator[Topic]:
    path = quoted(plain_path(world))
    body = lines(f"""
        first = client.get({path})
        assert first.status_code == 200 and first.headers["etag"]
        known = {{"If-None-Match": first.headers["etag"]}}
        again = client.get({path}, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        other = client.get({path}, headers={{"If-None-Match": '"other"'}})
        assert other.json() == first.json()
        assert client.get("/openapi.json").headers["etag"] != first.headers["etag"]
    """)
    yield Topic(
        file_of(block),
        "JSON answers to GET carry an ETag; with If-None-Match and the same content they are 304 without a body.",
        (Check("test_what_is_known_is_not_sent_again", "304 for the tag that was answered.", body),),
    )


def _cors(world: World, block: BlockSpec) -> Iterator[Topic]:
    path = quoted(plain_path(world))
    body = lines(
        f"""
        for origin in {list(block.names)!r}:
            answer = client.get({path}, headers={{"Origin": origin}})
            assert answer.headers["access-control-allow-origin"] == origin
            asked = {{"Origin": origin, "Access-Control-Request-Method": "POST"}}
            assert client.options({path}, headers=asked).is_success
        answer = client.get({path}, headers={{"Origin": "https://elsewhere.example"}})
        assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-credentials" not in answer.headers
    """.replace("'", '"')
    )
    yield Topic(
        file_of(block),
        f"Pages of {' and '.join(block.names)} may read answers in a browser, pages of other origins may not.",
        (Check("test_named_origins_are_let_in", "no other one is.", body),),
    )


def _body_limit(world: World, block: BlockSpec) -> Iterator[Topic]:
    path = quoted(plain_path(world))
    body = lines(f"""
        def pieces():
            for _ in range({block.amount // 50_000 + 2}):
                yield b"x" * 50_000

        answer = client.post({path}, content=b"x" * {block.amount + 1})
        assert answer.status_code == 413, answer.text
        assert client.post({path}, content=pieces()).status_code in (405, 413)
        assert client.post({path}, content=b"x" * 100).status_code != 413
    """)
    yield Topic(
        file_of(block),
        f"A request whose body is larger than {block.amount} bytes answers 413.",
        (Check("test_a_large_body_is_refused", "413 before it is read.", body),),
    )


def _idempotency(world: World, block: BlockSpec) -> Iterator[Topic]:
    thing = next((t for t in world.things.values() if {"create", "list"} <= set(t.actions) and not t.parent), None)
    if thing is None:
        return
    w = Words(world, thing)
    path, login = w.collection, w.login("create")
    keyed = f'{login.removeprefix(", headers=") or "{}"} | {{"Idempotency-Key": unique()}}'
    repeated = lines(f"""
        sent, headers = {w.new()}, {keyed}
        first = client.post({path}, json=sent, headers=headers)
        assert first.status_code == 201, first.text
        again = client.post({path}, json=sent, headers=headers)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in first.headers
        assert [one["id"] for one in {w.listed()}].count(first.json()["id"]) == 1
        new = client.post({path}, json={w.new()}, headers=headers | {{"Idempotency-Key": unique()}})
        assert new.json()["id"] != first.json()["id"]
    """)
    other = lines(f"""
        headers = {keyed}
        assert client.post({path}, json={w.new()}, headers=headers).status_code == 201
        answer = client.post({path}, json={{"other": 1}}, headers=headers)
        assert answer.status_code == 422 and "Idempotency-Key" in answer.text
        long = headers | {{"Idempotency-Key": "x" * 201}}
        assert client.post({path}, json={w.new()}, headers=long).status_code == 422
    """)
    yield Topic(
        file_of(block),
        "A POST with an Idempotency-Key is done once: repeated it gets its first answer, and with another body 422.",
        (
            Check("test_a_repeated_request_is_done_once", "the first answer comes again.", repeated),
            Check("test_a_key_is_for_one_request", "another body with the same key answers 422.", other),
        ),
    )


def _retention(world: World, block: BlockSpec) -> Iterator[Topic]:
    thing = world.things[block.resource]
    if not {"create", "read"} <= set(thing.actions):
        return
    w = Words(world, thing)
    get = f"client.get({w.item()}{w.login('read')})"
    body = [f"{w.var} = {w.make()}", f"assert {get}.status_code == 200"]
    quick = block.seconds <= _AWAITED_S
    if quick:
        body += [
            "begun = time.monotonic()",
            f"while {get}.status_code == 200:",
            f"    assert time.monotonic() - begun < {block.seconds * 2 + 8}",
            "    time.sleep(0.2)",
            f"assert {get}.status_code == 404",
        ]
    says = "it is there at first, and gone in time." if quick else "what is new stays."
    yield Topic(
        file_of(block),
        f"{thing.many.capitalize()} older than {block.seconds} seconds are deleted by the application itself.",
        (Check(f"test_old_{thing.plural}_are_deleted", says, tuple(body)),),
    )


_MAKERS: dict[BlockName, Callable[[World, BlockSpec], Iterator[Topic]]] = {
    "rate_limit": _rate_limit,
    "etag": _etag,
    "cors": _cors,
    "body_limit": _body_limit,
    "uploads": upload_topics,
    "csv": csv_topics,
    "changes": lambda _, __: iter(()),
    "idempotency": _idempotency,
    "retention": _retention,
    "webhooks": webhook_topics,
    "http_client": upstream_topics,
    "jobs": job_topics,
    "schedule": schedule_topics,
    "outgoing_webhooks": delivery_topics,
    "events": event_topics,
    "websocket": channel_topics,
}
