"""The one place that reads the environment and configuration files.

Order: flag, environment (`GREENLOOP_*`, and `OPENAI_API_KEY`, `OPENAI_BASE_URL`), the repository (`greenloop.toml`, or
`[tool.greenloop]` in `pyproject.toml`), the user's `config.toml`, default. A repository is not trusted: it may only set
what cannot spend money, choose a host or loosen the sandbox (`REPOSITORY_KEYS`).
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sandbox.build_network import exempt
from sandbox.extras.values import parse_choice
from workflows.environment import BUILD_KEYS, GIT_KEYS
from workflows.gate_choice import ALL as GATES

REPOSITORY_KEYS = frozenset({
    "max_rounds", "max_red_tries", "test_timeout_s", "memory_mb", "branch_prefix", "assume", "extras", "rules_off",
    "rules_ignore",
})  # fmt: skip
"""What a repository's own configuration may set."""

ALIASES = {
    "api_key": "OPENAI_API_KEY",
    "base_url": "OPENAI_BASE_URL",
    "proxy": "HTTPS_PROXY",
    "ca_file": "SSL_CERT_FILE",
    "docker_host": "DOCKER_HOST",
    "docker_tls_verify": "DOCKER_TLS_VERIFY",
    "docker_cert_path": "DOCKER_CERT_PATH",
    "ssh_agent": "SSH_AUTH_SOCK",
}
"""Settings that other tools' variables set as well; `GREENLOOP_*` wins over them."""


LISTS = frozenset({"fallback_models", "build_hosts", "allow_packages", "gates_off", "rules_off"})
"""Settings that are several values, separated by commas in the environment."""

OFFLINE = "offline"
DEFAULT_MODEL = "gpt-5-mini"


class ConfigError(ValueError):
    """A wrong value or key; the message names the place and what to do."""


class Settings(BaseSettings):
    """Everything that can be configured. `greenloop init` writes these with their descriptions."""

    model_config = SettingsConfigDict(env_prefix="GREENLOOP_", extra="forbid", frozen=True)

    engine: str = Field(
        "", description="who plays the agents: offline, or a model's name; empty picks offline without a key"
    )
    model: str = Field("", description="the model used when a key is set and engine is empty")
    base_url: str = Field("", description="an OpenAI-compatible endpoint")
    api_key: SecretStr = Field(SecretStr(""), description="its key; better set as OPENAI_API_KEY than in a file")
    fallback_models: list[str] = Field([], description="tried in order when the model stays unavailable")
    planner_model: str = Field("", description="another model for planning")
    tester_model: str = Field("", description="another model for tests")
    builder_model: str = Field("", description="another model for code")
    planner_temperature: float | None = Field(None, ge=0, le=2, description="sampling temperature of the planner")
    tester_temperature: float | None = Field(None, ge=0, le=2, description="sampling temperature of the tester")
    builder_temperature: float | None = Field(None, ge=0, le=2, description="sampling temperature of the builder")
    temperature: float | None = Field(
        None, ge=0, le=2, description="sampling temperature; empty leaves it to the server"
    )
    price_input: float | None = Field(
        None, ge=0, description="USD per million input tokens, when the model is unknown to us"
    )
    price_output: float | None = Field(None, ge=0, description="USD per million output tokens")
    context_tokens: int = Field(128_000, ge=4_000, description="the model's context window (tokens)")
    max_output_tokens: int = Field(8_000, ge=256, description="most tokens of one answer")
    proxy: str = Field("", description="proxy for the model's endpoint; HTTPS_PROXY unless NO_PROXY names the host")
    ca_file: str = Field("", description="CA certificates (PEM) to trust for the model's endpoint; SSL_CERT_FILE")
    request_timeout_s: float = Field(180.0, gt=0, description="one model call (seconds)")
    retry_s: float = Field(600.0, ge=0, description="longest time spent on retrying one call (seconds)")
    azure_api_version: str = Field("", description="set it to talk to Azure OpenAI")
    held_out: bool = Field(True, description="keep a third of the acceptance tests from the builder until the verdict")
    reviewer: bool = Field(False, description="let a model review a green result; it can only veto")

    max_rounds: int = Field(6, ge=1, le=100, description="build-verify turns before the best commit is handed over")
    max_red_tries: int = Field(3, ge=1, le=20, description="tries at tests that fail before the change")
    repair_s: float = Field(60.0, ge=0, description="longest search for a repair by rule (seconds); 0 makes none")
    repair_candidates: int = Field(20000, ge=1, description="most candidates that search tries")
    patches: int = Field(3, ge=1, le=16, description="patches a model makes side by side for a bug")
    budget_usd: float | None = Field(None, ge=0, description="most money a run may cost")
    max_tokens: int | None = Field(None, ge=1, description="most tokens a run may use")
    max_calls: int = Field(400, ge=1, description="most model calls of a run")
    timeout_s: float = Field(3600.0, gt=0, description="most seconds a run may be worked on")
    assume: bool = Field(False, description="answer open questions by their defaults")

    docker_host: str = Field("", description="address of the engine (unix, tcp, ssh); empty is the local socket")
    docker_tls_verify: bool = Field(False, description="tcp:// is TLS; DOCKER_TLS_VERIFY")
    docker_cert_path: str = Field("", description="folder with its ca.pem, cert.pem and key.pem; DOCKER_CERT_PATH")
    ssh_config: str = Field("", description="ssh configuration for an engine at ssh://; empty is your own")
    ssh_agent: str = Field("", description="socket of the ssh agent for it; SSH_AUTH_SOCK")
    runtime: Literal["", "runc", "runsc", "kata"] = Field(
        "", description="container runtime; empty is the engine's default"
    )
    base_image: str = Field("python:3.12-slim", description="base of the sandbox images, used when it can be had")
    memory_mb: int = Field(1024, ge=128, description="memory of one sandbox (MiB)")
    cpus: float = Field(2.0, gt=0, description="CPUs of one sandbox")
    test_timeout_s: float = Field(600.0, gt=0, description="one run of the tests (seconds)")
    gates_off: list[str] = Field([], description=f"gates that do not run: {', '.join(GATES)}")
    gate_budget_s: float = Field(60.0, gt=0, description="most seconds for requests from the schema, and for attacks")
    mutants: bool = Field(True, description="damage a green change on purpose and name what the tests do not notice")
    mutant_budget_s: float = Field(30.0, ge=0, description="most seconds spent on that")
    mutants_at_least: float = Field(
        0.0, ge=0, le=1, description="share of the damage the tests must notice, else weak_tests; 0 only advises"
    )
    verdict_cache: bool = Field(True, description="keep verdicts, baselines and flaky tests for runs on the same code")
    ca_dir: str = Field("/etc/ssl/certs", description="CA certificates given to the dependency build, read-only")
    pip_conf: str = Field("/etc/pip.conf", description="pip configuration given to the dependency build, read-only")
    index_url: str = Field("", description="package index of the dependency build")
    build_network: Literal["index", "bridge"] = Field(
        "index",
        description="what a dependency build reaches: the package index alone, or all that the engine's bridge does",
    )
    build_hosts: list[str] = Field(
        [], description="hosts (or host:port) a dependency build may reach besides the index"
    )
    allow_packages: list[str] = Field(
        [], description="packages (or patterns like acme-*) that a change may ask for without being looked at"
    )
    new_package_days: float = Field(
        30, ge=0, description="a package a change asks for must have been on the index this long (days); 0 asks nothing"
    )
    extras: str = Field(
        "auto", description="servers started beside the code in the sandbox: auto, none, or postgresql, redis"
    )
    debian_mirror: str = Field(
        "", description="Debian mirror those servers are installed from; empty is the image's own"
    )

    queue_url: str = Field(
        "", description="the queue of campaigns: postgresql://user@host/db; empty is a file of this machine"
    )
    image_disk_gb: float = Field(
        0, ge=0, description="disk a worker leaves to dependency images (GB), the least recently used go; 0 is no limit"
    )
    store_url: str = Field(
        "", description="a git repository workers leave their commits in, reachable for all; empty is a local one"
    )

    rules_off: list[str] = Field([], description="rules that are off, by id or the beginning of one: GL413, GL9")
    rules_ignore: dict[str, list[str]] = Field({}, description="rules that are off in files, by pattern of their path")
    branch_prefix: str = Field("greenloop/", description="put before the branch's name")
    state_dir: Path = Field(Path(), description="where runs are kept; default $XDG_STATE_HOME/greenloop")

    @field_validator("extras")
    @classmethod
    def _known_extras(cls, value: str) -> str:
        parse_choice(value)
        return value

    @field_validator("branch_prefix")
    @classmethod
    def _no_option(cls, value: str) -> str:
        if value.startswith("-") or any(c in value for c in " ~^:?*[\\"):
            raise ValueError("not usable in a branch name")
        return value

    @field_validator("gates_off")
    @classmethod
    def _known_gates(cls, value: list[str]) -> list[str]:
        unknown = sorted(set(value) - set(GATES))
        if unknown:
            raise ValueError(f"no gate is called {', '.join(unknown)} (there are {', '.join(GATES)})")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Layers are merged by `load`, which also remembers where each value came from."""
        return (init_settings,)


class Loaded:
    """The settings and where each value came from."""

    def __init__(self, values: Settings, origin: Mapping[str, str], build_environment: Mapping[str, str]) -> None:
        self.values = values
        self.origin = dict(origin)
        self.build_environment = dict(build_environment)
        """Proxy, CA and index variables of this process, for the dependency build only."""
        self.git_environment: dict[str, str] = {}
        """What git's own transports need for addresses the user named: where keys are."""


def load(repo: Path | None, flags: Mapping[str, Any], env: Mapping[str, str] | None = None) -> Loaded:
    """Merge all layers.

    Args:
        repo: the user's repository, whose configuration is read as text; None reads none.
        flags: command-line values; None means not given.
        env: the environment (this process's by default).

    Raises:
        ConfigError: an unknown key, a wrong value, or a key the repository may not set.
    """
    env = os.environ if env is None else env
    merged: dict[str, Any] = {"state_dir": _state_dir(env)}
    origin = dict.fromkeys(Settings.model_fields, "default")
    for name, layer in (*_files(repo, env), ("environment", _environment(env)), ("flag", flags)):
        for key, value in layer.items():
            if value is not None:
                merged[key] = value
                origin[key] = name
    try:
        values = Settings(**merged)
    except ValidationError as error:
        raise ConfigError(_explain(error, origin)) from None
    endpoint, no_proxy = urlsplit(values.base_url).hostname or "", env.get("NO_PROXY") or env.get("no_proxy") or ""
    if values.proxy and origin["proxy"] == "environment" and exempt(endpoint, no_proxy):
        values = values.model_copy(update={"proxy": ""})
    loaded = Loaded(values, origin, {k: env[k] for k in BUILD_KEYS if env.get(k)})
    loaded.git_environment = {k: env[k] for k in GIT_KEYS if env.get(k)}
    return loaded


def user_config(env: Mapping[str, str] | None = None) -> Path:
    """Path of the user's own configuration file."""
    env = os.environ if env is None else env
    return Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "greenloop" / "config.toml"


def _state_dir(env: Mapping[str, str]) -> Path:
    return Path(env.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "greenloop"


def _environment(env: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {key: env[name] for key, name in ALIASES.items() if env.get(name)}
    for key in Settings.model_fields:
        value = env.get(f"GREENLOOP_{key.upper()}")
        if value:
            found[key] = [v.strip() for v in value.split(",")] if key in LISTS else value
    return found


def _files(repo: Path | None, env: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    user = user_config(env)
    layers = [(str(user), _known(_toml(user), str(user)))]
    if repo is not None:
        pyproject = _toml(repo / "pyproject.toml").get("tool", {}).get("greenloop", {})
        for name, layer in (
            ("pyproject.toml [tool.greenloop]", pyproject),
            ("greenloop.toml", _toml(repo / "greenloop.toml")),
        ):
            forbidden = sorted(set(_known(layer, name)) - REPOSITORY_KEYS)
            if forbidden:
                raise ConfigError(
                    f"{name}: a repository may not set {', '.join(forbidden)} "
                    f"(it may set {', '.join(sorted(REPOSITORY_KEYS))}); put it into {user}"
                )
            layers.append((name, layer))
    return layers


def _toml(path: Path) -> dict[str, Any]:
    if path.is_symlink() or not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: not readable as TOML: {error}") from None


def _known(layer: dict[str, Any], name: str) -> dict[str, Any]:
    unknown = sorted(set(layer) - set(Settings.model_fields))
    if unknown:
        raise ConfigError(f"{name}: unknown setting {', '.join(unknown)} (`greenloop config` lists all)")
    return layer


def _explain(error: ValidationError, origin: Mapping[str, str]) -> str:
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else "?"
    return f"setting {key} (from {origin.get(key, '?')}): {first['msg']}"


def choose_engine(settings: Settings) -> str:
    """Who plays the agents: what was asked for, else a model when a key or an endpoint is set, else the rules."""
    if settings.engine:
        return settings.engine
    if settings.api_key.get_secret_value() or settings.base_url:
        return settings.model or DEFAULT_MODEL
    return OFFLINE
