"""Engines that are elsewhere: over TLS, over ssh, and one that is restarted under our hands."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from sandbox import daemon, tars
from sandbox.docker import DockerEngine, clock_ahead
from sandbox.errors import EngineFault, EngineUnavailable
from sandbox.protocol import Cause, Command, Limits
from sandbox.transport import shares_files
from sandbox.ways import Place, way_to
from tests.support.private_engine import IMAGE, PrivateEngine, Sshd, can_run, small_image

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not can_run(), reason="an engine of one's own needs root"),
]
ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(memory_mb=64, pids=32, disk_mb=16, inodes=200, output_bytes=4_000_000, lifetime_s=120)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    with PrivateEngine(tmp_path_factory.mktemp("engine"), tls=True) as engine:
        client = DockerEngine(engine.url)
        client.client.import_image_from_data(small_image(), repository=IMAGE.split(":")[0], tag=IMAGE.split(":")[1])
        client.close()
        yield engine


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("ssh") / "home") as sshd:
        yield sshd


@pytest.fixture(params=["tls", "ssh"])
def place(request: pytest.FixtureRequest, engine: PrivateEngine, sshd: Sshd) -> Place:
    if request.param == "tls":
        return Place(engine.tls_url, certificates=engine.certificates)
    return Place(sshd.url(engine), ssh_config=sshd.config)


def sh(script: str, *, stdin: bytes = b"", timeout_s: float = 20) -> Command:
    return Command(argv=("sh", "-c", script), stdin=stdin, timeout_s=timeout_s)


def test_a_sandbox_over_the_network_does_what_a_local_one_does(place: Place, run_id: str) -> None:
    engine = DockerEngine(place)
    assert not shares_files(engine.client)
    payload = os.urandom(3_000_000)
    with engine.open(IMAGE, run_id=run_id, limits=LIMITS) as box:
        box.put(tars.build({"data": payload[:100_000]}), "/src")
        assert box.get("/src/data") == payload[:100_000]
        echoed = box.run(sh("cat; echo end >&2; exit 3", stdin=payload))
        assert (echoed.cause, echoed.exit_code, echoed.stderr) == (Cause.EXITED, 3, b"end\n")
        assert echoed.stdout == payload
        assert box.run(sh("sleep 60", timeout_s=0.5)).cause is Cause.TIMEOUT
        assert box.run(sh("yes")).cause is Cause.OUTPUT_LIMIT
        process = box.start(sh("sleep 60"))
        assert process.stop().cause is Cause.STOPPED
        box.sweep()
        assert box.run(sh("echo fine")).stdout == b"fine\n"
    assert engine.remove_run(run_id) == []
    engine.close()


def test_a_stream_that_is_cut_is_a_fault_and_nothing_is_left(
    engine: PrivateEngine, sshd: Sshd, run_id: str, tmp_path: Path
) -> None:
    with Sshd(tmp_path / "ssh") as mine:
        client = DockerEngine(Place(mine.url(engine), ssh_config=mine.config))
        with client.open(IMAGE, run_id=f"{run_id}-cut", limits=LIMITS) as box:
            process = box.start(sh("echo partial; sleep 60", timeout_s=60))
            time.sleep(0.3)
            kill_children(mine.process.pid)
            mine.close()
            with pytest.raises(EngineFault):
                process.wait()
        client.close()
    gone(engine, f"{run_id}-cut")


def test_who_is_killed_leaves_neither_a_container_nor_an_ssh(
    engine: PrivateEngine, sshd: Sshd, run_id: str, tmp_path: Path
) -> None:
    code = f"""
from pathlib import Path
from sandbox.docker import DockerEngine, clock_ahead
from sandbox.protocol import Limits
from sandbox.ways import Place, way_to
place = Place({sshd.url(engine)!r}, ssh_config=Path({str(sshd.config)!r}))
limits = Limits(memory_mb=64, pids=32, disk_mb=8)
box = DockerEngine(place).open({IMAGE!r}, run_id={f"{run_id}-killed"!r}, limits=limits)
print(way_to(place)._running.path, flush=True)
input()
"""
    owner = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        forwarded = Path(owner.stdout.readline().strip())
        assert forwarded.is_socket()
        owner.kill()
    gone(engine, f"{run_id}-killed")
    deadline = time.monotonic() + 10
    while forwarded.parent.exists():
        assert time.monotonic() < deadline, "the forwarded socket is still there"
        time.sleep(0.05)


# Who is let in


def test_an_engine_with_another_certificate_is_refused(engine: PrivateEngine, tmp_path: Path) -> None:
    for file, source in (("ca.pem", "other-ca.pem"), ("cert.pem", "cert.pem"), ("key.pem", "key.pem")):
        (tmp_path / file).write_bytes((engine.certificates / source).read_bytes())
    assert "certificate is not trusted" in refusal(Place(engine.tls_url, certificates=tmp_path))


def test_an_engine_under_another_name_is_refused(engine: PrivateEngine) -> None:
    url = engine.tls_url.replace("127.0.0.1", "localhost")
    assert "certificate is not trusted" in refusal(Place(url, certificates=engine.certificates))


def test_an_engine_that_does_not_know_us_says_so(engine: PrivateEngine, tmp_path: Path) -> None:
    for file, source in (("ca.pem", "ca.pem"), ("cert.pem", "stranger-cert.pem"), ("key.pem", "stranger-key.pem")):
        (tmp_path / file).write_bytes((engine.certificates / source).read_bytes())
    assert "TLS failed" in refusal(Place(engine.tls_url, certificates=tmp_path))


def test_an_engine_that_wants_tls_is_not_spoken_to_without(engine: PrivateEngine) -> None:
    assert "set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH" in refusal(Place(engine.tls_url))


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}/ca.pem is not there" in refusal(Place("tcp://127.0.0.1:1", certificates=tmp_path))


def test_a_host_whose_key_is_not_known_is_refused(engine: PrivateEngine, sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(sshd.config.read_text().replace(str(sshd.known_hosts), "/dev/null"))
    assert "Host key verification failed" in refusal(Place(sshd.url(engine), ssh_config=config))


def test_a_key_that_is_not_accepted_is_one_clear_line(engine: PrivateEngine, sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(sshd.config.read_text().replace(f"{sshd.home}/user", f"{sshd.home}/host"))
    assert "Permission denied" in refusal(Place(sshd.url(engine), ssh_config=config))


def test_a_machine_without_an_engine_is_told_from_one_that_is_not_reached(sshd: Sshd) -> None:
    url = f"ssh://root@127.0.0.1:{sshd.port}/nowhere.sock"
    assert "socket there does not answer" in refusal(Place(url, ssh_config=sshd.config))


def refusal(place: Place) -> str:
    """The one line that is said when this place cannot be used."""
    before = threading.active_count()
    engine = DockerEngine(place)
    with pytest.raises(EngineUnavailable) as error:
        engine.sweep()
    engine.close()
    assert "\n" not in str(error.value)
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() <= before
    return str(error.value)


# Restarted


@pytest.mark.parametrize("how", ["restarted", "killed and started"])
def test_an_engine_restarted_under_a_command_is_a_fault_and_work_goes_on_after(
    engine: PrivateEngine, run_id: str, how: str
) -> None:
    client = DockerEngine(engine.url)
    run = f"{run_id}-restarted"
    box = client.open(IMAGE, run_id=run, limits=LIMITS)
    process = box.start(sh("echo partial; sleep 60", timeout_s=60))
    time.sleep(0.3)
    if how == "restarted":
        assert engine.process is not None
        engine.process.send_signal(signal.SIGTERM)
        engine.process.wait(20)
    else:
        engine.kill()
    started = time.monotonic()
    with pytest.raises(EngineFault):
        outcome = process.wait()
        pytest.fail(f"told as a result: {outcome.cause}")
    assert time.monotonic() - started < 15
    engine.start()
    with pytest.raises(EngineFault):
        box.run(sh("true"))
    box.close()
    client.sweep()
    with client.open(IMAGE, run_id=run, limits=LIMITS) as again:
        assert again.run(sh("echo fine")).stdout == b"fine\n"
    client.close()
    gone(engine, run)


def test_an_engine_restarted_between_commands_is_no_death_of_the_sandbox(engine: PrivateEngine, run_id: str) -> None:
    client = DockerEngine(engine.url)
    with client.open(IMAGE, run_id=f"{run_id}-between", limits=LIMITS) as box:
        assert box.run(sh("true")).exit_code == 0
        engine.kill()
        engine.start()
        with pytest.raises(EngineFault):
            box.run(sh("true"))
    client.close()
    gone(engine, f"{run_id}-between")


def gone(engine: PrivateEngine, run: str) -> None:
    """Within a little while nothing of the run is left, and no process of it either."""
    client = DockerEngine(engine.url)
    deadline = time.monotonic() + 15
    while left := client.client.containers(all=True, filters={"label": f"greenloop.run={run}"}):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    client.close()


def kill_children(pid: int) -> None:
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        kill_children(int(child))
        os.kill(int(child), signal.SIGKILL)


# Addresses and clocks


@pytest.mark.parametrize(
    ("told", "ahead"),
    [("2026-11-28T11:34:57.91046642Z", 60), ("2026-11-28T13:34:57.910466+02:00", 60), ("2026-11-28T11:34:57Z", 59.09),
     ("yesterday", 0)],
)  # fmt: skip
def test_another_machines_clock_is_not_taken_for_ours(told: str, ahead: float, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = datetime.fromisoformat("2026-11-28T11:33:57.910466+00:00").timestamp()
    monkeypatch.setattr(time, "time", lambda: ours)
    assert clock_ahead(told) == pytest.approx(ahead, abs=0.01)


@pytest.mark.parametrize(
    "url",
    ["http://x", "tcp://", "ssh://-oProxyCommand=x", "ssh://me:secret@host", "tcp://host:port", "engine", "npipe://x"],
)
def test_what_is_no_address_is_said_without_its_password(url: str) -> None:
    with pytest.raises(EngineUnavailable, match="is no address of a Docker engine") as error:
        way_to(Place(url))
    assert "secret" not in str(error.value)


def test_a_socket_in_another_usual_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [f"unix://{tmp_path}/podman.sock"]
    monkeypatch.setattr(daemon, "elsewhere", lambda: found)
    assert refusal(Place(f"unix://{tmp_path}/none.sock")).endswith(f"with DOCKER_HOST ({found[0]} is here)")


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "no Docker engine answers" in refusal(Place(f"tcp://127.0.0.1:{port}"))
