"""What only a real engine can show: isolation, limits, named ends, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import owners, tars
from sandbox.docker import DockerEngine
from sandbox.errors import EngineFault, EngineUnavailable, ImageUnavailable
from sandbox.owners import OWNER
from sandbox.protocol import Cause, Command, Limits, Outcome, Sandbox, User
from sandbox.transport import shares_files

pytestmark = pytest.mark.docker

ROOT = Path(__file__).resolve().parents[2]
SMALL = Limits(memory_mb=192, pids=48, disk_mb=32, inodes=2000, output_bytes=100_000, lifetime_s=120)


@pytest.fixture
def box(docker_engine: DockerEngine, image: str, run_id: str) -> Iterator[Sandbox]:
    with docker_engine.open(image, run_id=run_id, limits=SMALL) as box:
        yield box


def test_files_are_not_shared_from_within_a_container_of_the_engine(
    docker_engine: DockerEngine, image: str, run_id: str, tmp_path: Path
) -> None:
    api, mounts = docker_engine.client, tmp_path / "mountinfo"
    made = api.create_container(image, ["true"], labels=owners.labels(run_id, 60))["Id"]
    row = "280 227 254:0 /var/lib/docker/containers/{}/hostname /etc/hostname rw,relatime - ext4 /dev/vda rw\n"
    for container, shared in ((made, False), ("f" * 64, True)):
        mounts.write_text(row.format(container))
        assert shares_files(api, mounts) is shared
    assert shares_files(api, tmp_path / "none")
    api.remove_container(made)


def python(box: Sandbox, code: str, *, user: User = "app", timeout_s: float = 20) -> Outcome:
    return box.run(Command(argv=("python3", "-c", code), user=user, timeout_s=timeout_s))


def shell(box: Sandbox, script: str, *, user: User = "app", timeout_s: float = 20) -> Outcome:
    return box.run(Command(argv=("sh", "-c", script), user=user, timeout_s=timeout_s))


def is_there(engine: DockerEngine, container_id: str) -> bool:
    return bool(engine.client.containers(all=True, filters={"id": container_id}))


def eventually_gone(engine: DockerEngine, container_id: str, within: float) -> float:
    started = time.monotonic()
    while is_there(engine, container_id):
        assert time.monotonic() - started < within, "the container is still there"
        time.sleep(0.05)
    return time.monotonic() - started


def assert_works(box: Sandbox) -> None:
    assert shell(box, "echo fine").stdout == b"fine\n"


# Isolation


def test_there_is_no_network_but_loopback(box: Sandbox) -> None:
    code = """
import socket
addresses = ("1.1.1.1", 80), ("172.17.0.1", 22), ("169.254.169.254", 80), ("2606:4700::1111", 80)
for address in addresses:
    family = 10 if "::" in address[0] else 2
    s = socket.socket(family); s.settimeout(2)
    try: s.connect(address); print("OPEN", address)
    except OSError: pass
try: socket.getaddrinfo("example.com", 80); print("RESOLVED")
except OSError: pass
listener = socket.create_server(("127.0.0.1", 0))
socket.create_connection(listener.getsockname()).close()
print("done")
"""
    assert python(box, code).stdout == b"done\n"


def test_this_machine_has_its_usual_name_and_no_server_is_asked_for_others(box: Sandbox) -> None:
    code = """
import socket
listener = socket.create_server(("localhost", 0))
socket.create_connection(("localhost", listener.getsockname()[1])).close()
print(sorted(line.split()[1] for line in open("/etc/resolv.conf") if line.startswith(("nameserver", "search"))))
"""
    outcome = python(box, code)
    assert outcome.stdout in (b"['127.0.0.1']\n", b"['.', '127.0.0.1']\n"), outcome.stderr


@pytest.mark.parametrize("user", ["root", "app", "tests"])
def test_nobody_has_a_capability(box: Sandbox, user: User) -> None:
    status = shell(box, "cat /proc/self/status", user=user).stdout.decode()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {facts[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")


def test_every_writable_mount_is_a_bounded_tmpfs(box: Sandbox) -> None:
    mounts = [line.split()[1:4] for line in shell(box, "cat /proc/mounts").stdout.decode().splitlines()]
    writable = {target: (kind, options) for target, kind, options in mounts if options.split(",")[0] == "rw"}
    ours = {"/src", "/tests", "/work", "/scratch", "/tmp", "/dev/shm"}
    masks = {target for target in writable if target.startswith("/proc/")}
    roots_only = {"/sys/fs/cgroup"}
    assert set(writable) - masks - roots_only == ours | {"/proc", "/dev", "/dev/pts", "/dev/mqueue"}
    for target in ours:
        kind, options = writable[target]
        assert kind == "tmpfs"
        assert {"nosuid", "nodev", "nr_inodes=2000", "size=32768k"} <= set(options.split(",")), target


@pytest.mark.parametrize("user", ["root", "app", "tests"])
def test_the_root_file_system_is_read_only(box: Sandbox, user: User) -> None:
    for place in ("/", "/etc", "/usr/bin", "/opt", "/var/tmp", "/home", "/root", "/dev", "/proc/sys/kernel", "/run"):
        outcome = shell(box, f"touch {place}/new", user=user)
        if user == "root" and place == "/dev":
            continue
        assert outcome.exit_code == 1, place


def test_nothing_of_the_hosts_environment_is_there(
    docker_engine: DockerEngine, image: str, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-1234567890")
    with docker_engine.open(image, run_id=run_id, limits=SMALL) as box:
        for user in ("root", "app", "tests"):
            script = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /etc/hosts; env"
            said = box.run(Command(argv=("sh", "-c", script), user=user, timeout_s=20)).stdout
            assert b"PATH=" in said
            assert b"canary" not in said


SYSCALLS = """
import ctypes, errno, json, platform, socket
assert platform.machine() == "x86_64", platform.machine()
libc = ctypes.CDLL(None, use_errno=True)
numbers = dict(io_uring_setup=425, io_uring_enter=426, ptrace=101, keyctl=250, add_key=248, request_key=249, bpf=321,
    userfaultfd=323, perf_event_open=298, mount=165, umount2=166, unshare=272, setns=308, pivot_root=155,
    kexec_load=246,
    process_vm_readv=310, process_vm_writev=311, pidfd_getfd=438, open_by_handle_at=304, fsopen=430, move_mount=429,
    open_tree=428, mount_setattr=442, init_module=175, finit_module=313, swapon=167, reboot=169, syslog=103,
    memfd_secret=447)
said = {}
for name, number in numbers.items():
    ctypes.set_errno(0)
    result = libc.syscall(number, 0, 0, 0, 0, 0, 0)
    said[name] = "OPEN" if result >= 0 else errno.errorcode[ctypes.get_errno()]
cloned = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
said["clone_newuser"] = "OPEN" if cloned >= 0 else errno.errorcode[ctypes.get_errno()]
for name, family in dict(vsock=40, alg=38, packet=17, key=15, xdp=44, bluetooth=31, rds=21).items():
    try: socket.socket(family, socket.SOCK_STREAM).close(); said[name] = "OPEN"
    except OSError as error: said[name] = errno.errorcode[error.errno]
try: socket.socket(16, socket.SOCK_RAW, 12).close(); said["netfilter"] = "OPEN"
except OSError as error: said["netfilter"] = errno.errorcode[error.errno]
print(json.dumps(said))
"""


@pytest.mark.parametrize("user", ["root", "app"])
def test_dangerous_system_calls_are_blocked(box: Sandbox, user: User) -> None:
    said = json.loads(python(box, SYSCALLS, user=user).stdout)
    families = ("vsock", "alg", "packet", "key", "xdp", "bluetooth", "rds", "netfilter")
    sockets = {name: said.pop(name) for name in families}
    assert set(said.values()) == {"EPERM"}, said
    assert set(sockets.values()) <= {"EAFNOSUPPORT", "EPROTONOSUPPORT"}, sockets


def test_ordinary_programs_are_not_disturbed(box: Sandbox) -> None:
    code = """
import asyncio, concurrent.futures, hashlib, multiprocessing, os, socket, sqlite3, subprocess, tempfile, threading
sqlite3.connect("/work/data.db").execute("create table t (x)")
hashlib.scrypt(b"x", salt=b"y", n=2**12, r=8, p=1)
async def main():
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    await asyncio.open_connection(*server.sockets[0].getsockname())
    await asyncio.create_subprocess_exec("true")
asyncio.run(main())
with concurrent.futures.ThreadPoolExecutor() as pool: list(pool.map(str, range(9)))
with multiprocessing.get_context("spawn").Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]
with tempfile.NamedTemporaryFile() as f: f.write(b"x")
os.mkfifo("/work/fifo"); socket.socketpair(); socket.if_nameindex()
open("/work/run.sh", "w").write("#!/bin/sh\\necho ran\\n"); os.chmod("/work/run.sh", 0o755)
print(subprocess.check_output(["/work/run.sh"]).decode())
"""
    outcome = box.run(Command(argv=("python3", "-c", code), timeout_s=30, cwd="/work"))
    assert outcome.stdout == b"ran\n\n", outcome.stderr


def test_the_32_bit_interface_is_closed(box: Sandbox) -> None:
    code = """
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes.fromhex("b814000000cd80c3"))
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
print("OPEN")
"""
    outcome = python(box, code)
    assert outcome.stdout == b""
    assert outcome.exit_code == 128 + signal.SIGSYS


def test_one_user_cannot_touch_the_others_processes_or_the_supervisor(box: Sandbox) -> None:
    other = box.start(Command(argv=("sleep", "60"), user="tests", timeout_s=60))
    code = """
import os, signal
for name in os.listdir("/proc"):
    if name.isdecimal() and os.stat("/proc/" + name).st_uid != os.getuid():
        reads = lambda: open(f"/proc/{name}/environ").read()
        for attempt in (lambda: os.kill(int(name), 9), lambda: open(f"/proc/{name}/mem", "r+b"), reads):
            try: attempt(); print("REACHED", name)
            except OSError: pass
"""
    outcome = python(box, code)
    assert outcome
    assert outcome.stdout == b""
    assert shell(box, "kill -9 -1; kill -9 1").cause is Cause.EXITED
    assert_works(box)
    assert other.stop().cause is Cause.STOPPED


# Limits, each with its own word


def test_memory_running_out_has_a_word(box: Sandbox) -> None:
    outcome = python(box, "x = bytearray(1 << 30)")
    assert (outcome.cause, outcome.exit_code) == (Cause.OUT_OF_MEMORY, None)
    assert_works(box)


def test_memory_running_out_in_a_child_is_noticed_when_the_parent_ends_well(box: Sandbox) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'x = bytearray(1 << 30)'])"
    assert python(box, code).cause is Cause.OUT_OF_MEMORY
    outcome = shell(box, "exit 3")
    assert (outcome.cause, outcome.exit_code) == (Cause.EXITED, 3)


def test_dying_by_a_signal_is_not_memory_running_out(box: Sandbox) -> None:
    outcome = shell(box, "kill -9 $$")
    assert (outcome.cause, outcome.exit_code) == (Cause.EXITED, 137)


@pytest.mark.parametrize(
    "bomb", ["import os\nwhile True:\n  try: os.fork()\n  except OSError: pass", "import os\nwhile True: os.fork()"]
)
def test_a_fork_bomb_is_bounded_and_swept_away(box: Sandbox, bomb: str) -> None:
    started = time.monotonic()
    outcome = python(box, bomb, timeout_s=1.5)
    assert outcome.cause is Cause.PIDS_LIMIT
    assert time.monotonic() - started < 8
    count = shell(box, "ls -d /proc/[0-9]* | wc -l").stdout
    assert int(count) < 12
    assert_works(box)


def test_processes_that_were_refused_and_handled_are_no_failure(box: Sandbox) -> None:
    code = """
import subprocess
children = []
try:
    while True: children.append(subprocess.Popen(["sleep", "60"]))
except OSError: print(len(children))
for child in children: child.kill()
"""
    outcome = python(box, code)
    assert outcome
    assert SMALL.pids - 3 <= int(outcome.stdout) <= SMALL.pids


def test_a_full_disk_has_a_word(box: Sandbox) -> None:
    outcome = shell(box, "dd if=/dev/zero of=/work/a bs=1M count=20; dd if=/dev/zero of=/work/b bs=1M")
    assert outcome.cause is Cause.DISK_FULL
    box.sweep()
    outcome = shell(box, "exit 1")
    assert (outcome.cause, outcome.exit_code) == (Cause.EXITED, 1)


def test_the_number_of_files_is_bounded(box: Sandbox) -> None:
    code = "i = 0\nwhile True:\n  i += 1\n  open(f'/tmp/{i}', 'w').close()"
    assert python(box, code).cause is Cause.DISK_FULL
    box.sweep()
    assert python(box, "import os; print(os.listdir('/tmp'))").stdout == b"[]\n"


def test_one_file_cannot_be_larger_than_the_disk(box: Sandbox) -> None:
    outcome = shell(box, "truncate -s 1T /work/sparse")
    assert outcome.cause is Cause.EXITED
    assert outcome.exit_code
    assert box.get("/work/sparse") in (None, b"")


def test_rlimits_reach_a_command(box: Sandbox) -> None:
    text = shell(box, "ulimit -n; ulimit -c; ulimit -f").stdout.split()
    assert text == [b"1024", b"0", str(SMALL.disk_mb * 2048).encode()]


def test_zombies_are_reaped(box: Sandbox) -> None:
    code = """
import os, time
for _ in range(15):
    if os.fork() == 0:
        if os.fork() == 0: time.sleep(0.1)
        os._exit(0)
"""
    assert python(box, code)
    time.sleep(0.4)
    assert shell(box, "cat /proc/[0-9]*/stat", user="root").stdout.count(b") Z ") <= 1


def test_a_flood_does_not_grow_our_memory(box: Sandbox) -> None:
    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    assert shell(box, "yes").cause is Cause.OUTPUT_LIMIT
    before = resident_bytes()
    for _ in range(3):
        outcome = shell(box, "head -c 200M /dev/zero; head -c 200M /dev/zero >&2")
        assert outcome.cause is Cause.OUTPUT_LIMIT
        assert len(outcome.stdout + outcome.stderr) == SMALL.output_bytes
    assert resident_bytes() - before < 8_000_000


def test_slow_output_does_not_extend_the_deadline(box: Sandbox) -> None:
    outcome = shell(box, "while sleep 0.1; do echo drip; done", timeout_s=1)
    assert outcome.cause is Cause.TIMEOUT
    assert outcome.elapsed_s < 3


def test_a_child_that_holds_the_output_does_not_hold_the_command(box: Sandbox) -> None:
    outcome = shell(box, "sleep 60 & echo main")
    assert (outcome.exit_code, outcome.stdout) == (0, b"main\n")
    assert outcome.elapsed_s < 5


def test_a_program_that_closes_its_output_is_waited_for(box: Sandbox) -> None:
    assert shell(box, "exec >&- 2>&-; sleep 1; exit 5").exit_code == 5


def test_input_that_nobody_reads_is_no_deadlock(box: Sandbox) -> None:
    outcome = box.run(
        Command(argv=("sh", "-c", "head -c 50000 /dev/zero; exit 2"), stdin=b"x" * 9_000_000, timeout_s=20)
    )
    assert (outcome.exit_code, len(outcome.stdout)) == (2, 50_000)


def test_a_hostile_user_cannot_hide_from_a_sweep(box: Sandbox) -> None:
    hunter = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    while True:
        for name in os.listdir("/proc"):
            try:
                if name.isdecimal() and int(name) > 1 and b"-user $1" in open(f"/proc/{name}/cmdline", "rb").read():
                    os.kill(int(name), signal.SIGSTOP)
                    with open(f"/proc/{name}/fd/1", "wb", 0) as out: out.write(b"." * 100_000)
            except OSError: pass
"""
    box.start(Command(argv=("python3", "-c", hunter), timeout_s=30))
    time.sleep(0.5)
    started = time.monotonic()
    try:
        box.sweep()
        assert_works(box)
        left = shell(box, "cat /proc/[0-9]*/cmdline", user="root").stdout
        assert b"SIGSTOP" not in left
    except EngineFault:
        pass
    assert time.monotonic() - started < 30


# Ends


def test_opening_and_running_are_quick(docker_engine: DockerEngine, image: str, run_id: str) -> None:
    started = time.monotonic()
    with docker_engine.open(image, run_id=run_id, limits=SMALL) as box:
        box.put(tars.build({"file": b"x"}), "/src")
        opened = time.monotonic() - started
        started = time.monotonic()
        for _ in range(5):
            assert_works(box)
        each = (time.monotonic() - started) / 5
    assert opened < 3
    assert each < 0.6


def test_a_container_that_was_killed_has_a_word(docker_engine: DockerEngine, box: Sandbox) -> None:
    process = box.start(Command(argv=("sleep", "60"), timeout_s=60))
    docker_engine.client.kill(box.id)
    assert process.wait().cause is Cause.SANDBOX_DIED
    assert shell(box, "true").cause is Cause.SANDBOX_DIED
    with pytest.raises(EngineFault):
        box.put(tars.build({"a": b""}), "/src")
    with pytest.raises(EngineFault):
        box.get("/src/a")


def test_a_container_ends_with_its_lifetime(docker_engine: DockerEngine, image: str, run_id: str) -> None:
    limits = Limits(memory_mb=64, pids=32, disk_mb=8, inodes=100, lifetime_s=2)
    with docker_engine.open(image, run_id=run_id, limits=limits) as box:
        outcome = box.run(Command(argv=("sleep", "60"), timeout_s=60))
        assert outcome.cause is Cause.SANDBOX_DIED
        assert outcome.elapsed_s < 10
        eventually_gone(docker_engine, box.id, 5)


def test_a_container_ends_with_its_owner(docker_engine: DockerEngine, image: str, run_id: str) -> None:
    code = f"""
from sandbox.docker import DockerEngine
from sandbox.protocol import Command, Limits
box = DockerEngine().open({image!r}, run_id={run_id!r}, limits=Limits(memory_mb=64, pids=32, disk_mb=8, inodes=100))
process = box.start(Command(argv=("sleep", "600"), timeout_s=600))
print(box.id, flush=True)
process.wait()
"""
    owner = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with owner:
        assert owner.stdout is not None
        container_id = owner.stdout.readline().strip()
        assert is_there(docker_engine, container_id)
        owner.kill()
    eventually_gone(docker_engine, container_id, 10)


def orphan(engine: DockerEngine, image: str, labels: dict[str, str]) -> str:
    api = engine.client
    host = api.create_host_config(network_mode="none", auto_remove=True)
    config = {"command": ["sleep", "60"], "labels": labels, "host_config": host}
    container_id: str = api.create_container(image, **config)["Id"]
    api.start(container_id)
    return container_id


def test_a_dead_owners_container_is_swept_and_no_other(
    docker_engine: DockerEngine, image: str, run_id: str, box: Sandbox
) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    mine = owners.labels(run_id, 100)
    dead = f"{child.pid}:1:{mine[OWNER].split(':', 2)[2]}"
    abandoned = orphan(docker_engine, image, mine | {OWNER: dead})
    strangers = orphan(docker_engine, image, {"com.example.owner": "someone"})
    try:
        swept = docker_engine.sweep()
        assert abandoned in swept
        assert not {box.id, strangers} & set(swept)
        assert not is_there(docker_engine, abandoned)
        assert is_there(docker_engine, strangers)
        assert_works(box)
    finally:
        docker_engine.client.remove_container(strangers, force=True)


def test_cancelling_ends_a_running_command(image: str, run_id: str) -> None:
    asked = threading.Event()
    engine = DockerEngine(cancelled=asked.is_set)
    with engine.open(image, run_id=run_id, limits=SMALL) as box:
        process = box.start(Command(argv=("sleep", "60"), timeout_s=60))
        time.sleep(0.3)
        asked.set()
        started = time.monotonic()
        assert process.wait().cause is Cause.STOPPED
        assert time.monotonic() - started < 1
        asked.clear()
        assert_works(box)
    engine.close()


# The engine's own faults


def test_no_engine_is_one_clear_line(tmp_path: Path) -> None:
    engine = DockerEngine(f"unix://{tmp_path}/none.sock")
    with pytest.raises(
        EngineUnavailable, match=r"no Docker engine answers at unix://.*none\.sock: start Docker"
    ) as error:
        engine.sweep()
    assert "\n" not in str(error.value)


def test_a_missing_image_is_named(docker_engine: DockerEngine, run_id: str) -> None:
    with pytest.raises(ImageUnavailable, match="greenloop/nothing:here"):
        docker_engine.open("greenloop/nothing:here", run_id=run_id, limits=SMALL)


def test_a_runtime_that_is_not_there_is_a_fault_and_leaves_nothing(image: str, run_id: str) -> None:
    engine = DockerEngine(runtime="no-such-runtime")
    with pytest.raises(EngineFault, match="no-such-runtime"):
        engine.open(image, run_id=f"{run_id}-runtime", limits=SMALL)
    assert engine.remove_run(f"{run_id}-runtime") == []
    engine.close()
