"""Money is reserved before a call and settled after it."""

import threading

import pytest

from agents.contracts import Usage
from agents.errors import BudgetExceeded
from agents.ledger import UNPRICED_TOKENS, Budget, Ledger
from agents.models import ModelConfig
from agents.prices import Price, estimate_tokens, list_price

PRICE = Price(input=1, output=10, cached=0.1)


def test_the_worst_case_is_held_until_it_is_settled() -> None:
    ledger = Ledger(Budget(usd=0.03))
    held = ledger.reserve("builder", 10_000, 1_000, PRICE)
    with pytest.raises(BudgetExceeded, match=r"0\.0400 USD; the limit is 0\.03"):
        ledger.reserve("builder", 10_000, 1_000, PRICE)
    used = ledger.settle(held, Usage(input_tokens=10_000, cached_tokens=10_000, output_tokens=100))
    assert used.cost_usd == pytest.approx(0.002) and used.calls == 1
    ledger.reserve("builder", 10_000, 1_000, PRICE)
    assert ledger.totals() == used


def test_a_refused_reservation_and_a_released_one_leave_nothing() -> None:
    ledger = Ledger(Budget(tokens=1_000))
    with pytest.raises(BudgetExceeded):
        ledger.reserve("planner", 900, 200, None)
    ledger.release(ledger.reserve("planner", 900, 100, None))
    ledger.reserve("planner", 900, 100, None)
    assert ledger.totals() == Usage()


def test_calls_are_limited() -> None:
    ledger = Ledger(Budget(calls=1))
    ledger.settle(ledger.reserve("planner", 1, 1, None), None)
    with pytest.raises(BudgetExceeded, match="1 model calls"):
        ledger.reserve("planner", 1, 1, None)


def test_an_unknown_price_is_said_once_and_tokens_are_capped() -> None:
    told: list[str] = []
    ledger = Ledger(Budget(usd=1), told.append)
    ledger.release(ledger.reserve("planner", 10, 10, None))
    ledger.release(ledger.reserve("planner", 10, 10, None))
    with pytest.raises(BudgetExceeded, match=str(UNPRICED_TOKENS)):
        ledger.reserve("planner", UNPRICED_TOKENS, 1, None)
    assert len(told) == 1 and "price is unknown" in told[0]


def test_an_unknown_usage_costs_the_worst_case() -> None:
    ledger = Ledger()
    used = ledger.settle(ledger.reserve("planner", 1_000, 2_000, PRICE), None)
    assert (used.input_tokens, used.output_tokens) == (1_000, 2_000) and used.cost_usd == pytest.approx(0.021)


def test_earlier_sessions_are_restored_by_role() -> None:
    ledger = Ledger(Budget(calls=3))
    usage = Usage(calls=1, input_tokens=5, output_tokens=7, cost_usd=0.5).model_dump()
    records = [{"role": "builder", "usage": usage}, {"role": "tester", "usage": usage}, {"role": "x", "tool": "text"}]
    ledger.restore(records)
    ledger.restore(records)
    assert ledger.totals().calls == 2 and ledger.by_role()["builder"].cost_usd == 0.5
    ledger.reserve("builder", 1, 1, None)
    with pytest.raises(BudgetExceeded):
        ledger.reserve("builder", 1, 1, None)


def test_parallel_workers_cannot_overshoot() -> None:
    ledger = Ledger(Budget(tokens=1_000))
    start = threading.Barrier(8)
    refused: list[int] = []

    def worker() -> None:
        start.wait()
        for _ in range(50):
            try:
                held = ledger.reserve("builder", 50, 50, None)
            except BudgetExceeded:
                refused.append(1)
            else:
                ledger.settle(held, Usage(input_tokens=50, output_tokens=50))

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = ledger.totals()
    assert total.input_tokens + total.output_tokens == 1_000 and total.calls == 10 and len(refused) == 390


def test_prices_are_found_by_exact_name_only() -> None:
    assert list_price("gpt-4o-2024-08-06") == list_price("openai/gpt-4o") == list_price("gpt-4o")
    assert list_price("gpt-4o") != list_price("gpt-4o-mini")
    assert list_price("gpt-4o-turbo-of-tomorrow") is None and list_price("llama3") is None


def test_given_prices_win_and_nothing_is_free_by_accident() -> None:
    assert ModelConfig(name="llama3").price() is None
    assert ModelConfig(name="llama3", price_input=0, price_output=0).price() == Price(input=0, output=0)
    changed = ModelConfig(name="gpt-4o", price_input=3).price()
    assert changed == Price(input=3, output=10, cached=None)


def test_estimates_are_on_the_safe_side() -> None:
    assert estimate_tokens("") == 0 and estimate_tokens("abcd") == 2 and estimate_tokens("äöü") == 2
