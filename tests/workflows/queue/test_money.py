"""One purse and one pace for all workers, on a real database and over real HTTP."""

import asyncio
import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from langchain_core.messages import HumanMessage
from sqlalchemy import select, update

from agents.calls import Caller
from agents.contracts import Usage
from agents.errors import BudgetExceeded
from agents.ledger import Budget
from agents.models import ModelConfig
from agents.prices import Price
from agents.retry import Policy
from tests.support.model_server import Asked, ModelServer, error, reply
from tests.workflows.queue.conftest import MakeQueue
from tests.workflows.queue.test_jobs import filled
from workflows.queue.jobs import LeaseLost
from workflows.queue.lease import Lease, clock
from workflows.queue.money import Purse, SharedLedger
from workflows.queue.reaper import reap
from workflows.queue.schema import budgets, jobs, spending

PRICE = Price(input=1_000_000, output=1_000_000)
"""A dollar a token."""
MakeLedger = Callable[..., SharedLedger]


@pytest.fixture
def make_ledger(make_queue: MakeQueue) -> MakeLedger:
    """Ledgers of different workers on the same campaign, each with a job of its own."""
    names = iter("abcdefgh")
    filled(make_queue(), *"abcdefgh")

    def make(seconds: float = 60, **purse: float) -> SharedLedger:
        queue, job = make_queue(), next(names)
        taken = clock()
        assert queue.claim(job, 1, f"w-{job}", seconds) is not None
        lease = Lease(queue, job, 1, seconds, lambda _: None, taken)
        return SharedLedger(Budget(), lease, "c", Purse.model_validate(purse), lambda _: None)

    return make


def total(ledger: SharedLedger) -> tuple[float, int, int]:
    asked = select(budgets.c.usd, budgets.c.tokens, budgets.c.calls)
    row = ledger._lease.queue.database.read(lambda conn: conn.execute(asked).one())
    return (round(row.usd, 6), row.tokens, row.calls)


def test_what_is_reserved_is_settled_by_what_it_was(make_ledger: MakeLedger) -> None:
    one, two = make_ledger(budget_usd=100), make_ledger(budget_usd=100)
    held = one.reserve("builder", 50, 30, PRICE)
    assert total(two) == (80, 80, 1)
    with pytest.raises(BudgetExceeded, match=r"the campaign's 100.00 USD do not bear the next call \(120.0000 USD\)"):
        two.reserve("builder", 20, 20, PRICE)
    assert two.totals() == Usage()
    one.settle(held, Usage(input_tokens=40, output_tokens=5))
    assert total(two) == (45, 45, 1)
    two.release(two.reserve("builder", 20, 20, PRICE))
    assert total(two) == (45, 45, 1)
    two.settle(two.reserve("builder", 20, 20, PRICE), None)
    assert total(two) == (85, 85, 2)


def test_together_they_never_pass_a_limit(make_ledger: MakeLedger) -> None:
    ledgers = [make_ledger(max_calls=10, max_tokens=1000) for _ in range(4)]
    refused: list[str] = []

    def spend(ledger: SharedLedger) -> None:
        for _ in range(5):
            try:
                ledger.settle(ledger.reserve("builder", 1, 1, PRICE), Usage(input_tokens=1, output_tokens=1))
            except BudgetExceeded as error:
                refused.append(str(error))

    threads = [threading.Thread(target=spend, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total(ledgers[0]) == (20, 20, 10)
    assert len(refused) == 10
    assert set(refused) == {"the campaign's 10 model calls are used up"}


def test_a_model_without_a_price_is_held_by_tokens(make_ledger: MakeLedger) -> None:
    ledger = make_ledger(budget_usd=1)
    with pytest.raises(BudgetExceeded, match="the campaign's 1000000 tokens"):
        ledger.reserve("builder", 999_999, 2, None)


def test_a_call_on_its_way_when_its_worker_died_counts_in_full(make_ledger: MakeLedger) -> None:
    dead, other = make_ledger(), make_ledger()
    held = dead.reserve("builder", 50, 30, PRICE)
    ran_out = update(jobs).where(jobs.c.id == "a").values(lease_until=1.0)
    other._lease.queue.database.write(lambda conn: conn.execute(ran_out))
    assert reap(other._lease.queue, 60) == ["a"]
    dead.settle(held, Usage(input_tokens=1, output_tokens=1))  # it comes back late: the books are closed
    assert total(other) == (80, 80, 1)
    states = select(spending.c.state)
    assert other._lease.queue.database.read(lambda conn: conn.execute(states).scalars().all()) == ["lost"]
    with pytest.raises(LeaseLost):
        dead.reserve("builder", 1, 1, PRICE)


def test_all_workers_share_one_bucket(make_ledger: MakeLedger) -> None:
    """120 a minute: a burst of 20, then two a second, whoever asks."""
    ledgers = [make_ledger(requests_per_minute=120) for _ in range(2)]
    began = time.monotonic()

    async def take(ledger: SharedLedger) -> None:
        for _ in range(11):
            await ledger.turn("account", 10)

    async def both() -> None:
        await asyncio.gather(*(take(ledger) for ledger in ledgers))

    asyncio.run(both())
    assert time.monotonic() - began > 0.9  # two more than the burst

    async def another() -> None:
        await asyncio.wait_for(ledgers[0].turn("another", 10), 5)

    began = time.monotonic()
    asyncio.run(another())
    assert time.monotonic() - began < 0.9


def test_tokens_have_a_bucket_too(make_ledger: MakeLedger) -> None:
    ledger = make_ledger(tokens_per_minute=6000)  # a burst of 1,000, then 100 a second
    began = time.monotonic()

    async def take() -> None:
        await ledger.turn("account", 950)
        await ledger.turn("account", 150)

    asyncio.run(take())
    assert 0.8 < time.monotonic() - began < 6


def test_a_429_slows_everybody_and_fails_nobody(make_ledger: MakeLedger) -> None:
    crowded, arrivals = 6, list[float]()
    lock = threading.Lock()

    def script(asked: Asked) -> object:
        with lock:
            arrivals.append(time.monotonic())
            number = len(arrivals)
        return error(429, "slow down", retry_after="0.5") if number <= crowded else reply("ok")

    ledgers = [make_ledger() for _ in range(4)]
    answers: list[str] = []

    def ask(ledger: SharedLedger) -> None:
        config = ModelConfig(name="m", base_url=server.url, price_input=1, price_output=1)
        caller = Caller({"default": [config]}, ledger, policy=Policy(attempts=1))
        answers.append(asyncio.run(caller.ask("builder", "s", [HumanMessage("hello")])).text)

    with ModelServer(script) as server:  # type: ignore[arg-type]
        threads = [threading.Thread(target=ask, args=(ledger,)) for ledger in ledgers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == ["ok"] * 4
    assert len(arrivals) == crowded + 4
    waves = [b - a for a, b in pairwise(arrivals) if b - a > 0.4]
    assert waves, "nobody waited"
    assert ledgers[0].totals().calls == 1


def test_an_account_is_shared_by_key_and_model_and_shows_no_key() -> None:
    one = ModelConfig(name="m", api_key="sk-secret", base_url="https://user:pw@host/v1")  # type: ignore[arg-type]
    assert "secret" not in one.account()
    assert "pw" not in one.account()
    assert one.account() == one.model_copy(update={"temperature": 1.0}).account()
    others = [one.model_copy(update={"name": "n"}), one.model_copy(update={"base_url": "https://other/v1"})]
    assert len({one.account(), *(o.account() for o in others)}) == 3
