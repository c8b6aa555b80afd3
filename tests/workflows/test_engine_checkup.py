"""What `doctor` says of an engine, and that its attacks tell a closed sandbox from an open one."""

from typing import Any

import pytest

import sandbox.docker
from sandbox.docker import DockerEngine
from sandbox.self_attacks import ATTACKS, run_attacks
from tests.support.engine_answers import DOCKER_V1, DOCKER_V1_VERSION, DOCKER_V2, PODMAN, PODMAN_VERSION, ROOTLESS
from tests.support.trees import images
from workflows.engine_checkup import engine_rows
from workflows.rows import Row
from workflows.settings import Settings


class Answers:
    """An engine's answers; nothing of it is asked but these."""

    def __init__(self, info: dict[str, Any], version: dict[str, Any]) -> None:
        self.client, self._info, self._version = self, info, version

    def info(self) -> dict[str, Any]:
        return self._info

    def version(self) -> dict[str, Any]:
        return self._version


def rows(info: dict[str, Any], version: dict[str, Any], **settings: Any) -> dict[str, Row]:
    told = engine_rows(Settings(**settings), Answers(info, version))  # type: ignore[arg-type]
    return {row.name: row for row in told}


def test_an_engine_is_named_with_what_it_runs_on() -> None:
    told = rows(DOCKER_V1, DOCKER_V1_VERSION)
    assert "Docker 20.10.24+dfsg1 at unix:///var/run/docker.sock, as root, control groups v1" in told["docker"].found
    assert told["runtime"].found == "runc is used; there are io.containerd.runc.v2, runc (default)"
    assert "CVE-2024-21626" in told["known holes"].found
    assert "repaired in 1.1.12" in told["known holes"].found
    assert told["around it"].state == "warn"
    assert "Podman 4.3.1" in rows(PODMAN, PODMAN_VERSION)["docker"].found


def test_more_around_a_container_is_named() -> None:
    told = rows(DOCKER_V2, {}, runtime="runsc")
    assert (told["around it"].state, told["around it"].found) == ("ok", "apparmor, userns")
    assert told["runtime"].found == "runsc is used; there are runc (default), runsc"
    assert "control groups v2 (systemd)" in told["docker"].found
    assert "known holes" not in told


def test_a_runtime_that_is_not_there_is_bad() -> None:
    assert rows(DOCKER_V1, {}, runtime="runsc")["runtime"].state == "bad"
    assert rows(DOCKER_V1, {}, runtime="kata")["runtime"].state == "ok"
    assert rows(PODMAN, PODMAN_VERSION, runtime="kata")["runtime"].state == "bad"


def test_an_engine_that_cannot_bound_a_sandbox_is_bad() -> None:
    told = rows(ROOTLESS, {})
    assert told["bounds"].state == "bad"
    assert "needs control groups v2" in told["bounds"].found
    assert "bounded memory" not in told["hardening"].found
    assert "rootless" in told["around it"].found


def test_tcp_without_tls_is_warned_of() -> None:
    assert rows(DOCKER_V1, {}, docker_host="tcp://far:2375")["engine's way"].state == "warn"
    assert "engine's way" not in rows(DOCKER_V1, {}, docker_host="tcp://far:2376", docker_tls_verify=True)


@pytest.mark.docker
def test_ten_attacks_on_this_engine_are_held() -> None:
    engine = DockerEngine()
    told = list(run_attacks(engine, images().base))
    engine.close()
    assert [attempt.name for attempt in told] == [attack.name for attack in ATTACKS]
    assert len(told) == 10
    assert [attempt for attempt in told if not attempt.held] == []


@pytest.mark.docker
def test_an_open_sandbox_is_told_from_a_closed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = sandbox.docker.host_config

    def opened(*args: Any, **kwargs: Any) -> Any:
        config = closed(*args, **kwargs)
        return config | {"CapDrop": [], "SecurityOpt": ["seccomp=unconfined"], "Memory": 2 << 30, "MemorySwap": 2 << 30}

    monkeypatch.setattr(sandbox.docker, "host_config", opened)
    engine = DockerEngine()
    some = [one for one in ATTACKS if one.name in ("privileges", "kernel", "memory", "flood")]
    failed = {attempt.name: attempt.found for attempt in run_attacks(engine, images().base, some) if not attempt.held}
    engine.close()
    assert set(failed) == {"privileges", "kernel", "memory"}
    assert "NO seccomp" in failed["privileges"]
    assert "HAS CapBnd" in failed["privileges"]
    assert "GOT io_uring_setup" in failed["kernel"] or "OPENED" in failed["kernel"]
    assert failed["memory"] == "ended as exited, not as out_of_memory"
