"""A small shop on a desk, a plan for it, and a team on a scripted server."""

from typing import Any

from agents.calls import Caller, MemoryJournal
from agents.contracts import Criterion, Plan, PlanStep, Request
from agents.desk import MemoryDesk
from agents.ledger import Budget, Ledger
from agents.models import ModelConfig
from agents.opening import Desks
from agents.retry import Policy
from agents.roles import Brief
from sandbox.reports import SuiteReport, Word
from tests.support.model_server import ModelServer

QUICK = Policy(attempts=2, total_s=5, first_pause_s=0.01, longest_pause_s=0.02, longest_wait_s=1)
PLAN = Plan(
    summary="Books can be created",
    criteria=(
        Criterion(id="C1", text="POST /books answers 201 with the book."),
        Criterion(id="C2", text="GET /health answers 200.", guard=True),
    ),
    steps=(PlanStep(title="Add the route", files=("app/main.py",), criteria=("C1",)),),
)
FILES = {
    "app/main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
    "tests/test_main.py": "def test_it():\n    assert 1 + 1 == 2\n",
}


def desk_with(files: dict[str, str] | None = None, **options: Any) -> MemoryDesk:
    """A desk with the shop's files and some more."""
    options.setdefault("run_tests", lambda _: SuiteReport(word=Word.GREEN))
    return MemoryDesk({**FILES, **(files or {})}, **options)


def brief(**changes: Any) -> Brief:
    """A brief for the shop."""
    values = {"request": Request(text="Add books with a title."), "desk": desk_with(), "step": "step-0", **changes}
    return Brief(**values)


def desks(
    server: ModelServer, journal: MemoryJournal | None = None, budget: Budget | None = None, **changes: Any
) -> Desks:
    """What the roles need, on a scripted server."""
    config = ModelConfig(name="scripted", base_url=server.url, timeout_s=5, **changes)
    return Desks(Caller({"default": [config]}, Ledger(budget), journal, QUICK))
