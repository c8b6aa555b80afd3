"""The one hardened way to call git: a clean environment, a fixed configuration, our own clock, capped output.

Nothing of a repository's configuration may run a program through a call made here, and nothing of the caller's
environment reaches git. Why this is not GitPython's own execution layer: `docs/decisions/0002-git.md`.
"""

import fcntl
import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from sandbox.errors import GitFailed

SEARCH_PATH = ":".join(
    (
        "/usr/local/bin",
        "/usr/bin",
        "/bin",
        "/opt/homebrew/bin",
        "/home/linuxbrew/.linuxbrew/bin",
        "/run/current-system/sw/bin",
    )
)
IDENTITY = ("greenloop", "greenloop@localhost")
TIMEOUT_S = 120.0
OUTPUT_LIMIT = 256 * 2**20

SAFE = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.alternateRefsCommand", "false"),
    ("core.sshCommand", "false"),
    ("core.gitProxy", "false"),
    ("core.askPass", "false"),
    ("core.editor", "false"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("core.filesRefLockTimeout", "5000"),
    ("core.packedRefsTimeout", "5000"),
    ("credential.helper", ""),
    ("commit.gpgSign", "false"),
    ("log.showSignature", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("protocol.allow", "never"),
    ("submodule.recurse", "false"),
    ("safe.bareRepository", "explicit"),
    ("pack.threads", "2"),
    ("checkout.workers", "2"),
)
"""Given with every call: nothing a repository configures is executed, nothing is fetched."""

EXACT = (
    ("core.autocrlf", "false"),
    ("core.safecrlf", "false"),
    ("core.fileMode", "true"),
    ("core.symlinks", "true"),
    ("core.ignoreCase", "false"),
    ("core.precomposeUnicode", "false"),
    ("core.sparseCheckout", "false"),
    ("core.logAllRefUpdates", "false"),
)
"""For our own store only: bytes in the tree are the bytes in git."""


FLOOR = (2, 39, 4)
"""The oldest git that is known to fetch nothing and run nothing while it reads a hostile repository."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a git call that ended by itself said."""

    code: int
    out: bytes
    err: bytes

    def reason(self) -> str:
        """The last `fatal:`/`error:` line git printed, shortened, safe to show."""
        lines = [line for line in self.err.decode(errors="replace").splitlines() if line.strip()]
        told = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
        text = told[-1] if told else f"exit code {self.code}"
        return "".join(c if c.isprintable() else "?" for c in text)[:400]


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """Where git works and with which settings. `git_dir` None lets git discover the repository from `cwd`."""

    git_dir: Path | None = None
    work_tree: Path | None = None
    cwd: Path | None = None
    config: tuple[tuple[str, str], ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    lock: Path | None = None
    """A file every child keeps locked (shared) while it lives, so that an orphan of a killed process can be noticed."""

    def call(
        self,
        *args: str | bytes,
        stdin: bytes | IO[bytes] = b"",
        stdout: IO[bytes] | None = None,
        timeout_s: float = TIMEOUT_S,
        limit: int = OUTPUT_LIMIT,
    ) -> Result:
        """Run one git command, whatever its exit code.

        Args:
            stdin: bytes, or an open file git reads directly.
            stdout: an open file git writes to directly; `Result.out` is empty then.
            timeout_s: seconds by our own clock; git and its children are killed after them.
            limit: most bytes of output kept; more kills git.

        Raises:
            GitFailed: git is not installed, did not finish in time, or wrote more than `limit` bytes.
        """
        settings = [part for key, value in (*SAFE, *self.config) for part in ("-c", f"{key}={value}")]
        argv: list[str | bytes] = ["git", "--no-pager", *settings, *args]
        with _input(stdin) as source, _shared(self.lock) as held:
            try:
                process = subprocess.Popen(
                    argv,
                    stdin=source,
                    stdout=subprocess.PIPE if stdout is None else stdout,
                    stderr=subprocess.PIPE,
                    cwd=self.cwd or self.work_tree or self.git_dir,
                    env=self._environment(),
                    start_new_session=True,
                    pass_fds=held,
                )
            except FileNotFoundError as error:
                raise GitFailed(f"git cannot be started: {error.filename!r} is not there") from error
            try:
                return _collect(process, str(args[0]), timeout_s, limit)
            finally:
                _end(process)

    def run(
        self,
        *args: str | bytes,
        stdin: bytes | IO[bytes] = b"",
        stdout: IO[bytes] | None = None,
        timeout_s: float = TIMEOUT_S,
        limit: int = OUTPUT_LIMIT,
    ) -> bytes:
        """`call` for a command that must end with exit code 0; returns what it printed.

        Raises:
            GitFailed: any other exit code, or what `call` raises.
        """
        result = self.call(*args, stdin=stdin, stdout=stdout, timeout_s=timeout_s, limit=limit)
        if result.code != 0:
            raise GitFailed(f"git {_name(args)}: {result.reason()}")
        return result.out

    def text(self, *args: str | bytes, stdin: bytes = b"") -> str:
        """`run`, as text without the final newline (names that are no UTF-8 keep their bytes as surrogates)."""
        return os.fsdecode(self.run(*args, stdin=stdin)).removesuffix("\n")

    def sha(self, revision: str) -> str | None:
        """The object a revision names, None when there is none."""
        result = self.call("rev-parse", "--quiet", "--verify", "--end-of-options", revision)
        return result.out.decode().strip() if result.code == 0 else None

    def with_config(self, *settings: tuple[str, str]) -> "Git":
        """The same with more `-c` settings; later ones win."""
        return replace(self, config=(*self.config, *settings))

    def with_env(self, **values: str) -> "Git":
        """The same with more environment variables."""
        return replace(self, env={**self.env, **values})

    def _environment(self) -> dict[str, str]:
        name, mail = IDENTITY
        env = {
            "PATH": SEARCH_PATH,
            "HOME": "/nonexistent",
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": mail,
        }
        if self.git_dir is not None:
            env["GIT_DIR"] = str(self.git_dir)
        if self.work_tree is not None:
            env["GIT_WORK_TREE"] = str(self.work_tree)
        return {**env, **self.env}


def installed() -> tuple[int, ...]:
    """The version of the git that is used.

    Raises:
        GitFailed: there is none, or it is older than `FLOOR`.
    """
    told = Git(cwd=Path("/")).text("version")
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", told)
    version = tuple(int(part or 0) for part in found.groups()) if found else ()
    if version < FLOOR:
        raise GitFailed(f"{told} is too old: {'.'.join(map(str, FLOOR))} or newer is needed")
    return version


def _name(args: tuple[str | bytes, ...]) -> str:
    return next((a for a in args if isinstance(a, str) and not a.startswith("-")), "")


@contextmanager
def _input(stdin: bytes | IO[bytes]) -> Iterator[IO[bytes] | int]:
    """What a child reads: nothing, an open file, or a temporary file with the bytes (a full pipe cannot block us)."""
    if isinstance(stdin, bytes) and not stdin:
        yield subprocess.DEVNULL
    elif isinstance(stdin, bytes):
        with tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            yield file
    else:
        yield stdin


@contextmanager
def _shared(lock: Path | None) -> Iterator[tuple[int, ...]]:
    if lock is None:
        yield ()
        return
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield (handle,)
    finally:
        os.close(handle)


@contextmanager
def alone(lock: Path, wait_s: float = 5.0) -> Iterator[bool]:
    """True when no other git call is alive under this lock (and none starts while the context is open)."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        yield _exclusive(handle, time.monotonic() + wait_s)
    finally:
        os.close(handle)


def _exclusive(handle: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _collect(process: subprocess.Popen[bytes], name: str, timeout_s: float, limit: int) -> Result:
    """Read both streams until they end; the deadline and the cap are ours."""
    deadline = time.monotonic() + timeout_s
    kept: dict[str, list[bytes]] = {"out": [], "err": []}
    size = 0
    with selectors.DefaultSelector() as selector:
        for key, stream in (("out", process.stdout), ("err", process.stderr)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, key)
        while selector.get_map():
            left = deadline - time.monotonic()
            ready = selector.select(max(left, 0)) if left > 0 else []
            if not ready:
                raise GitFailed(f"git {name} did not finish within {timeout_s:g} s")
            for event, _ in ready:
                chunk = os.read(event.fd, 2**18)
                if not chunk:
                    selector.unregister(event.fileobj)
                kept[event.data].append(chunk)
                size += len(chunk)
            if size > limit:
                raise GitFailed(f"git {name} wrote more than {limit} bytes")
    try:
        code = process.wait(max(deadline - time.monotonic(), 0.01))
    except subprocess.TimeoutExpired:
        raise GitFailed(f"git {name} did not finish within {timeout_s:g} s") from None
    return Result(code, b"".join(kept["out"]), b"".join(kept["err"]))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind: kill git and its children if it is still there, close our ends of the pipes."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
