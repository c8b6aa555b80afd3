"""The image layers PostgreSQL and Redis are in: Debian's packages unpacked on the base, a database made ready to copy.

Packages are unpacked without running their scripts, so a build without any capability can do it. What only their
scripts, manuals or the just-in-time compiler need is left out.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sandbox.base_image import KIND, PYTHON, Tell
from sandbox.build import ROOM, BuildContainer, Step
from sandbox.build_network import BuildNetwork
from sandbox.errors import ImageUnavailable
from sandbox.extras import apt
from sandbox.extras.values import SUPERUSER, TITLES, Name
from sandbox.hardening import EXTRA_UIDS
from sandbox.text import shown

REPOSITORY = "greenloop/extras"
PLACE = "/opt/extras"
FETCH_S, MAKE_S = 600, 120
PACKAGES: dict[Name, tuple[str, ...]] = {"postgresql": ("postgresql", "locales"), "redis": ("redis-server",)}
LEFT_OUT = (
    r"^(lib)?(llvm|z3|clang|perl|gdbm|json-perl)|^postgresql(-client)?-common$|^postgresql$"
    r"|^(ssl-cert|ucf|sensible-utils|netbase|libc-l10n|adduser|lsb-base|logrotate|init-system-helpers|sysvinit-utils)$"
)

SOURCES = "cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v '^ *#' || true"
"""Where the base image's packages come from."""

FETCH = r"""
mkdir -p /tmp/apt/lists/partial /tmp/apt/cache/archives/partial /tmp/debs
cd /tmp/debs
[ -z "$MIRROR" ] || (. /etc/os-release; echo "deb $MIRROR $VERSION_CODENAME main") > "$SOURCES"
apt-get -qq update
apt-get -qq -s --no-install-recommends install $PACKAGES > /tmp/plan
apt-get -qq download $(sed -n 's/^Inst \([^ ]*\) (.*/\1/p' /tmp/plan | grep -Ev "$LEFT_OUT")
for deb in *.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C / --no-same-owner --keep-directory-symlink --exclude='*/bitcode' \
    --exclude=./etc --exclude=./var --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale
done
"""
"""Run by bash as root with the network."""

POSTGRESQL_SETTINGS = f"""
listen_addresses = '127.0.0.1, ::1'
unix_socket_permissions = 0700
hba_file = '{PLACE}/postgresql/pg_hba.conf'
max_connections = 100
shared_buffers = 32MB
dynamic_shared_memory_type = mmap
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
min_wal_size = 2MB
max_wal_size = 32MB
autovacuum = off
jit = off
restart_after_crash = off
log_min_messages = fatal
log_min_error_statement = panic
"""
"""Nothing has to survive, and a crash has to be seen: a server that restarts by itself would hide it."""

POSTGRESQL_ACCESS = f"""
local all {SUPERUSER} peer
host all {SUPERUSER} all reject
host all all 127.0.0.1/32 trust
host all all ::1/128 trust
"""

_UID = EXTRA_UIDS["postgresql"]
POSTGRESQL_ROOT = f"""
ln -s /usr/lib/postgresql/*/bin {PLACE}/postgresql/bin
localedef -i en_US -f UTF-8 /usr/lib/locale/en_US.utf8
rm -rf /usr/share/i18n
echo '{SUPERUSER}:x:{_UID}:{_UID}::/nonexistent:/usr/sbin/nologin' >> /etc/passwd
"""

POSTGRESQL_MAKE = f"""
cd {PLACE}/postgresql
bin/initdb -D clean --locale=en_US.UTF-8 -E UTF8 -U {SUPERUSER} -A trust --no-sync --wal-segsize=1 --no-instructions
cp postgresql.conf clean/postgresql.conf
bin/pg_ctl -D clean -w -o "-k /tmp" start
bin/psql -X -h /tmp -U {SUPERUSER} -c 'SELECT version()' postgres
bin/pg_ctl -D clean -w -m fast stop
"""
"""Run as the server's own user without the network; the locale is the one of the official image."""

REDIS_SETTINGS = """
bind 127.0.0.1 -::1
dir /extras/redis
save ""
appendonly no
maxmemory 64mb
rename-command SHUTDOWN ""
"""


def layer_tag(base_id: str, names: Sequence[Name]) -> str:
    """The tag of the layer with these extras on this base."""
    recipe = (FETCH, LEFT_OUT, POSTGRESQL_SETTINGS, POSTGRESQL_ACCESS, POSTGRESQL_ROOT, POSTGRESQL_MAKE, REDIS_SETTINGS)
    content = "\n".join((base_id, *names, *recipe))
    return f"{REPOSITORY}:{hashlib.sha256(content.encode()).hexdigest()[:24]}"


def build_layer(
    api: Any, base_id: str, names: Sequence[Name], tag: str, network: BuildNetwork, tell: Tell,
    cancelled: Callable[[], bool],
) -> None:  # fmt: skip
    """Make the layer and keep it as `tag`.

    Raises:
        ImageUnavailable: the packages cannot be had, or do not run here.
        EngineFault: the engine failed.
        Stopped: `cancelled` said so.
    """
    titles = " and ".join(TITLES[name] for name in names)
    tell(f"adding {titles} to the sandbox (about ten seconds, once)")
    dump = apt.host_dump()
    network = replace(network, proxies={**network.proxies, **apt.proxies(dump)})
    with BuildContainer(api, base_id, network=network, cache="none", cancelled=cancelled) as box:
        box.put({f"{ROOM}/apt.conf": apt.configuration(network.debian_mirror, dump)}, owner=0, mode=0o644)
        box.connect(
            apt.destinations(network.debian_mirror or box.step(_bash(SOURCES), user="0:0", timeout_s=30).output)
        )
        env = box.way_out() | {
            "APT_CONFIG": f"{ROOM}/apt.conf",
            "MIRROR": network.debian_mirror,
            "SOURCES": apt.SOURCES,
            "PACKAGES": " ".join(package for name in names for package in PACKAGES[name]),
            "LEFT_OUT": LEFT_OUT,
            "DEBIAN_FRONTEND": "noninteractive",
        }
        step = box.step(_bash(FETCH), user="0:0", env=env, timeout_s=FETCH_S)
        _check(step, f"{titles} cannot be fetched", box.refusals())
        box.cut_off()
        if "postgresql" in names:
            _add_postgresql(box)
        if "redis" in names:
            _add_redis(box)
        box.step(["sh", "-c", f"rm -f {ROOM}/apt.conf {ROOM}/sources.list {ROOM}/log-*"], user="0:0", timeout_s=30)
        box.commit(tag, {KIND: "extras", PYTHON: ""})


def _add_postgresql(box: BuildContainer) -> None:
    owner = EXTRA_UIDS["postgresql"]
    folder = f"{PLACE}/postgresql"
    box.put({PLACE: None, folder: None}, owner=0, mode=0o755)
    box.put({f"{folder}/clean": None}, owner=owner, mode=0o700)
    files = {
        f"{folder}/postgresql.conf": POSTGRESQL_SETTINGS.encode(),
        f"{folder}/pg_hba.conf": POSTGRESQL_ACCESS.encode(),
    }
    box.put(dict(files), owner=0, mode=0o644)
    _check(box.step(_bash(POSTGRESQL_ROOT), user="0:0", timeout_s=MAKE_S), "PostgreSQL cannot be set up")
    made = box.step(_bash(POSTGRESQL_MAKE), user=f"{owner}:{owner}", timeout_s=MAKE_S)
    _check(made, "no PostgreSQL database can be made")


def _add_redis(box: BuildContainer) -> None:
    box.put({PLACE: None, f"{PLACE}/redis": None}, owner=0, mode=0o755)
    box.put({f"{PLACE}/redis/redis.conf": REDIS_SETTINGS.encode()}, owner=0, mode=0o644)
    _check(box.step(["redis-server", "--version"], user="0:0", timeout_s=MAKE_S), "Redis does not run")


def _bash(script: str) -> list[str]:
    return ["bash", "-euo", "pipefail", "-c", script]


def _check(step: Step, what: str, more: str = "") -> None:
    if step.exit_code:
        raise ImageUnavailable(
            f"{what}: {shown(step.output, 1000)}{more}",
            advice='say where Debian\'s packages are (setting debian_mirror), or go without (extras = "none")',
        )
