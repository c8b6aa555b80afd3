"""Ten attacks on a sandbox of this engine, so that what holds on this machine is seen and not believed.

A program prints a line in capitals for whatever it gets hold of, and `done` at its end. The catalogue in
`tests/hostile` is the long form.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandbox.docker import DockerEngine
from sandbox.protocol import Cause, Command, Limits, Outcome, Sandbox, User

LIMITS = Limits(memory_mb=192, pids=48, disk_mb=32, inodes=2000, output_bytes=200_000, lifetime_s=180)
RUN = "doctor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One program and how it must end."""

    name: str
    what: str
    program: str
    cause: Cause = Cause.EXITED
    user: User = "app"
    timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one."""

    name: str
    what: str
    held: bool
    found: str


_NETWORK = """
import socket
places = (2, "1.1.1.1", 53), (2, "172.17.0.1", 22), (2, "169.254.169.254", 80), (10, "2606:4700::1111", 53)
for family, *address in places:
    try:
        with socket.socket(family) as s: s.settimeout(1); s.connect(tuple(address)); print("REACHED", address[0])
    except OSError: pass
try: socket.getaddrinfo("example.com", 80); print("RESOLVED example.com")
except OSError: pass
print("done")
"""
_HOST = """
import os
for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock"):
    if os.path.exists(path): print("SEES", path)
places = "/ /etc /usr/bin /root /home /proc/sys/kernel /sys/fs/cgroup /run /var/tmp /src /tests"
for place in places.split():
    try: open(place + "/greenloop", "w").close(); print("WROTE", place)
    except OSError: pass
for path in ("/proc/kcore", "/proc/sysrq-trigger", "/dev/mem", "/dev/sda", "/dev/vda"):
    try: open(path, "rb" if path != "/proc/sysrq-trigger" else "wb").close(); print("OPENED", path)
    except OSError: pass
print("done")
"""
_PRIVILEGES = """
facts = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    if int(facts[name], 16): print("HAS", name, facts[name])
if facts.get("NoNewPrivs") != "1": print("MAY GAIN privileges")
if facts.get("Seccomp") != "2": print("NO seccomp")
print("done")
"""
_KERNEL = """
import ctypes, platform, socket
libc = ctypes.CDLL(None, use_errno=True)
common = dict(io_uring_setup=425, open_tree=428, fsopen=430, pidfd_getfd=438)
own = dict(x86_64=dict(ptrace=101, mount=165, unshare=272, keyctl=250, bpf=321, userfaultfd=323, perf_event_open=298),
    aarch64=dict(ptrace=117, mount=40, unshare=97, keyctl=219, bpf=280, userfaultfd=282, perf_event_open=241))
for name, number in (common | own.get(platform.machine(), {})).items():
    if libc.syscall(number, 0, 0, 0, 0, 0, 0) >= 0: print("GOT", name)
for name, family in dict(vsock=40, alg=38, packet=17, xdp=44).items():
    try: socket.socket(family, socket.SOCK_STREAM).close(); print("OPENED", name)
    except OSError: pass
print("done")
"""
_NEIGHBOURS = """
import os, signal
for name in os.listdir("/proc"):
    if not name.isdecimal() or os.stat("/proc/" + name).st_uid == os.getuid(): continue
    for what, attempt in dict(KILLED=lambda: os.kill(int(name), 9), READ=lambda: open(f"/proc/{name}/environ").read(),
            WROTE=lambda: open(f"/proc/{name}/mem", "r+b")).items():
        try: attempt(); print(what, name)
        except OSError: pass
print("done")
"""
_STAYING = """
import os, signal, time
for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 99)
        while True: time.sleep(0.1)
    os._exit(0)
os.wait()
print("done")
"""
ATTACKS = (
    Attack(name="network", what="reaches the internet, the host, a cloud's metadata, a name server", program=_NETWORK),
    Attack(name="host", what="finds an engine's socket, writes outside its folders, opens devices", program=_HOST),
    Attack(name="privileges", what="has a capability, may gain one, runs unfiltered", program=_PRIVILEGES),
    Attack(name="kernel", what="asks for system calls and sockets that escapes are made of", program=_KERNEL),
    Attack(name="neighbours", what="kills, reads or rewrites other users' processes", program=_NEIGHBOURS),
    Attack(
        name="memory", what="takes more memory than it has", cause=Cause.OUT_OF_MEMORY,
        program="x = bytearray(1 << 30)",
    ),
    Attack(
        name="processes", what="forks without end", cause=Cause.PIDS_LIMIT, timeout_s=1.5,
        program="import os\nwhile True:\n  try: os.fork()\n  except OSError: pass",
    ),
    Attack(
        name="disk", what="makes files without end", cause=Cause.DISK_FULL,
        program="i = 0\nwhile True:\n  i += 1\n  open(f'/tmp/{i}', 'w').close()",
    ),
    Attack(name="flood", what="prints without end", program="while True: print('x' * 999)", cause=Cause.OUTPUT_LIMIT),
    Attack(name="staying", what="leaves a daemon that ignores signals", program=_STAYING),
)  # fmt: skip


def run_attacks(engine: DockerEngine, image: str, attacks: Sequence[Attack] = ATTACKS) -> Iterator[Attempt]:
    """The attacks in one sandbox, one after the other.

    Raises:
        SandboxError: the engine cannot open a sandbox, or was lost.
    """
    with engine.open(image, run_id=RUN, limits=LIMITS) as box:
        for attack in attacks:
            argv = ("python3", "-I", "-c", attack.program)
            outcome = box.run(Command(argv=argv, user=attack.user, timeout_s=attack.timeout_s))
            box.sweep()
            found = _found(attack, outcome) or _left(box)
            yield Attempt(attack.name, attack.what, not found, found or _word(attack))


def _found(attack: Attack, outcome: Outcome) -> str:
    """What it got, empty when nothing."""
    if outcome.cause is not attack.cause:
        return f"ended as {outcome.cause}, not as {attack.cause}"
    if attack.cause is not Cause.EXITED:
        return ""
    said = outcome.stdout.decode("utf-8", "replace").split("\n")
    got = [line for line in said if line and line != "done"]
    if not got and "done" not in said:
        return f"did not run: {outcome.stderr.decode('utf-8', 'replace').strip()[-200:]}"
    return ", ".join(got)[:300]


def _left(box: Sandbox) -> str:
    """Whether a process of it outlived the sweep."""
    script = "for d in /proc/[0-9]*; do tr '\\0' ' ' < $d/cmdline; echo; done"
    said = box.run(Command(argv=("sh", "-c", script), user="root", timeout_s=20)).stdout
    return "a process outlived the sweep" if b"python3 -I -c" in said else ""


def _word(attack: Attack) -> str:
    return "nothing reached" if attack.cause is Cause.EXITED else f"ended as {attack.cause}"
