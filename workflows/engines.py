"""The Docker engine, the images and their limits, as the settings name them."""

from collections.abc import Callable
from pathlib import Path

from sandbox.base_image import ensure_base
from sandbox.build_network import BuildNetwork
from sandbox.docker import DockerEngine
from sandbox.extras.find import needed_extras
from sandbox.extras.values import Extras
from sandbox.guard import Policy
from sandbox.images import Images
from sandbox.manifest import Manifest, read_manifest
from sandbox.protocol import Limits as SandboxLimits
from sandbox.ways import DEFAULT_URL, Place
from workflows.settings import Loaded, Settings
from workflows.sources import TreeSource


def docker_engine(settings: Settings, cancelled: Callable[[], bool] = lambda: False) -> DockerEngine:
    """The engine the settings name; nothing is contacted yet."""
    return DockerEngine(place_of(settings), runtime=settings.runtime or None, cancelled=cancelled)


def place_of(settings: Settings) -> Place:
    """Where the engine listens, and what it takes to get there."""
    certificates = None
    if settings.docker_cert_path or settings.docker_tls_verify:
        certificates = Path(settings.docker_cert_path or "~/.docker").expanduser()
    return Place(
        url=settings.docker_host or DEFAULT_URL,
        certificates=certificates,
        ssh_config=Path(settings.ssh_config).expanduser() if settings.ssh_config else None,
        ssh_agent=settings.ssh_agent,
    )


def build_network(loaded: Loaded) -> BuildNetwork:
    """What a dependency build may know of the network: CA certificates, index and proxy."""
    env, settings = loaded.build_environment, loaded.values
    proxies = {k.lower().removesuffix("_proxy"): v for k, v in env.items() if k.lower().endswith("_proxy")}
    extra = env.get("PIP_EXTRA_INDEX_URL") or env.get("UV_INDEX") or ""
    return BuildNetwork(
        ca_dir=Path(settings.ca_dir) if settings.ca_dir else None,
        pip_conf=Path(settings.pip_conf) if settings.pip_conf else None,
        index_url=settings.index_url
        or env.get("UV_DEFAULT_INDEX")
        or env.get("UV_INDEX_URL")
        or env.get("PIP_INDEX_URL"),
        extra_index_urls=tuple(extra.split()),
        proxies=proxies,
        reach=settings.build_network,
        hosts=tuple(settings.build_hosts),
        debian_mirror=settings.debian_mirror,
    )


def images_for(
    loaded: Loaded,
    tell: Callable[[str], None] = lambda _: None,
    *,
    base: str | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Images:
    """The images of this user's engine; without `base` the base image is made first when it is not there."""
    settings, network = loaded.values, build_network(loaded)
    client, cache = docker_engine(settings).client, settings.state_dir / "cache"
    if base is None:
        base = ensure_base(
            client, preferred=settings.base_image, tell=tell, network=network, cache=cache, cancelled=cancelled
        )
    policy = Policy(allow=tuple(settings.allow_packages), min_age_days=settings.new_package_days)
    return Images(client, network, tell, base=base, cache=cache, policy=policy, cancelled=cancelled)


def manifest_of(repo: Path) -> Manifest:
    """What a folder's files say it depends on."""
    source = _folder(repo)
    return read_manifest(source.files(), source.raw)


def extras_of(repo: Path, settings: Settings) -> Extras:
    """The servers a folder's files say it needs beside it."""
    source = _folder(repo)
    return needed_extras(source.files(), source.raw, settings.extras)


def _folder(repo: Path) -> TreeSource:
    names = [str(p.relative_to(repo)) for p in sorted(repo.rglob("*")) if p.is_file() and ".git" not in p.parts]
    return TreeSource(repo, names)


def sandbox_limits(settings: Settings) -> SandboxLimits:
    """Bounds of one sandbox."""
    return SandboxLimits(
        memory_mb=settings.memory_mb, cpus=settings.cpus, lifetime_s=int(settings.timeout_s + settings.test_timeout_s)
    )
