"""How a build container reaches the package index: certificates, index addresses and proxies, given by the caller."""

import configparser
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from sandbox.errors import DependencyError

CA_DIR = "/etc/ssl/certs"
"""Where the caller's certificates appear in the build container."""


@dataclass(frozen=True, slots=True)
class Index:
    """One package index of the user's."""

    url: str
    """Ends with a slash; may hold credentials."""
    own: bool
    """True for one beside the default index: what is found there is the user's own."""

    @property
    def name(self) -> str:
        """The address without credentials."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildNetwork:
    """What the host knows about reaching an index; addresses may hold credentials and are never stored in an image."""

    ca_dir: Path | None = None
    """Folder of certificates, mounted read-only (usually `/etc/ssl/certs`)."""
    ca_bundle: Path | None = None
    """The bundle inside `ca_dir`; None: `ca-certificates.crt` when it is there."""
    pip_conf: Path | None = None
    """A pip configuration whose index settings are translated for the installer."""
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    proxies: Mapping[str, str] = field(default_factory=dict)
    """`http`, `https`, `no` -> address."""
    reach: Literal["index", "bridge"] = "index"
    """What a build container reaches: the index alone, or whatever the engine's bridge network does."""
    hosts: tuple[str, ...] = ()
    """`host` or `host:port` that is reachable besides the index."""
    debian_mirror: str = ""
    """Used for Debian's packages instead of the base image's own sources."""

    def mounts(self) -> dict[str, dict[str, str]]:
        """Read-only bind mounts, in the engine's form."""
        if self.ca_dir is None or not self.ca_dir.is_dir():
            return {}
        return {str(self.ca_dir): {"bind": CA_DIR, "mode": "ro"}}

    def environment(self, through: str = "") -> dict[str, str]:
        """The installer's environment variables. Explicit settings win over the pip configuration.

        `through`: the one proxy to use for everything, in place of the user's.

        Raises:
            DependencyError: the pip configuration cannot be read.
        """
        proxies = {"http": through, "https": through} if through else self.proxies
        env = {f"{name}_proxy": address for name, address in proxies.items()}
        env |= {name.upper(): address for name, address in env.items()}
        default, extra = self._addresses()
        if default:
            env["UV_DEFAULT_INDEX"] = default
        if extra:
            env["UV_INDEX"] = " ".join(extra)
        if trusted := self.trusted():
            env["UV_INSECURE_HOST"] = " ".join(trusted)
        if (bundle := self.bundle()) is not None and self.ca_dir is not None:
            env["SSL_CERT_FILE"] = f"{CA_DIR}/{bundle.relative_to(self.ca_dir)}"
        return env

    def indexes(self) -> tuple[Index, ...]:
        """Every index in the order the installer asks them: the user's own, then the default one.

        Raises:
            DependencyError: the pip configuration cannot be read.
        """
        default, extra = self._addresses()
        own = tuple(Index(f"{address.rstrip('/')}/", own=True) for address in extra)
        return (*own, Index(f"{(default or public_index()).rstrip('/')}/", own=False))

    def trusted(self) -> tuple[str, ...]:
        """Hosts whose certificates are not checked, as the pip configuration says."""
        return tuple(self._conf().get("trusted-host", "").split())

    def bundle(self) -> Path | None:
        """The file of trusted certificates, None when there is none to be given on."""
        if self.ca_dir is None or not self.ca_dir.is_dir():
            return None
        bundle = self.ca_bundle or self.ca_dir / "ca-certificates.crt"
        return bundle if bundle.is_file() and bundle.is_relative_to(self.ca_dir) else None

    def proxy_for(self, scheme: str, host: str) -> str:
        """The user's proxy for a host, empty when it is reached directly."""
        return "" if exempt(host, self.proxies.get("no", "")) else self.proxies.get(scheme, "")

    def _addresses(self) -> tuple[str, tuple[str, ...]]:
        """The default index, empty for the public one, and the others."""
        conf = self._conf()
        default = self.index_url or _remote(conf.get("index-url", ""))
        extra = self.extra_index_urls or tuple(filter(None, map(_remote, conf.get("extra-index-url", "").split())))
        return default, extra

    def _conf(self) -> dict[str, str]:
        return _pip_settings(self.pip_conf) if self.pip_conf else {}


def public_index() -> str:
    """The address of the public package index."""
    from pypi_simple import PYPI_SIMPLE_ENDPOINT  # a quarter of a second that only a build has to spend

    return str(PYPI_SIMPLE_ENDPOINT)


def exempt(host: str, no_proxy: str) -> bool:
    """Whether NO_PROXY names the host (a name stands for its subdomains too, `*` for all), or it is this machine."""
    names = [name.strip().lstrip(".") for name in no_proxy.split(",") if name.strip()]
    local = host in ("localhost", "::1") or host.startswith("127.")
    return local or "*" in names or any(host == name or host.endswith(f".{name}") for name in names)


def _remote(address: str) -> str:
    """The address when a container can reach it: an index in the host's own file system is left out."""
    return address.strip() if address.strip().startswith(("http://", "https://")) else ""


def _pip_settings(path: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, configparser.Error) as broken:
        raise DependencyError(f"the pip configuration {shlex.quote(str(path))} cannot be read: {broken}") from broken
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found |= {name.replace("_", "-"): value for name, value in parser.items(section)}
    return found
