"""One purse and one pace for all workers: money is reserved before a call and settled after it, in the database."""

import asyncio
import random
import uuid
from dataclasses import dataclass
from typing import Any

from pydantic import Field
from sqlalchemy import Connection, select, update

from agents.contracts import Frozen, Usage
from agents.errors import BudgetExceeded
from agents.ledger import UNPRICED_TOKENS, Budget, Ledger, Reservation
from agents.prices import Price
from workflows.queue.database import insert_missing
from workflows.queue.lease import Lease
from workflows.queue.schema import accounts, budgets, spending

HELD, SPENT, LOST = "held", "spent", "lost"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""A server that limits our rate and does not say for how long."""
LONGEST_LOOK_S = 5.0
EPSILON = 1e-9


class Purse(Frozen):
    """What all runs of a campaign may spend together, and how fast; None is no limit."""

    budget_usd: float | None = Field(None, ge=0, description="most money of all runs together")
    max_tokens: int | None = Field(None, ge=1, description="most tokens of all runs together")
    max_calls: int | None = Field(None, ge=1, description="most model calls of all runs together")
    requests_per_minute: float | None = Field(None, gt=0, description="of each key and model, by all workers together")
    tokens_per_minute: float | None = Field(None, gt=0, description="of each key and model, by all workers together")


@dataclass(frozen=True, slots=True)
class Entry:
    """One reservation's row, and what it reserved."""

    id: str
    worst: Usage


class SharedLedger(Ledger):
    """A run's own limits, and those of its campaign, which other workers spend from at the same time."""

    def __init__(self, limits: Budget, lease: Lease, campaign: str, purse: Purse, tell: Any) -> None:
        super().__init__(limits, tell)
        self._lease = lease
        self._campaign = campaign
        self._purse = purse
        self._entries: dict[int, Entry] = {}

    def reserve(self, role: str, input_tokens: int, output_tokens: int, price: Price | None) -> Reservation:
        """See `Ledger.reserve`; the campaign's purse has to bear it too."""
        self._lease.check()
        held = super().reserve(role, input_tokens, output_tokens, price)
        entry = Entry(uuid.uuid4().hex, held.worst)
        try:
            self._write(lambda conn: self._take(conn, entry, role, priced=price is not None))
        except BaseException:  # whatever kept the call from being made, nothing is held for it
            super().release(held)
            raise
        self._entries[id(held)] = entry
        return held

    def settle(self, held: Reservation, usage: Usage | None) -> Usage:
        """See `Ledger.settle`."""
        used = super().settle(held, usage)
        entry = self._entries.pop(id(held))
        self._write(lambda conn: self._close(conn, entry, used))
        return used

    def release(self, held: Reservation) -> None:
        """See `Ledger.release`."""
        super().release(held)
        entry = self._entries.pop(id(held))
        self._write(lambda conn: self._close(conn, entry, None))

    async def turn(self, account: str, tokens: int) -> None:
        """See `Ledger.turn`."""
        while True:
            self._lease.check()
            wait = await asyncio.to_thread(self._write, lambda conn: self._wait_s(conn, account, tokens))
            if wait <= 0:
                return
            jitter = random.uniform(0, 0.1 * wait)  # noqa: S311 - spreads load, guards nothing
            await asyncio.sleep(min(wait, LONGEST_LOOK_S) + jitter)

    def slow_down(self, account: str, wait_s: float | None) -> bool:
        """See `Ledger.slow_down`."""
        self._write(lambda conn: self._pause(conn, account, wait_s))
        return True

    def _write(self, work: Any) -> Any:
        return self._lease.queue.database.write(work)

    def _take(self, conn: Connection, entry: Entry, role: str, *, priced: bool) -> None:
        lease, worst = self._lease, entry.worst
        if conn.execute(select(spending.c.id).where(spending.c.id == entry.id)).first() is not None:
            return  # the database went away after it had agreed
        lease.queue.assert_held(conn, lease.job_id, lease.token)
        purse, mine = self._purse, budgets.c.campaign == self._campaign
        row = conn.execute(select(budgets).where(mine).with_for_update()).first()
        if row is None:
            insert_missing(conn, budgets, campaign=self._campaign, usd=0.0, tokens=0, calls=0)
            row = conn.execute(select(budgets).where(mine).with_for_update()).one()
        usd, calls = row.usd + worst.cost_usd, row.calls + 1
        tokens = row.tokens + worst.input_tokens + worst.output_tokens
        cap = purse.max_tokens
        if cap is None and purse.budget_usd is not None and not priced:
            cap = UNPRICED_TOKENS
        if purse.budget_usd is not None and usd > purse.budget_usd + EPSILON:
            raise BudgetExceeded(f"the campaign's {purse.budget_usd:.2f} USD do not bear the next call ({usd:.4f} USD)")
        if cap is not None and tokens > cap:
            raise BudgetExceeded(f"the campaign's {cap} tokens do not bear the next call ({tokens})")
        if purse.max_calls is not None and calls > purse.max_calls:
            raise BudgetExceeded(f"the campaign's {purse.max_calls} model calls are used up")
        conn.execute(update(budgets).where(mine).values(usd=usd, tokens=tokens, calls=calls))
        conn.execute(
            spending.insert().values(
                id=entry.id, campaign=self._campaign, job=lease.job_id, token=lease.token, role=role, state=HELD,
                usd=worst.cost_usd, input_tokens=worst.input_tokens, output_tokens=worst.output_tokens,
                at=lease.queue.database.now(conn),
            )
        )  # fmt: skip

    def _close(self, conn: Connection, entry: Entry, used: Usage | None) -> None:
        """Replace what was reserved by what it was; an entry that is lost by now stays as it is."""
        mine = spending.c.id == entry.id, spending.c.state == HELD
        if used is None:
            if conn.execute(spending.delete().where(*mine)).rowcount == 1:
                self._give_back(conn, entry.worst, Usage())
            return
        values = {"usd": used.cost_usd, "input_tokens": used.input_tokens, "output_tokens": used.output_tokens}
        if conn.execute(update(spending).where(*mine).values(state=SPENT, **values)).rowcount == 1:
            self._give_back(conn, entry.worst, used)

    def _give_back(self, conn: Connection, worst: Usage, used: Usage) -> None:
        more = used.input_tokens + used.output_tokens - worst.input_tokens - worst.output_tokens
        values = {
            "usd": budgets.c.usd + (used.cost_usd - worst.cost_usd),
            "tokens": budgets.c.tokens + more,
            "calls": budgets.c.calls - (0 if used.calls else 1),
        }
        conn.execute(update(budgets).where(budgets.c.campaign == self._campaign).values(**values))

    def _wait_s(self, conn: Connection, account: str, tokens: int) -> float:
        """Take a place in the account's bucket; seconds to wait before trying again when there is none."""
        now = self._lease.queue.database.now(conn)
        row = self._account(conn, account, now)
        if row.paused_until > now:
            return float(row.paused_until - now)
        per_minute = {"requests": self._purse.requests_per_minute, "tokens": self._purse.tokens_per_minute}
        wanted = {"requests": 1.0, "tokens": float(tokens)}
        values, wait = {"at": now}, 0.0
        for name, rate in per_minute.items():
            if rate is None:
                continue
            burst = max(1.0, rate / 6)  # ten seconds' worth
            left = min(burst, getattr(row, name) + (now - row.at) * rate / 60)
            asked = min(wanted[name], burst)  # a call larger than the bucket gets all of it
            wait = max(wait, (asked - left) * 60 / rate)
            values[name] = left - wanted[name]
        if wait <= EPSILON:
            conn.execute(update(accounts).where(accounts.c.name == account).values(**values))
            return 0.0
        return wait

    def _pause(self, conn: Connection, account: str, wait_s: float | None) -> None:
        now = self._lease.queue.database.now(conn)
        row = self._account(conn, account, now)
        recent = now - row.paused_until < LONGEST_PAUSE_S
        pause = wait_s if wait_s is not None else min(row.pause_s * 2 if recent else FIRST_PAUSE_S, LONGEST_PAUSE_S)
        pause = max(pause, FIRST_PAUSE_S if wait_s is None else 0.05)
        if row.paused_until > now and wait_s is None:
            return  # a call that was on its way when the pause began
        until = max(row.paused_until, now + pause)
        values = {"paused_until": until, "pause_s": pause}
        conn.execute(update(accounts).where(accounts.c.name == account).values(**values))

    def _account(self, conn: Connection, account: str, now: float) -> Any:
        mine = select(accounts).where(accounts.c.name == account).with_for_update()
        row = conn.execute(mine).first()
        if row is None:
            purse = self._purse
            full = {
                "requests": max(1.0, (purse.requests_per_minute or 0) / 6),
                "tokens": max(1.0, (purse.tokens_per_minute or 0) / 6),
            }
            insert_missing(conn, accounts, name=account, at=now, paused_until=0.0, pause_s=0.0, **full)
            row = conn.execute(mine).one()
        return row


def write_off(conn: Connection, job_id: str, token: int) -> int:
    """Calls that were on their way when their worker died: they may have been billed, so the worst case counts."""
    mine = spending.c.job == job_id, spending.c.token <= token, spending.c.state == HELD
    return conn.execute(update(spending).where(*mine).values(state=LOST)).rowcount
