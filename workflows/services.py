"""Build the live objects of a run from settings: the team, the ledger, the lab, the record."""

from collections.abc import Callable
from pathlib import Path

from agents.ledger import Budget, Ledger
from agents.models import OPENAI, ModelConfig
from agents.roles import Team
from workflows.engines import docker_engine, images_for, sandbox_limits
from workflows.gate_choice import Gates
from workflows.lab import Lab
from workflows.proof import Proof
from workflows.record import Record
from workflows.runs import RunInfo, Runs
from workflows.settings import OFFLINE, Loaded, Settings
from workflows.state import Context, Limits


def assemble(
    runs: Runs,
    info: RunInfo,
    loaded: Loaded,
    cancelled: Callable[[], bool],
    shared: Ledger | None = None,
    record: Record | None = None,
    learn: Callable[[Team], Team] = lambda team: team,
) -> Context:
    """Everything a run's nodes need.

    Args:
        shared: a ledger of several runs.
        record: another than the run's own.
        learn: what becomes of the team where other runs' plans are known.
    """
    settings = loaded.values
    record = record or Record(runs.home(info.id), secrets=secrets_of(settings))
    budget = Budget(usd=settings.budget_usd, tokens=settings.max_tokens, calls=settings.max_calls)
    ledger = shared or Ledger(budget, tell=lambda text: record.emit("note", text=text))
    if shared is None:
        ledger.restore(record.replies())
    lab = Lab(
        run_id=info.id,
        branch=info.branch,
        home=runs.home(info.id) / "workspace",
        source=Path(info.repo),
        include_dirty=bool(info.options.get("include_dirty")),
        engine=docker_engine(settings, cancelled),
        make_images=lambda: images_for(loaded, tell=lambda text: record.emit("note", text=text), cancelled=cancelled),
        limits=sandbox_limits(settings),
        test_timeout_s=settings.test_timeout_s,
        record=record,
        choice=settings.extras,
        gates=Gates(off=frozenset(settings.gates_off), budget_s=settings.gate_budget_s),
        proof=Proof(
            mutants=settings.mutants,
            budget_s=settings.mutant_budget_s,
            at_least=settings.mutants_at_least,
            state=settings.state_dir if settings.verdict_cache else None,
        ),
        tell_edit=(lambda _: None) if info.engine == OFFLINE else lambda text: record.emit("note", text=text),
    )
    return Context(
        run_id=info.id,
        branch=info.branch,
        record=record,
        lab=lab,
        team=team_for(info, learn(choose_team(info.engine, settings, record, ledger)), lab),
        ledger=ledger,
        limits=Limits(
            max_rounds=settings.max_rounds,
            max_red_tries=settings.max_red_tries,
            held_out=settings.held_out,
            repair_s=settings.repair_s,
            repair_candidates=settings.repair_candidates,
            patches=settings.patches,
        ),
        approve=bool(info.options.get("approve")),
    )


def team_for(info: RunInfo, team: Team, lab: Lab) -> Team:
    """The team as a kind of request needs it."""
    if info.request.kind == "refactor":
        return _for_refactoring(team, lab)
    if info.request.kind != "fix":
        return team
    from agents.bugs.team import bug_team
    from agents.profile_reader import read_profile

    return bug_team(team, read_profile)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """What is masked in everything that is written."""
    key = settings.api_key.get_secret_value()
    return (key,) if key else ()


def _for_refactoring(team: Team, lab: Lab) -> Team:
    from agents.refactoring.planner import refactoring_team
    from workflows.recipe_runs import change_in

    return refactoring_team(team, change_in(lab))


def choose_team(engine: str, settings: Settings, record: Record, ledger: Ledger) -> Team:
    """The rules, or the roles on chat models."""
    if engine == OFFLINE:
        from agents.offline.team import offline_team

        return offline_team()
    from agents.symbol_index import SymbolIndex
    from agents.team import model_team

    return model_team(
        {role: role_config(settings, role, engine) for role in ("planner", "tester", "builder")},
        fallbacks=tuple(model_config(settings, name) for name in settings.fallback_models),
        journal=record,
        ledger=ledger,
        retry_s=settings.retry_s,
        reviewer=settings.reviewer,
        index=SymbolIndex(settings.state_dir / "cache" / "symbols.sqlite"),
        tell=lambda text: record.emit("note", text=text),
    )


def role_config(settings: Settings, role: str, engine: str) -> ModelConfig:
    """The model of one role: its own name and temperature where they are set."""
    config = model_config(settings, getattr(settings, f"{role}_model") or engine)
    own = getattr(settings, f"{role}_temperature")
    return config if own is None else config.model_copy(update={"temperature": own})


def model_config(settings: Settings, name: str) -> ModelConfig:
    """One model as the settings describe it."""
    return ModelConfig(
        name=name,
        base_url=settings.base_url or OPENAI,
        api_key=settings.api_key,
        api="azure" if settings.azure_api_version else "openai",
        api_version=settings.azure_api_version,
        temperature=settings.temperature,
        timeout_s=settings.request_timeout_s,
        max_output_tokens=settings.max_output_tokens,
        context_tokens=settings.context_tokens,
        proxy=settings.proxy,
        ca_file=settings.ca_file,
        price_input=settings.price_input,
        price_output=settings.price_output,
    )
