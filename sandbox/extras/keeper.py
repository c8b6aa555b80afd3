"""Servers in one container: started from the image's clean copy, watched, and started anew for every run of tests.

Each has a shell of its own user (see `sandbox.resident`). Starting anew kills the server, empties its disk and copies
the clean data again, so that nothing can be left: no table, setting, sequence, session or lock. It costs about a tenth
of a second, and may be done ahead of time.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal

from sandbox.errors import EngineFault
from sandbox.extras.values import TITLES, Extras, Name, Postgresql
from sandbox.hardening import ROOMS
from sandbox.resident import Resident
from sandbox.streams import Channel
from sandbox.text import shown

START_S = 30.0
STATE_S = 10.0

_LOOP = r"""
# A line that ends with a dot would end the answer.
said() { tail -n 3 $home/log | tail -c 500 | tr . ,; }
while read -r word; do
  case $word in
    renew)
      kill -9 -1; wait
      ipcrm --all=shm
      find $home -mindepth 1 -delete
      server=
      start && echo ready || said ;;
    state) [ -e /proc/$server/exe ] && echo alive ;; # without a fork, which the code may have made impossible
    said) said ;;
  esac 2>/dev/null
  echo .
done
"""

POSTGRESQL_SCRIPT = (
    r"""
home=$0 port=$1 sql=$2 here=/opt/extras/postgresql
start() {
  cp -a $here/clean $home/data || return 1
  $here/bin/postgres -D $home/data -k $home -p $port >$home/log 2>&1 &
  server=$!
  until grep -q ready $home/data/postmaster.pid; do
    [ -e /proc/$server/exe ] || return 1
    sleep 0.005
  done
  echo "$sql" | $here/bin/psql -X -q -v ON_ERROR_STOP=1 -h $home -p $port postgres >>$home/log 2>&1
}
"""
    + _LOOP
)

REDIS_SCRIPT = (
    r"""
home=$0 port=$1 password=$2
start() {
  redis-server /opt/extras/redis/redis.conf --port $port --requirepass "$password" >$home/log 2>&1 &
  server=$!
  until grep -q 'Ready to accept' $home/log; do
    [ -e /proc/$server/exe ] || return 1
    sleep 0.005
  done
}
"""
    + _LOOP
)


class Keepers:
    """The servers of one container.

    `execute`: starts an argument list as the server's user. Starting goes on in the background; `ready` waits for it.
    """

    def __init__(self, extras: Extras, execute: Callable[[list[str], Name], Channel]) -> None:
        self._extras = extras
        self._execute = execute
        self._residents: dict[Name, Resident] = {}
        self._pool = ThreadPoolExecutor(max(1, len(extras.names)), thread_name_prefix="sandbox-extras")
        self._starting: dict[Name, Future[None]] = {}
        self._state: Literal["untouched", "ahead", "used"] = "used"
        self._start("untouched")

    def _start(self, state: Literal["untouched", "ahead"]) -> None:
        self._starting = {name: self._pool.submit(self._renew, name) for name in self._extras.names}
        self._state = state

    def _renew(self, name: Name) -> None:
        if name not in self._residents:
            self._residents[name] = Resident(self._execute(_program(self._extras, name), name))
        said = self._residents[name].ask("renew", START_S)
        if said != ["ready"]:
            why = shown("\n".join(said), 500) if said else "it does not answer"
            raise EngineFault(f"{TITLES[name]} does not start in the sandbox: {why}")

    def ahead(self) -> None:
        """Begin to start them anew. Only when nothing runs in the container any more that could reach them."""
        if self._extras and self._state == "used":
            self._start("ahead")

    def ready(self, *, swept: bool) -> None:
        """Wait until all are there as if new, and count them as used. `swept`: processes may have been left until now.

        Raises:
            EngineFault: one does not start.
        """
        if not self._extras:
            return
        if self._state == "used" or (swept and self._state == "ahead"):
            self._wait()
            self._start("ahead")
        self.used()

    def used(self) -> None:
        """Wait until all are there; from now on they are not as new.

        Raises:
            EngineFault: one does not start.
        """
        self._wait()
        self._state = "used"

    def _wait(self) -> None:
        for future in self._starting.values():
            future.result()

    def ailing(self) -> str:
        """Which of them ended, and its last words; empty when none did.

        Raises:
            EngineFault: nobody answers.
        """
        for name in self._extras.names:
            said = self._residents[name].ask("state", STATE_S) if name in self._residents else None
            if said is None:
                raise EngineFault(f"{TITLES[name]} cannot be asked how it is")
            if said != ["alive"]:
                words = self._residents[name].ask("said", STATE_S)
                last = shown(words[-1], 300) if words else "it said nothing"
                return f"{TITLES[name]} ended while the tests ran: {last}"
        return ""

    def close(self) -> None:
        """Let go of them; they end with the container."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for resident in self._residents.values():
            resident.close()


def _program(extras: Extras, name: Name) -> list[str]:
    place = ROOMS[name].place
    if name == "redis" and extras.redis is not None:
        return ["/bin/sh", "-c", REDIS_SCRIPT, place, str(extras.redis.port), extras.redis.password]
    if extras.postgresql is None:
        raise ValueError(f"{name} is not among the extras")
    return ["/bin/sh", "-c", POSTGRESQL_SCRIPT, place, str(extras.postgresql.port), sql_for(extras.postgresql)]


def sql_for(server: Postgresql) -> str:
    """Statements that make its roles and databases.

    What tests of an ordinary application do as superuser, its role may do by grants: create databases, trusted
    extensions, and switch triggers off.
    """
    lines = []
    for role in server.roles:
        lines.append(f'CREATE ROLE "{role}" LOGIN CREATEDB;')
        lines.append(f'GRANT SET ON PARAMETER session_replication_role TO "{role}";')
    for database in server.databases:
        if database.name == "postgres":
            lines.append(f'ALTER DATABASE postgres OWNER TO "{database.owner}";')
        else:
            lines.append(f'CREATE DATABASE "{database.name}" OWNER "{database.owner}";')
    return "\n".join(lines)
