"""D, E, F: programs that reach for other processes, for the network, for secrets.

Each prints a line in capitals for what it got hold of, and `done` at its end. `@PORT@`, `@HOSTS@`, `@ABSTRACT@` and
`@FILE@` are the host's open door, its addresses, its abstract socket and its secret file.
"""

from dataclasses import dataclass

from sandbox.protocol import User


@dataclass(frozen=True, kw_only=True)
class Probe:
    name: str
    what: str
    program: str
    users: tuple[User, ...] = ("app",)


SYSCALLS = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for name, number in dict({numbers}).items():
    if libc.syscall(number, 0, 0, 0, 0, 0, 0) >= 0: print("GOT", name)
print("done")
"""
CONNECT = """
import socket
def knock(name, family, address, kind=socket.SOCK_STREAM, protocol=0):
    try:
        with socket.socket(family, kind, protocol) as s:
            s.settimeout(1.5)
            s.connect(address)
            s.send(b"hello")
            if kind == socket.SOCK_STREAM: print("OPEN", name)
            else: s.recv(1); print("OPEN", name)
    except OSError: pass
"""
PROBES = (
    Probe(
        name="d01", what="a daemon behind two forks and a session of its own",
        program="""
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 99)
        while True: time.sleep(0.2); open("/work/alive", "a").write("x")
    os._exit(0)
os.wait()
print("done")
""",
    ),
    Probe(
        name="d02", what="kills pid 1 and everything else", users=("app", "tests"),
        program="""
import os, signal
for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGINT):
    for pid in [int(name) for name in os.listdir("/proc") if name.isdecimal()]:
        if pid != os.getpid() and os.stat(f"/proc/{pid}").st_uid != os.getuid():
            try: os.kill(pid, number); print("GOT", pid)
            except OSError: pass
print("done")
""",
    ),
    Probe(
        name="d03", what="leaves zombies and orphans",
        program="""
import os, time
for _ in range(20):
    if os.fork() == 0:
        if os.fork() == 0: time.sleep(0.05)
        os._exit(0)
print("done")
""",
    ),
    Probe(
        name="d04", what="memory of pid 1, and of every other user's process", users=("app", "tests"),
        program="""
import os
for name in os.listdir("/proc"):
    if not name.isdecimal() or os.stat(f"/proc/{name}").st_uid == os.getuid(): continue
    for part, mode in (("mem", "r+b"), ("environ", "rb"), ("maps", "rb"), ("fd/0", "rb"), ("fd/1", "wb"), ("stack", "rb")):
        try: open(f"/proc/{name}/{part}", mode).read(1); print("OPEN", name, part)
        except OSError: pass
    for part in ("cwd", "root", "exe", "fd"):
        try: print("READ", name, part, os.listdir(f"/proc/{name}/{part}"))
        except OSError: pass
print("done")
""",
    ),
    Probe(
        name="d05", what="io_uring, ptrace, keys, bpf, userfaultfd, perf, mounts, namespaces", users=("root", "app", "tests"),
        program=SYSCALLS.format(
            numbers="io_uring_setup=425, io_uring_register=427, ptrace=101, add_key=248, keyctl=250, bpf=321, "
            "userfaultfd=323, perf_event_open=298, mount=165, umount2=166, unshare=272, setns=308, pivot_root=155, "
            "open_tree=428, fsopen=430, process_vm_writev=311, pidfd_getfd=438, init_module=175, kexec_load=246, "
            "open_by_handle_at=304, quotactl=179, acct=163, settimeofday=164, sethostname=170, chroot=161, mknod=133"
        ),
    ),
    Probe(
        name="d06", what="an engine's socket", users=("root", "app", "tests"),
        program="""
import os, socket
for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock",
             "/run/user/0/docker.sock", "/run/user/1000/podman/podman.sock"):
    try: socket.socket(socket.AF_UNIX).connect(path); print("OPEN", path)
    except OSError: pass
print("done")
""",
    ),
    Probe(
        name="d07", what="writes into /proc and /sys", users=("app", "tests"),
        program="""
import os
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches",
             "/proc/sys/net/ipv4/ip_forward", "/proc/1/oom_score_adj", "/proc/1/mem", "/sys/kernel/uevent_helper",
             "/proc/sys/fs/binfmt_misc/register", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
             "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/release_agent",
             "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/cgroup.procs",
             "/sys/power/state", "/sys/class/net/lo/mtu", "/proc/kcore", "/dev/mem", "/dev/kmsg", "/dev/sda"):
    try: os.close(os.open(path, os.O_WRONLY)); print("OPEN", path)
    except OSError: pass
for path in ("/sys/fs/cgroup/memory/new", "/sys/fs/cgroup/new", "/sys/fs/cgroup/pids/new"):
    try: os.mkdir(path); print("WROTE", path)
    except OSError: pass
print("done")
""",
    ),
    Probe(
        name="d08", what="becomes another user: setuid, capabilities, set-uid programs", users=("app", "tests"),
        program="""
import ctypes, os, subprocess
for name, act in (("setuid", lambda: os.setuid(0)), ("setgid", lambda: os.setgid(0)), ("seteuid", lambda: os.seteuid(10001 + 10002 - os.getuid())),
                  ("setgroups", lambda: os.setgroups([0])), ("chown", lambda: os.chown("/etc/passwd", os.getuid(), -1)),
                  ("chmod", lambda: os.chmod("/usr/bin/env", 0o4777)), ("chroot", lambda: os.chroot("/"))):
    try: act(); print("GOT", name)
    except OSError: pass
for path in ("/usr/bin/su", "/usr/bin/mount", "/usr/bin/passwd", "/usr/bin/newgrp", "/usr/bin/chsh", "/bin/ping"):
    if os.path.exists(path):
        said = subprocess.run(["/bin/sh", "-c", f"{path} --help >/dev/null 2>&1; cat /proc/self/status"], capture_output=True).stdout
        if b"CapEff:\\t0000000000000000" not in said: print("GOT", path)
print("done")
""",
    ),
    Probe(
        name="d09", what="the other user's files, and the trees both are given", users=("app",),
        program="""
import os
for path in ("/scratch", "/tests", "/src"):
    try: os.listdir(path) if path == "/scratch" else open(path + "/new", "w"); print("OPEN", path)
    except OSError: pass
    try: os.rename(path, "/work/taken"); print("GOT", path)
    except OSError: pass
print("done")
""",
    ),
    Probe(
        name="e01", what="tcp to the internet and to the metadata address",
        program=CONNECT + """
for address in ("1.1.1.1", "8.8.8.8", "169.254.169.254", "192.168.0.1", "10.0.0.1"):
    for port in (80, 443, 53): knock(address, socket.AF_INET, (address, port))
print("done")
""",
    ),
    Probe(
        name="e02", what="tcp over IPv6",
        program=CONNECT + """
for address in ("2606:4700:4700::1111", "fe80::1", "fd00:ec2::254", "::ffff:1.1.1.1"):
    knock(address, socket.AF_INET6, (address, 80))
print("done")
""",
    ),
    Probe(
        name="e03", what="names: getaddrinfo, and DNS by hand",
        program=CONNECT + """
for name in ("example.com", "host.docker.internal", "gateway.docker.internal", "metadata.google.internal", "registry"):
    try: print("GOT", name, socket.getaddrinfo(name, 80))
    except OSError: pass
query = bytes.fromhex("abcd01000001000000000000076578616d706c6503636f6d0000010001")
for server in ("127.0.0.11", "8.8.8.8", "172.17.0.1"):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(1); s.sendto(query, (server, 53)); print("GOT", s.recv(99))
    except OSError: pass
print("done")
""",
    ),
    Probe(
        name="e04", what="the host's own door, by every address it has",
        program=CONNECT + """
for address in [*"@HOSTS@".split(), "172.17.0.1", "127.0.0.1", "0.0.0.0", "localhost"]:
    knock(address, socket.AF_INET, (address, @PORT@))
print("done")
""",
    ),
    Probe(name="e05", what="the host's abstract socket", program=CONNECT + """
knock("abstract", socket.AF_UNIX, "\\0@ABSTRACT@")
print("done")
"""),
    Probe(name="e06", what="vsock to the hypervisor", users=("root", "app", "tests"), program="""
import socket
try:
    with socket.socket(40, socket.SOCK_STREAM) as s: print("OPEN vsock")
except OSError: pass
print("done")
"""),
    Probe(name="e07", what="raw, packet, netlink-netfilter and other odd sockets", users=("root", "app"), program="""
import socket
for name, family, kind, protocol in (("icmp", 2, 3, 1), ("packet", 17, 3, 0), ("alg", 38, 5, 0), ("netfilter", 16, 3, 12),
                                     ("bluetooth", 31, 3, 1), ("xdp", 44, 3, 0), ("can", 29, 3, 1), ("rds", 21, 5, 0),
                                     ("tipc", 30, 1, 0), ("kcm", 41, 5, 0), ("key", 15, 3, 2)):
    try: socket.socket(family, kind, protocol).close(); print("OPEN", name)
    except OSError: pass
print("done")
"""),
    Probe(name="e08", what="udp and ping", program=CONNECT + """
for address in ("1.1.1.1", "172.17.0.1"):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s: s.sendto(b"x", (address, @PORT@)); print("GOT", address)
    except OSError: pass
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as s:
        s.settimeout(1); s.sendto(bytes([8, 0, 0xf7, 0xff, 0, 0, 0, 0]), ("1.1.1.1", 0)); print("GOT ping")
except OSError: pass
print("done")
"""),
    Probe(name="e09", what="interfaces, routes, neighbours", program="""
import socket
print(*[f"GOT {name}" for _, name in socket.if_nameindex() if name not in ("lo", "tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6gre0")], sep="\\n", end="")
routes = open("/proc/net/route").read().splitlines()[1:] + open("/proc/net/arp").read().splitlines()[1:]
if routes: print("GOT", routes)
print("done")
"""),
    Probe(name="e10", what="pip install of an invented package", program="""
import subprocess, sys
for name in ("requessts", "fastapi-auth-helper-pro"):
    argv = ["/opt/venv/bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--retries", "0", "--timeout", "2", "--target", "/work/x", name]
    if subprocess.run(argv, capture_output=True, timeout=8).returncode == 0: print("GOT", name)
print("done")
"""),
    Probe(name="f01", what="every environment there is", users=("root", "app", "tests"), program="""
import os
for name in os.listdir("/proc"):
    for part in ("environ", "cmdline", "mounts", "mountinfo", "cgroup", "auxv") if name.isdecimal() and int(name) != os.getpid() else ():
        try: found = open(f"/proc/{name}/{part}", "rb").read()
        except OSError: continue
        print(part, found)
        if b"KEY=" in found or b"SECRET=" in found or b"TOKEN=" in found or b"CANARY=" in found: print("GOT", name, part)
print(dict(os.environ))
print("done")
"""),
    Probe(name="f02", what="the host's files by the paths they have there", users=("root", "app", "tests"), program="""
import os
roots = ("", "/proc/1/root", "/proc/self/root", "/proc/1/cwd", "/host", "/mnt", "/rootfs")
for root in roots:
    for path in ("@FILE@", "/root/.ssh/id_rsa", "/root/.aws/credentials", "/root/.config", "/root/.gitconfig", "/home",
                 "/var/lib/docker", "/run/secrets", "/var/run/secrets/kubernetes.io", "/root/.pypirc", "/root/.netrc"):
        try: found = os.listdir(root + path) if os.path.isdir(root + path) else open(root + path).read()
        except OSError: continue
        if found: print("READ", root + path, found)
print("done")
"""),
    Probe(name="f03", what="looks for secrets in every file it can read", program="""
import os, re
words = re.compile(rb"canary-[0-9a-f]{8}")
for top in ("/etc", "/root", "/home", "/opt/greenloop", "/run", "/var", "/tmp", "/src", "/tests", "/scratch", "/sys/class/dmi/id"):
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            try:
                if os.path.isfile(path) and words.search(open(path, "rb").read(200_000)): print("READ", path)
            except OSError: pass
print("done")
"""),
    Probe(name="f04", what="devices and kernel memory", users=("root", "app", "tests"), program="""
import os
known = {"null", "zero", "full", "random", "urandom", "tty", "console", "ptmx", "pts", "fd", "stdin", "stdout", "stderr", "shm", "mqueue", "core"}
for name in os.listdir("/dev"):
    if name not in known: print("GOT", name)
for path in ("/proc/kcore", "/proc/kallsyms", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware", "/dev/kmsg"):
    try: found = os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(64)
    except OSError: continue
    if found and not (path == "/proc/kallsyms" and found.startswith(b"0000000000000000")): print("READ", path, found[:64])
print("done")
"""),
)  # fmt: skip
