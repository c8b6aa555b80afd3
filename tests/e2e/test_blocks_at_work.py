"""Work that rendered applications do by themselves: by the clock, and towards a service that takes events."""

from collections.abc import Iterator

import pytest

from agents.blueprints.new_app import new_app
from agents.offline.grammar import read_request
from agents.profile import AppProfile
from sandbox import tars
from sandbox.docker import DockerEngine
from sandbox.manifest import read_manifest
from sandbox.protocol import WORK, Command, Limits, Sandbox
from tests.support.trees import RUN_ID, images

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
ASKED = (
    "Add orders with title. Count orders every day at 03:30. Send webhooks for changes of orders. "
    "Add logs with message. Delete logs after 30 days"
)
PYTHON = "/opt/venv/bin/python"
ENV = {"OUTGOING_WEBHOOK_URL": "http://127.0.0.1:9/", "OUTGOING_WEBHOOK_SECRET": "0123456789abcdef" * 2}


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    files = {path: text.encode() for path, text in new_app(read_request(ASKED, AppProfile())).items()}
    image = images().ensure(read_manifest(files, files.get)).tag
    engine = DockerEngine()
    with engine.open(image, run_id=RUN_ID, limits=Limits()) as sandbox:
        sandbox.put(tars.build({f"app/{path}": data for path, data in files.items()}), WORK)
        assert said_by(sandbox, "-m", "alembic", "upgrade", "head")[0] == 0
        yield sandbox
    engine.close()


def said_by(box: Sandbox, *argv: str) -> tuple[int | None, str]:
    done = box.run(Command(argv=(PYTHON, *argv), timeout_s=60, cwd=f"{WORK}/app", env=ENV))
    return done.exit_code, (done.stdout + done.stderr).decode()


CLOCK = """
import asyncio, datetime as dt
from app.main import app
from app.models.order import Order
from app.models.scheduled_count import ScheduledCount
from app.routers import order_counts as clock
from sqlalchemy import select

sessions, settings = app.state.sessions, clock.CountSettings()
DAY, START = dt.timedelta(days=1), dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

async def counts():
    async with sessions() as session:
        query = select(ScheduledCount).order_by(ScheduledCount.due_at)
        return [(one.due_at.replace(tzinfo=dt.UTC), one.number) for one in await session.scalars(query)]

async def main():
    first = dt.datetime(2026, 3, 1, 3, 30, tzinfo=dt.UTC)
    assert clock.last_due(START, settings) == clock.last_due(first, settings) == first
    assert clock.last_due(first - dt.timedelta(seconds=1), settings) == first - DAY
    moment, pauses, whole = START, [], clock.tick

    async def failing_once(*given):
        clock.tick = whole
        raise ValueError("broken")

    async def sleep(seconds):
        nonlocal moment
        moment += dt.timedelta(seconds=seconds)
        pauses.append(seconds)
        if len(pauses) == 1:
            async with sessions.begin() as session:
                session.add(Order(title="a"))
            clock.tick = failing_once
        if len(pauses) == 4:
            raise asyncio.CancelledError

    try:
        await clock.by_the_clock(sessions, settings, lambda: moment, sleep)
    except asyncio.CancelledError:
        pass
    assert pauses == [15.5 * 3600, 60, 86400 - 60, 86400], pauses
    assert await counts() == [(first, 0), (first + DAY, 1), (first + 2 * DAY, 1)], await counts()
    assert not await whole(sessions, first, settings), "that moment is counted"
    due = first + 9 * DAY
    done = await asyncio.gather(*(whole(sessions, due, settings) for _ in range(4)), return_exceptions=True)
    assert [one for one in done if one is True] == [True], done
    assert (await counts())[-1] == (due, 1)
    await app.state.engine.dispose()
    print("all held")

asyncio.run(main())
"""


def test_a_job_by_the_clock_outlives_failures_and_does_each_moment_once(box: Sandbox) -> None:
    code, said = said_by(box, "-c", CLOCK)
    assert code == 0 and "all held" in said.splitlines(), said


OUTBOX = """
import asyncio, datetime as dt, json
import httpx
from app.main import app
from app.models.order import Order
from app.models.webhook_delivery import WebhookDelivery
from app.routers import order_webhooks as hooks
from sqlalchemy import delete, select, update

sessions, settings = app.state.sessions, hooks.OutgoingWebhookSettings()
seen, codes = [], []

def answer(request):
    seen.append((request.headers["webhook-id"], json.loads(request.content)))
    code = codes.pop(0) if codes else 204
    if code == 0:
        raise httpx.ConnectError("nobody there")
    return httpx.Response(code, headers={"Location": "http://127.0.0.1/elsewhere"})

async def states():
    async with sessions() as session:
        query = select(WebhookDelivery).order_by(WebhookDelivery.created_at)
        return [(one.type, one.status, one.attempts) for one in await session.scalars(query)]

async def due():
    async with sessions.begin() as session:
        await session.execute(update(WebhookDelivery).values(due_at=dt.datetime.now(dt.UTC)))

async def main():
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    deliver = lambda: hooks.deliver(sessions, client, settings)
    async with sessions.begin() as session:
        await session.execute(delete(WebhookDelivery))
    try:
        async with sessions.begin() as session:
            session.add(Order(title="never"))
            await session.flush()
            raise ValueError
    except ValueError:
        pass
    assert await states() == [] and await deliver() == 0, "what is rolled back is not told"
    async with sessions.begin() as session:
        order = Order(title="a")
        session.add(order)
        await session.flush()
        order.title = "a"
        await session.flush()
    assert await states() == [("order.created", "waiting", 0)], "nothing changed"
    drawn = []
    hooks.secrets.SystemRandom.uniform = lambda _, low, high: drawn.append((low, high)) or high
    codes.extend([500, 302, 0, 429, 400, 404, 410, 503])
    for attempt in range(1, 9):
        assert await deliver() == 1
        status = "waiting" if attempt < 8 else "failed"
        assert await states() == [("order.created", status, attempt)], await states()
        assert await deliver() == 0, "not before its time"
        await due()
    assert await deliver() == 0, "given up"
    assert drawn == [(0, most) for most in (1, 5, 30, 300, 1800, 7200, 36000)], "any pause up to the longest"
    assert len(seen) == 8 and len({name for name, _ in seen}) == 1
    assert seen[0][1]["type"] == "order.created" and seen[0][1]["data"] == {"id": order.id}
    async with sessions.begin() as session:
        order = await session.get(Order, order.id)
        order.title = "b"
    assert len(await hooks.claim(sessions)) == 1 and await deliver() == 0, "somebody has it"
    await due()
    taken = await asyncio.gather(*(hooks.claim(sessions) for _ in range(4)), return_exceptions=True)
    assert sum(len(one) for one in taken if isinstance(one, list)) == 1, taken
    await due()
    assert await deliver() == 1 and (await states())[-1] == ("order.updated", "sent", 3), "its worker died"
    async with sessions.begin() as session:
        await session.delete(await session.get(Order, order.id))
    assert await deliver() == 1 and (await states())[-1] == ("order.deleted", "sent", 1)
    async with sessions.begin() as session:
        await session.execute(update(WebhookDelivery).values(created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)))
    await hooks.clean_up(sessions)
    assert await states() == []
    await app.state.engine.dispose()
    print("all held")

asyncio.run(main())
"""


def test_events_are_told_once_they_are_true_and_until_they_are_taken(box: Sandbox) -> None:
    code, said = said_by(box, "-c", OUTBOX)
    assert code == 0 and "all held" in said.splitlines(), said


RETENTION = """
import asyncio, datetime as dt, os
from app.main import app
from app.models.log import Log
from app.routers import log_retention as retention
from sqlalchemy import select, update

sessions = app.state.sessions

async def left():
    async with sessions() as session:
        return list(await session.scalars(select(Log.message).order_by(Log.id)))

async def main():
    usual = retention.RetentionSettings()
    assert (usual.delete_logs_after_s, usual.delete_logs_every_s) == (30 * 86_400, 3_600)
    os.environ |= {"DELETE_LOGS_AFTER_S": "3600", "DELETE_LOGS_EVERY_S": "1"}
    soon, now = retention.RetentionSettings(), dt.datetime.now(dt.UTC)
    async with sessions.begin() as session:
        for days, message in ((40, "oldest"), (1, "old"), (0, "new")):
            session.add(Log(message=message, created_at=now - dt.timedelta(days=days)))
    assert await retention.clean_up(sessions, usual) == 1 and await left() == ["old", "new"]
    job = asyncio.create_task(retention.again_and_again(sessions, soon))
    for _ in range(100):
        await asyncio.sleep(0.1)
        if await left() == ["new"]:
            break
    job.cancel()
    assert await left() == ["new"], "an hour is what the environment says, and it is looked every second"
    await app.state.engine.dispose()
    print("all held")

asyncio.run(main())
"""


def test_what_is_old_goes_after_the_time_and_as_often_as_the_environment_says(box: Sandbox) -> None:
    code, said = said_by(box, "-c", RETENTION)
    assert code == 0 and "all held" in said.splitlines(), said
