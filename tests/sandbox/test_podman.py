"""Podman's socket: the same sandbox with the same bounds, asked for in other words."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import podman, tars
from sandbox.docker import DockerEngine
from sandbox.errors import EngineFault, EngineUnavailable
from sandbox.protocol import Cause, Command, Limits, Sandbox, User
from tests.support.podman_service import PodmanService, can_run, short_folder
from tests.support.private_engine import IMAGE, small_image

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(memory_mb=64, pids=32, disk_mb=16, inodes=200, output_bytes=1_000_000, lifetime_s=120)
real = pytest.mark.skipif(not can_run(), reason="Podman's service needs root and Podman")


@pytest.fixture(scope="module")
def service() -> Iterator[PodmanService]:
    with PodmanService(short_folder()) as service:
        client = DockerEngine(service.url).client
        made = client.import_image_from_data(small_image(), repository="small")
        client.tag(made.split('"status":"')[1].split('"')[0], *IMAGE.split(":"))
        client.close()
        yield service


@pytest.fixture
def engine(service: PodmanService) -> Iterator[DockerEngine]:
    engine = DockerEngine(service.url)
    yield engine
    engine.close()


def sh(script: str, *, user: User = "app", stdin: bytes = b"", timeout_s: float = 20) -> Command:
    return Command(argv=("sh", "-c", script), user=user, stdin=stdin, timeout_s=timeout_s)


def volumes(engine: DockerEngine) -> list[str]:
    return [one["Name"] for one in engine.client.volumes()["Volumes"] or () if one["Name"].startswith("greenloop-")]


@pytest.mark.docker
@real
def test_a_sandbox_on_podman_ends_commands_by_the_same_words(engine: DockerEngine, run_id: str) -> None:
    with engine.open(IMAGE, run_id=run_id, limits=LIMITS) as box:
        box.put(tars.build({"file": b"content"}), "/src")
        assert box.get("/src/file") == b"content"
        echoed = box.run(sh("cat; echo end >&2; exit 3", stdin=b"x" * 500_000))
        assert (echoed.cause, echoed.exit_code, echoed.stderr) == (Cause.EXITED, 3, b"end\n")
        assert echoed.stdout == b"x" * 500_000
        assert box.run(Command(argv=("nosuch",), timeout_s=20)).exit_code == 127
        assert box.run(sh("kill -9 $$")).exit_code == 137
        assert box.run(sh("sleep 60", timeout_s=0.5)).cause is Cause.TIMEOUT
        assert box.run(sh("yes")).cause is Cause.OUTPUT_LIMIT
        assert box.run(sh("head -c 90000000 /dev/zero | tail -c 89000000 >/dev/null")).cause is Cause.OUT_OF_MEMORY
        assert box.run(sh("dd if=/dev/zero of=/work/a bs=1M count=10; dd if=/dev/zero of=/work/b bs=1M")).cause is (
            Cause.DISK_FULL
        )
        box.sweep()
        assert box.run(sh("i=0; while [ $i -lt 300 ]; do i=$((i+1)); : >/tmp/$i; done")).cause is Cause.DISK_FULL
        box.sweep()
        assert box.run(sh("while :; do sleep 60 & done")).cause is Cause.PIDS_LIMIT
        box.sweep()
        assert box.run(sh("ls /tmp /work; echo fine")).stdout == b"/tmp:\n\n/work:\nfine\n"
        process = box.start(sh("sleep 60"))
        engine.client.kill(box.id)
        assert process.wait().cause is Cause.SANDBOX_DIED
    assert engine.remove_run(run_id) == []
    assert volumes(engine) == []


@pytest.mark.docker
@real
def test_it_is_as_closed_as_on_docker(engine: DockerEngine, run_id: str) -> None:
    with engine.open(IMAGE, run_id=run_id, limits=LIMITS) as box:
        for user in ("root", "app", "tests"):
            assert_closed(box, user)
        mounts = [line.split()[1:4] for line in box.run(sh("cat /proc/mounts")).stdout.decode().splitlines()]
        writable = {target: options for target, _, options in mounts if options.split(",")[0] == "rw"}
        ours = {"/src", "/tests", "/work", "/scratch", "/tmp", "/dev/shm", "/run", "/var/tmp"}
        masks = {target for target in writable if target.startswith("/proc/")}
        assert set(writable) - masks - {"/sys/fs/cgroup"} == ours | {"/proc", "/dev", "/dev/pts", "/dev/mqueue"}
        for target in ours:
            assert {"nosuid", "nodev"} <= set(writable[target].split(",")), target
            assert "nr_inodes=" in writable[target] and "size=" in writable[target], target
        assert box.run(sh("ls /tests; touch /tests/x")).exit_code == 1
        assert b"google" not in box.run(sh("cat /etc/resolv.conf")).stdout
        codes = b"ls -d /proc/[0-9]*; ls /sys/class/net"
        assert box.run(sh(codes.decode())).stdout.endswith(b"lo\n")


def assert_closed(box: Sandbox, user: User) -> None:
    status = box.run(sh("cat /proc/self/status", user=user)).stdout.decode()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {facts[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    for place in ("/", "/etc", "/usr/bin", "/run", "/var/tmp"):
        assert box.run(sh(f"touch {place}/new", user=user)).exit_code == 1, place


@pytest.mark.docker
@real
def test_what_a_killed_owner_leaves_is_swept(engine: DockerEngine, service: PodmanService, run_id: str) -> None:
    code = f"""
from sandbox.docker import DockerEngine
from sandbox.protocol import Limits
box = DockerEngine({service.url!r}).open({IMAGE!r}, run_id={run_id!r}, limits=Limits(memory_mb=64, pids=32, disk_mb=8))
print(box.id, flush=True)
input()
"""
    owner = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        container_id = owner.stdout.readline().strip()
        assert volumes(engine)
        owner.kill()
    deadline = time.monotonic() + 15
    while engine.client.containers(all=True, filters={"id": container_id}):
        assert time.monotonic() < deadline, "the container outlived its owner"
        time.sleep(0.1)
    engine.sweep()
    assert volumes(engine) == []


@pytest.mark.docker
@real
def test_a_runtime_it_does_not_run_is_refused(service: PodmanService, run_id: str) -> None:
    engine = DockerEngine(service.url, runtime="runsc")
    with pytest.raises(EngineUnavailable, match="podman --runtime runsc system service"):
        engine.open(IMAGE, run_id=run_id, limits=LIMITS)
    engine.close()


@pytest.mark.docker
@real
def test_an_image_that_is_not_there_leaves_no_volume(engine: DockerEngine, run_id: str) -> None:
    with pytest.raises((EngineFault, LookupError)):
        engine.open("greenloop/nothing:here", run_id=run_id, limits=LIMITS)
    assert volumes(engine) == []


def test_bounds_are_written_as_a_volume_takes_them() -> None:
    assert podman.volume_options("size=16m,nr_inodes=200,nosuid,nodev,exec,mode=0700,uid=1,gid=1") == (
        "nr_blocks=4096,nr_inodes=200,nosuid,nodev,mode=0700,uid=1,gid=1"
    )


@pytest.mark.parametrize(
    ("code", "said", "never"),
    [
        (127, b'Error: /usr/sbin/runc: exec failed: "x": executable file not found: OCI runtime attempted', True),
        (126, b"Error: crun: fork: Resource temporarily unavailable: OCI runtime error", True),
        (127, b"sh: 1: nosuch: not found\n", False),
        (1, b"Error: OCI runtime error", False),
        (126, b"Error: of my own", False),
    ],
)
def test_a_command_the_runtime_refused_is_told_from_one_that_ran(code: int, said: bytes, never: bool) -> None:
    assert podman.never_began(code, said) is never
