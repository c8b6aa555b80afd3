"""What a run has reserved and spent: money, tokens and calls are reserved before a call and settled after it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from pydantic import Field

from agents.contracts import Frozen, Usage
from agents.errors import BudgetExceeded
from agents.prices import Price

UNPRICED_TOKENS = 1_000_000
"""The token cap when money is limited, the model's price is unknown and no token cap was set."""


class Budget(Frozen):
    """The limits of a run; None is no limit."""

    usd: float | None = Field(None, ge=0)
    tokens: int | None = Field(None, ge=0)
    calls: int | None = Field(None, ge=0)


@dataclass(frozen=True, slots=True)
class Reservation:
    """The worst case of one call, held until it is settled or released."""

    role: str
    worst: Usage
    price: Price | None


class Ledger:
    """Thread-safe; several roles and runs may share one."""

    def __init__(self, limits: Budget | None = None, tell: Callable[[str], None] = lambda _: None) -> None:
        self.limits = limits or Budget()
        self._tell = tell
        self._lock = Lock()
        self._spent: dict[str, Usage] = {}
        self._held: dict[int, Reservation] = {}
        self._unpriced = False

    def reserve(self, role: str, input_tokens: int, output_tokens: int, price: Price | None) -> Reservation:
        """Hold the worst case of one call.

        Raises:
            BudgetExceeded: spent + held + this call could pass a limit; nothing is held.
        """
        worst = Usage(calls=1, input_tokens=input_tokens, output_tokens=output_tokens)
        worst = worst.model_copy(update={"cost_usd": price.cost(worst) if price else 0.0})
        held = Reservation(role, worst, price)
        with self._lock:
            first_unpriced = price is None and not self._unpriced
            self._unpriced = self._unpriced or price is None
            self._refuse_beyond(self._after(worst))
            self._held[id(held)] = held
        if first_unpriced and self.limits.usd is not None:
            self._tell(f"the model's price is unknown: money cannot be counted, the cap is {self._token_cap()} tokens")
        return held

    def settle(self, held: Reservation, usage: Usage | None) -> Usage:
        """Replace a reservation by what the call used (None: unknown, so the worst case); returns it with its cost."""
        used = held.worst if usage is None else usage.model_copy(update={"calls": 1})
        used = used.model_copy(update={"cost_usd": held.price.cost(used) if held.price else 0.0})
        with self._lock:
            self._held.pop(id(held), None)
            self._spent[held.role] = add(self._spent.get(held.role, Usage()), used)
        return used

    def release(self, held: Reservation) -> None:
        """Give a reservation back: the call was not billed."""
        with self._lock:
            self._held.pop(id(held), None)

    async def turn(self, account: str, tokens: int) -> None:
        """Wait until a call of this size may be made with this account; alone nobody waits."""

    def slow_down(self, account: str, wait_s: float | None) -> bool:
        """The endpoint limits the account's rate. True: `turn` waits for it, for everybody, so no try is lost."""
        return False

    def totals(self) -> Usage:
        """What was spent so far."""
        with self._lock:
            return self._total()

    def by_role(self) -> dict[str, Usage]:
        """What each role spent so far."""
        with self._lock:
            return dict(self._spent)

    def restore(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Replace what was spent by the journal's records of an earlier session (their `role` and `usage`)."""
        spent: dict[str, Usage] = {}
        for record in records:
            if record.get("usage"):
                role = str(record.get("role", ""))
                spent[role] = add(spent.get(role, Usage()), Usage.model_validate(record["usage"]))
        with self._lock:
            self._spent = spent

    def _total(self) -> Usage:
        total = Usage()
        for usage in self._spent.values():
            total = add(total, usage)
        return total

    def _after(self, worst: Usage) -> Usage:
        total = add(self._total(), worst)
        for held in self._held.values():
            total = add(total, held.worst)
        return total

    def _token_cap(self) -> int | None:
        if self.limits.tokens is None and self.limits.usd is not None and self._unpriced:
            return UNPRICED_TOKENS
        return self.limits.tokens

    def _refuse_beyond(self, after: Usage) -> None:
        tokens, cap = after.input_tokens + after.output_tokens, self._token_cap()
        limits = self.limits
        if limits.calls is not None and after.calls > limits.calls:
            raise BudgetExceeded(f"the limit of {limits.calls} model calls is reached")
        if cap is not None and tokens > cap:
            raise BudgetExceeded(f"the next call could bring the run to {tokens} tokens; the limit is {cap}")
        if limits.usd is not None and after.cost_usd > limits.usd:
            raise BudgetExceeded(
                f"the next call could bring the run to {after.cost_usd:.4f} USD; the limit is {limits.usd:.2f} USD"
            )


def add(a: Usage, b: Usage) -> Usage:
    """The sum of two usages."""
    return Usage(
        calls=a.calls + b.calls,
        input_tokens=a.input_tokens + b.input_tokens,
        cached_tokens=a.cached_tokens + b.cached_tokens,
        output_tokens=a.output_tokens + b.output_tokens,
        cost_usd=a.cost_usd + b.cost_usd,
    )
