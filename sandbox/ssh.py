"""An engine on another machine over ssh: one `ssh` process forwards its socket to one in a folder only we may enter.

The user's own ssh client is used, with their keys, agent, jump hosts and known hosts. A host whose key is not known is
refused. Every connection is a channel of the one process, so none costs a login; the process ends with us.
"""

import atexit
import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from sandbox.errors import EngineUnavailable

READY_S = 20.0
TICK_S = 0.02
BYE_S = 3.0
OPTIONS = {
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",
    "ExitOnForwardFailure": "yes",
    "ControlMaster": "no",
    "ControlPath": "none",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "PermitLocalCommand": "no",
    "RemoteCommand": "none",
    "RequestTTY": "no",
    "ConnectTimeout": "15",
    "ServerAliveInterval": "10",
    "ServerAliveCountMax": "3",
    "StreamLocalBindMask": "0177",
    "LogLevel": "ERROR",
}
_KEEPER = """
room=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- & child=$!
{ read -r _ <&3; kill $child; } 2>/dev/null & watch=$!
exec 3<&-
wait $child; code=$?
kill $watch 2>/dev/null
rm -rf "$room"
exit $code
"""
"""Runs ssh until it ends or our end of its input does, which the kernel sees to when we are killed."""


class SshWay:
    """See `ways.Way`. The process starts with the first connection, and again when it was lost."""

    local = False

    def __init__(
        self, host: str, user: str, port: int | None, remote: str, *, config: Path | None = None, agent: str = ""
    ) -> None:
        self._host, self._remote = host, remote
        options = [f"-o{name}={value}" for name, value in OPTIONS.items()]
        self._command = [
            "ssh", "-N", "-T", *(("-F", str(config)) if config is not None else ()), *options,
            *(("-l", user) if user else ()), *(("-p", str(port)) if port is not None else ()),
        ]  # fmt: skip
        self._env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": pwd.getpwuid(os.getuid()).pw_dir}
        self._env |= {"SSH_AUTH_SOCK": agent} if agent else {}
        self._lock = threading.Lock()
        self._running: Tunnel | None = None
        self.trouble = ""

    def dial(self) -> socket.socket:
        """See `ways.Way.dial`.

        Raises:
            EngineUnavailable: ssh does not get there.
        """
        with self._lock:
            if self._running is None or not self._running.alive():
                self.close()
                self._running = self._start()
            path = self._running.path
        near = socket.socket(socket.AF_UNIX)
        try:
            near.settimeout(READY_S)
            near.connect(str(path))
        except OSError as error:
            near.close()
            self.trouble = str(error)
            raise
        return near

    def _start(self) -> "Tunnel":
        room = Path(tempfile.mkdtemp(prefix="greenloop-ssh-"))
        path = room / "engine.sock"
        forward = ["-L", f"{path}:{self._remote}", "--", self._host]
        try:
            tunnel = Tunnel([*self._command, *forward], room, path, self._env)
        except OSError as error:
            shutil.rmtree(room, ignore_errors=True)
            raise EngineUnavailable(f"ssh cannot be started: {error}", advice="install an ssh client") from None
        atexit.register(tunnel.close)
        said = tunnel.wait()
        if said is not None:
            tunnel.close()
            self.trouble = said
            raise ConnectionError(said)
        self.trouble = ""
        return tunnel

    def close(self) -> None:
        """End the process; a later connection starts another."""
        if self._running is not None:
            self._running.close()
        self._running = None


class Tunnel:
    """One running ssh process."""

    def __init__(self, command: list[str], room: Path, path: Path, env: dict[str, str]) -> None:
        self.path, self._room = path, room
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, "greenloop-ssh", str(room), *command],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._said, env=env, start_new_session=True,
        )  # fmt: skip

    def alive(self) -> bool:
        """True while ssh runs."""
        return self._process.poll() is None

    def wait(self) -> str | None:
        """None once the socket is there; else why it is not."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if self.path.exists():
                return None
            if not self.alive():
                return self.complaint() or f"ssh ended with exit code {self._process.returncode}"
            time.sleep(TICK_S)
        return f"ssh was not through after {READY_S:.0f} s"

    def complaint(self) -> str:
        """The last line of what ssh said, empty when it said nothing."""
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - 2000))
        lines = [line.strip() for line in self._said.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return "".join(c for c in (lines or [""])[-1] if c.isprintable())[:300]

    def close(self) -> None:
        """End it; its folder goes with it."""
        process = self._process
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(BYE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._said.close()
        shutil.rmtree(self._room, ignore_errors=True)
        atexit.unregister(self.close)
