"""An engine that is lost in the middle of a command is a fault, never a result."""

import contextlib
import gc
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from sandbox import daemon, resident
from sandbox.docker import DockerEngine
from sandbox.errors import EngineFault, EngineUnavailable
from sandbox.protocol import Command, Limits

pytestmark = pytest.mark.docker
ENGINE = "/var/run/docker.sock"
LIMITS = Limits(memory_mb=64, pids=32, disk_mb=8, inodes=100, lifetime_s=60)


class Proxy:
    """A Unix socket in front of the engine's that can be cut or frozen in the middle of things."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "engine.sock"
        self.flows = threading.Event()
        self.flows.set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(50)
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    def _start(self, work: Any, *args: Any) -> None:
        threading.Thread(target=work, args=args, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(ENGINE)
                self._sockets += [near, far]
                self._start(self._copy, near, far)
                self._start(self._copy, far, near)

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.flows.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Drop every connection there is; new ones work."""
        sockets, self._sockets = self._sockets, []
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.flows.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """Collects afterwards what the SDK leaves open when it cannot connect, so that no later test is blamed."""
    with Proxy(tmp_path) as proxy:
        yield proxy
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "CALL_S", 1.0)
    monkeypatch.setattr(resident, "ANSWER_S", 1.0)


def test_a_cut_connection_is_a_fault(proxy: Proxy, image: str, run_id: str) -> None:
    engine = DockerEngine(proxy.url)
    with engine.open(image, run_id=run_id, limits=LIMITS) as box:
        process = box.start(Command(argv=("sh", "-c", "echo partial; sleep 30"), timeout_s=30))
        time.sleep(0.5)
        proxy.cut()
        with pytest.raises(EngineFault):
            process.wait()
        with pytest.raises(EngineFault):
            process.wait()
    engine.close()


def test_a_frozen_engine_is_a_fault_and_never_a_timeout(
    proxy: Proxy, image: str, run_id: str, impatient: None, docker_engine: DockerEngine
) -> None:
    engine = DockerEngine(proxy.url)
    box = engine.open(image, run_id=run_id, limits=LIMITS)
    process = box.start(Command(argv=("sleep", "30"), timeout_s=1))
    proxy.flows.clear()
    started = time.monotonic()
    with pytest.raises(EngineFault):
        process.wait()
    with pytest.raises(EngineFault):
        box.start(Command(argv=("true",), timeout_s=1))
    box.close()
    assert time.monotonic() - started < 15
    engine.close()
    docker_engine.remove_run(run_id)


def test_an_engine_that_never_answers_is_unavailable(proxy: Proxy, impatient: None) -> None:
    proxy.flows.clear()
    engine = DockerEngine(proxy.url)
    with pytest.raises(EngineUnavailable, match="no Docker engine answers"):
        engine.sweep()


def test_closing_without_an_engine_does_not_raise(
    proxy: Proxy, image: str, run_id: str, impatient: None, docker_engine: DockerEngine
) -> None:
    engine = DockerEngine(proxy.url)
    box = engine.open(image, run_id=run_id, limits=LIMITS)
    proxy.__exit__()
    box.close()
    box.close()
    engine.close()
    deadline = time.monotonic() + 10
    while docker_engine.client.containers(all=True, filters={"id": box.id}):
        assert time.monotonic() < deadline, "the container outlived its connection"
        time.sleep(0.05)
