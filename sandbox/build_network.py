"""How a build container reaches the package index: certificates, index addresses and proxies, given by the caller."""

import configparser
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.errors import DependencyError

CA_DIR = "/etc/ssl/certs"
"""Where the caller's certificates appear in the build container."""


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

    def mounts(self) -> dict[str, dict[str, str]]:
        """Read-only bind mounts, in the engine's form."""
        if self.ca_dir is None or not self.ca_dir.is_dir():
            return {}
        return {str(self.ca_dir): {"bind": CA_DIR, "mode": "ro"}}

    def environment(self) -> dict[str, str]:
        """The installer's environment variables. Explicit settings win over the pip configuration.

        Raises:
            DependencyError: the pip configuration cannot be read.
        """
        conf = _pip_settings(self.pip_conf) if self.pip_conf else {}
        env = {f"{name}_proxy": address for name, address in self.proxies.items()}
        env |= {name.upper(): address for name, address in env.items()}
        index = self.index_url or _remote(conf.get("index-url", ""))
        extra = self.extra_index_urls or tuple(filter(None, map(_remote, conf.get("extra-index-url", "").split())))
        if index:
            env["UV_DEFAULT_INDEX"] = index
        if extra:
            env["UV_INDEX"] = " ".join(extra)
        if trusted := conf.get("trusted-host", "").split():
            env["UV_INSECURE_HOST"] = " ".join(trusted)
        if bundle := self._bundle():
            env["SSL_CERT_FILE"] = bundle
        return env

    def _bundle(self) -> str | None:
        if self.ca_dir is None or not self.ca_dir.is_dir():
            return None
        bundle = self.ca_bundle or self.ca_dir / "ca-certificates.crt"
        if not bundle.is_file() or not bundle.is_relative_to(self.ca_dir):
            return None
        return f"{CA_DIR}/{bundle.relative_to(self.ca_dir)}"


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
