"""Build the live objects of a run from settings: the engine, the images, the team, the ledger, the lab."""

from collections.abc import Callable
from pathlib import Path

from agents.ledger import Budget, Ledger
from agents.models import OPENAI, ModelConfig
from agents.roles import Team
from sandbox.docker import DockerEngine
from sandbox.images import BuildNetwork
from sandbox.protocol import Limits as SandboxLimits
from workflows.lab import Lab
from workflows.record import Record
from workflows.runs import RunInfo, Runs
from workflows.settings import Loaded, Settings
from workflows.state import Context, Limits

OFFLINE = "offline"
DEFAULT_MODEL = "gpt-5-mini"


def choose_engine(settings: Settings) -> str:
    """Who plays the agents: what was asked for, else a model when a key or an endpoint is set, else the rules."""
    if settings.engine:
        return settings.engine
    if settings.api_key.get_secret_value() or settings.base_url:
        return settings.model or DEFAULT_MODEL
    return OFFLINE


def docker_engine(settings: Settings, cancelled: Callable[[], bool] = lambda: False) -> DockerEngine:
    """The engine the settings name; nothing is contacted yet."""
    return DockerEngine(base_url=settings.docker_host or None, runtime=settings.runtime or None, cancelled=cancelled)


def build_network(loaded: Loaded) -> BuildNetwork:
    """What a dependency build may know of the network: CA certificates, index and proxy."""
    env, settings = loaded.build_environment, loaded.values
    proxies = {k: v for k, v in env.items() if k.lower().endswith("_proxy")}
    extra = env.get("PIP_EXTRA_INDEX_URL") or env.get("UV_INDEX") or ""
    return BuildNetwork(
        ca_dir=settings.ca_dir if Path(settings.ca_dir).is_dir() else None,
        pip_conf=settings.pip_conf if Path(settings.pip_conf).is_file() else None,
        index_url=settings.index_url or env.get("UV_DEFAULT_INDEX") or env.get("UV_INDEX_URL") or env.get("PIP_INDEX_URL"),
        extra_index_urls=tuple(extra.split()),
        proxies=proxies,
    )


def sandbox_limits(settings: Settings) -> SandboxLimits:
    """Bounds of one sandbox."""
    return SandboxLimits(
        memory_mb=settings.memory_mb, cpus=settings.cpus, lifetime_s=int(settings.timeout_s + settings.test_timeout_s)
    )


def assemble(runs: Runs, info: RunInfo, loaded: Loaded, cancelled: Callable[[], bool]) -> Context:
    """Everything a run's nodes need."""
    settings = loaded.values
    key = settings.api_key.get_secret_value()
    record = Record(runs.home(info.id), secrets=(key,) if key else ())
    budget = Budget(usd=settings.budget_usd, tokens=settings.max_tokens, calls=settings.max_calls)
    ledger = Ledger(budget, tell=lambda text: record.emit("note", text=text))
    ledger.restore(record.replies())
    lab = Lab(
        run_id=info.id,
        home=runs.home(info.id) / "workspace",
        source=Path(info.repo),
        include_dirty=bool(info.options.get("include_dirty")),
        engine=docker_engine(settings, cancelled),
        network=build_network(loaded),
        base_image=settings.base_image,
        cache=settings.state_dir / "cache",
        limits=sandbox_limits(settings),
        test_timeout_s=settings.test_timeout_s,
        record=record,
    )
    return Context(
        run_id=info.id,
        branch=info.branch,
        record=record,
        lab=lab,
        team=choose_team(info.engine, settings, record, ledger),
        ledger=ledger,
        limits=Limits(max_rounds=settings.max_rounds, max_red_tries=settings.max_red_tries),
        approve=bool(info.options.get("approve")),
    )


def choose_team(engine: str, settings: Settings, record: Record, ledger: Ledger) -> Team:
    """The rules, or the roles on chat models."""
    if engine == OFFLINE:
        from agents.offline.team import offline_team

        return offline_team()
    from agents.team import model_team

    names = {"planner": settings.planner_model, "tester": settings.tester_model, "builder": settings.builder_model}
    return model_team(
        {role: model_config(settings, name or engine) for role, name in names.items()},
        fallbacks=tuple(model_config(settings, name) for name in settings.fallback_models),
        journal=record,
        ledger=ledger,
        retry_s=settings.retry_s,
        reviewer=settings.reviewer,
    )


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
        price_input=settings.price_input,
        price_output=settings.price_output,
    )
