"""The roles played by chat models."""

from collections.abc import Callable, Mapping

from agents.builder import ModelBuilder
from agents.calls import DEFAULT_ROLE, Caller, Journal
from agents.hunter import ModelHunter
from agents.ledger import Ledger
from agents.models import ModelConfig
from agents.opening import Desks
from agents.planner import ModelPlanner
from agents.refactoring.model_planner import ModelRefactoringPlanner
from agents.retry import Policy
from agents.reviewer import ModelReviewer
from agents.roles import Team
from agents.symbol_index import SymbolIndex
from agents.tester import ModelTester


def model_team(
    models: Mapping[str, ModelConfig],
    *,
    fallbacks: tuple[ModelConfig, ...] = (),
    journal: Journal | None = None,
    ledger: Ledger | None = None,
    retry_s: float = 600.0,
    reviewer: bool = False,
    index: SymbolIndex | None = None,
    tell: Callable[[str], None] = lambda _: None,
    policy: Policy | None = None,
) -> Team:
    """Planner, tester and builder (and a reviewer, if asked for) on chat models.

    Args:
        models: role -> its model; roles not named take `default`, else the builder's.
        fallbacks: tried in order when a role's model stays unavailable.
        journal: where paid answers are kept and found again on resume.
        retry_s: longest time spent on retrying one call (seconds).
    """
    default = models.get(DEFAULT_ROLE) or models.get("builder") or next(iter(models.values()))
    chains = {role: _chain(model, fallbacks) for role, model in {DEFAULT_ROLE: default, **models}.items()}
    caller = Caller(chains, ledger, journal, policy or Policy(total_s=retry_s), tell)
    desks = Desks(caller, index)
    return Team(
        name=default.name,
        planner=ModelPlanner(desks),
        tester=ModelTester(desks),
        builder=ModelBuilder(desks),
        reviewer=ModelReviewer(desks) if reviewer else None,
        hunter=ModelHunter(desks),
        refactorer=ModelRefactoringPlanner(desks),
    )


def _chain(first: ModelConfig, fallbacks: tuple[ModelConfig, ...]) -> tuple[ModelConfig, ...]:
    return (first, *(model for model in fallbacks if model != first))
