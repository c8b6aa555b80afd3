"""The building blocks there are: what each is made of, and why it is made so."""

from dataclasses import dataclass

from agents.blueprints.spec import BlockName
from agents.reading.service import THROWAWAY, URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one block is made of; its template has the block's name."""

    module: str
    """Stem of the module it goes into; `{plural}` is its resource's."""
    says: str
    """The module's docstring."""
    title: str
    """What a commit's subject calls it."""
    choice: str
    reason: str
    """The decision a plan records."""
    install: str = ""
    """A function called with the application; empty: the module has a `router`."""
    database: bool = False
    model: str = ""
    """An ORM class it brings; its template is `{name}_model`."""
    rows: str = ""
    """What the rows of its table are, for the module's docstring and for migrations."""
    requires: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    """Lines of `.env.example`."""
    needs: tuple[tuple[str, str], ...] = ()
    """Variables without which the application does not start, and what they are in tests."""
    endpoints: tuple[tuple[str, str, str], ...] = ()
    """Method, path and purpose of its routes; `{plural}` and `{path}` are its resource's."""


BLOCKS: dict[BlockName, Block] = {
    "rate_limit": Block(
        module="rate_limit",
        says="How many requests a client may send.",
        title="a rate limit",
        choice="a limit of requests for each client in a window of time, counted by each process",
        reason="it needs no other service, and the machine itself stays free; for several processes count in Redis",
        install="add_rate_limit",
        env=("RATE_LIMIT_REQUESTS={b.amount}", "RATE_LIMIT_SECONDS={b.seconds}"),
    ),
    "etag": Block(
        module="etags",
        says="ETags: what a client has already is not sent again.",
        title="ETags",
        choice="ETags computed from JSON answers, up to 1 MB",
        reason="every list and item gets them, and nothing has to be invalidated; the database is still asked",
        install="add_etags",
    ),
    "cors": Block(
        module="cors",
        says="Origins that may call from a browser.",
        title="CORS",
        choice="CORS for named origins, without credentials",
        reason="tokens travel in a header, so a browser's cookies need not be let in",
        install="add_cors",
    ),
    "body_limit": Block(
        module="body_limit",
        says="How large the body of a request may be.",
        title="a limit of request bodies",
        choice="bodies are bounded for the whole application, before anything reads them",
        reason="a server without a bound can be filled by one client",
        install="add_body_limit",
        env=("MAX_BODY_BYTES={b.amount}",),
    ),
    "uploads": Block(
        module="files",
        says="Files that clients leave and take.",
        title="file uploads",
        choice="files in a folder under random names, with what is known about each beside it; kinds by content",
        reason="a name from outside never becomes a path; for several machines use an object store",
        requires=("python-multipart>=0.0.18",),
        env=("UPLOAD_FOLDER=uploads", "UPLOAD_BYTES={b.amount}"),
        endpoints=(
            ("POST", "/files", "leave a file"),
            ("GET", "/files/{file_id}", "what is known about a file"),
            ("GET", "/files/{file_id}/content", "take a file"),
            ("DELETE", "/files/{file_id}", "delete a file"),
        ),
    ),
    "csv": Block(
        module="{name}_csv",
        says="The {words} as a table, out and in.",
        title="CSV export and import of {words}",
        choice="CSV of {words}: an import is all rows or none, an export ends after 10 000 rows and goes on by id",
        reason="half an import cannot be repeated, and both stay bounded in memory",
        database=True,
        endpoints=(("GET", "{path}.csv", "export {words}"), ("POST", "{path}.csv", "import {words}")),
    ),
    "changes": Block(
        module="changes",
        says="Committed changes, told to whoever listens.",
        title="changes that are told",
        choice="changes are told by the session after its commit: table, action and id; clients read the item",
        reason="no handler can forget it, nothing is told that did not happen, and reading stays guarded as it is",
        install="add_changes",
        database=True,
    ),
    "events": Block(
        module="{name}_events",
        says="The {words} as server-sent events.",
        title="server-sent events of {words}",
        choice="server-sent events for changes of {words}, which go on after Last-Event-ID",
        reason="clients only listen: plain HTTP, with reconnecting built into browsers",
        database=True,
        endpoints=(("GET", "/events/{plural}", "changes of {words} as server-sent events"),),
    ),
    "websocket": Block(
        module="{name}_channel",
        says="A WebSocket channel for {words}.",
        title="a WebSocket channel for {words}",
        choice="a WebSocket channel for changes of {words}; a login is a token in the first message",
        reason="browsers cannot set headers on a WebSocket, and a token in the address ends up in logs",
        database=True,
        requires=("websockets>=13",),
    ),
    "idempotency": Block(
        module="idempotency",
        says="POST requests that are done once, however often they are sent.",
        title="idempotency keys",
        choice="answers of POST requests with an Idempotency-Key are kept in the database for a day and given again",
        reason="all processes see the same keys, and a key is claimed by its primary key before anything is done",
        install="add_idempotency",
        database=True,
        model="IdempotencyKey",
        rows="idempotency keys",
    ),
    "retention": Block(
        module="{name}_retention",
        says="Old {words} are deleted by the clock.",
        title="deletion of old {words}",
        choice="old {words} are deleted by a task of the application, in portions",
        reason="it needs no other service, and running it in every process does no harm",
        database=True,
        env=("DELETE_{plural}_AFTER_S={b.seconds}", "DELETE_{plural}_EVERY_S={b.often}"),
    ),
    "webhooks": Block(
        module="webhooks",
        says="Signed events from outside.",
        title="signed webhooks",
        choice="webhooks as the Standard Webhooks specification has them: an HMAC over id, moment and body, five "
        "minutes old at most, each kept once under its id",
        reason="senders sign that way and repeat what was not answered; a stolen request is worth nothing later",
        database=True,
        model="WebhookEvent",
        rows="webhook events",
        env=("# Shared with the sender of webhooks: openssl rand -hex 32, or its whsec_...", "WEBHOOK_SECRET="),
        needs=(("WEBHOOK_SECRET", THROWAWAY),),
        endpoints=(("POST", "/webhooks", "take a signed event, once"),),
    ),
    "http_client": Block(
        module="upstream",
        says="Calls of the other service.",
        title="a client of another service",
        choice="one HTTP client for the application's life, with timeouts, bounded connections and three attempts for "
        "what may be repeated",
        reason="passing trouble of the other side stays small here, and nothing is done twice; tests override one "
        "dependency",
        requires=("httpx>=0.28",),
        env=("UPSTREAM_URL={b.names[0]}", "UPSTREAM_TIMEOUT_S=2"),
        needs=(("UPSTREAM_URL", URL),),
        endpoints=(("GET", "/upstream/status", "does the other service answer"),),
    ),
    "jobs": Block(
        module="{name}_exports",
        says="The {words}, exported in the background.",
        title="background exports of {words}",
        choice="exports of {words} wait in a table; a worker of each process takes one under a lease, "
        "three attempts at most",
        reason="a restart loses nothing, no export is done twice at a time, and no other service is needed",
        database=True,
        model="ExportJob",
        rows="export jobs",
        endpoints=(
            ("POST", "/exports/{plural}", "have all {words} exported in the background"),
            ("GET", "/exports/{plural}/{export_id}", "how far an export is"),
            ("GET", "/exports/{plural}/{export_id}/content", "the exported {words}"),
        ),
    ),
    "schedule": Block(
        module="{name}_counts",
        says="The {words}, counted by the clock.",
        title="counts of {words} by the clock",
        choice="a task of the application counts {words} whenever a whole interval has passed, each moment once",
        reason="it needs no other service; every process has the task, and the moment is a primary key, so one of them "
        "does it. For heavy work use the platform's own timer",
        database=True,
        model="ScheduledCount",
        rows="scheduled counts",
        env=("COUNT_{plural}_EVERY_S={b.seconds}", "COUNT_{plural}_AFTER_S={b.amount}"),
        endpoints=(("GET", "/counts/{plural}", "how many {words} there were, by the clock"),),
    ),
    "outgoing_webhooks": Block(
        module="{name}_webhooks",
        says="Changes of {words}, told to another service.",
        title="webhooks about {words}",
        choice="events about {words} are written to a table in the transaction of the change and sent by a worker, "
        "signed as Standard Webhooks has it, eight attempts, with random pauses of up to ten hours",
        reason="a request never waits for the receiver, no event is lost, and none tells of what was rolled back; it "
        "may come twice, with the same id. It names the changed row only, so nothing private leaves",
        database=True,
        model="WebhookDelivery",
        rows="webhook deliveries",
        requires=("httpx>=0.28",),
        env=(
            "# Where events go, and the secret shared with who takes them: openssl rand -hex 32, or whsec_...",
            "OUTGOING_WEBHOOK_URL=https://hooks.example/events",
            "OUTGOING_WEBHOOK_SECRET=",
        ),
        needs=(("OUTGOING_WEBHOOK_URL", URL), ("OUTGOING_WEBHOOK_SECRET", THROWAWAY)),
        endpoints=(("GET", "/webhook-deliveries/{plural}", "how far events about {words} are"),),
    ),
}
