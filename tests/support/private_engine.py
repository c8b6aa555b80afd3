"""A Docker engine for a test alone: own data and sockets; reached by its socket, TLS, or an sshd."""

import base64
import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Self

import docker

from tests.support.trees import images

START_S = 30
PROGRAMS = "sh touch env timeout sleep cat echo head tail tar find stat chmod rm ls id dd yes true false wc kill"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
IMAGE = "greenloop-tests/small:1"
_PACK = r"""
for p in "$@"; do [ -x /usr/bin/$p ] && found="$found /usr/bin/$p"; done
libs=$(ldd $found | grep '(0x' | grep -o '/[^ ]*' | sort -u)
tar -ch -C / --no-recursion -f - $(for f in $found $libs; do echo ${f#/}; done | sort -u) | base64 -w0
"""


class PrivateEngine:
    """One dockerd. `url` is its socket; `tls_url` and `certificates` are there when it was asked to listen for TLS."""

    def __init__(self, home: Path, *, tls: bool = False) -> None:
        self.home = home
        self.socket = home / "engine.sock"
        self.url = f"unix://{self.socket}"
        self.certificates = home / "certificates"
        self._tls: list[str] = []
        if tls:
            make_certificates(self.certificates)
            self.tls_url = f"tcp://127.0.0.1:{free_port()}"
            files = {"--tlscacert": "ca.pem", "--tlscert": "server-cert.pem", "--tlskey": "server-key.pem"}
            paths = (part for flag, name in files.items() for part in (flag, str(self.certificates / name)))
            self._tls = ["-H", self.tls_url, "--tlsverify", *paths]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it (again) and wait until it answers."""
        for stale in ("pid", "exec/containerd/containerd.pid"):  # a zombie of ours would be taken for a running one
            (self.home / stale).unlink(missing_ok=True)
        # With `--bridge=none` an engine takes the bridge of all others away when it starts.
        command = [
            "dockerd", "--data-root", str(self.home / "data"), "--exec-root", str(self.home / "exec"),
            "--pidfile", str(self.home / "pid"), "-H", self.url, "--iptables=false",
            "--ip6tables=false", "--ip-forward=false", *self._tls,
        ]  # fmt: skip
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert self.process.poll() is None, (self.home / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the private engine does not start"
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as door:
            door.settimeout(2)
            door.connect(str(self.socket))
            door.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in door.recv(100)
        return False

    def kill(self) -> None:
        """As a crash or the kernel would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it and remove everything it made."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        end_processes_of(self.home / "exec")
        remove_tree(self.home)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def end_processes_of(place: Path) -> None:
    """Kill what was started with a path below this one and outlived its engine."""
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdecimal() and f"{place}/".encode() in (folder / "cmdline").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)


def remove_tree(home: Path) -> None:
    """A folder and everything mounted in it."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in reversed([one for one in mounts if one.startswith(f"{home}/")]):
        subprocess.run(["umount", "-l", mount], check=False)
    shutil.rmtree(home, ignore_errors=True)


def small_image() -> bytes:
    """A tar with a shell and what a sandbox calls, taken from the base image: a second to load instead of ten."""
    client = docker.DockerClient()
    try:
        packed: bytes = client.containers.run(
            images().base, ["sh", "-c", _PACK, "pack", *PROGRAMS.split()], entrypoint=[], user="0:0", remove=True,
            network_mode="none", log_config={"Type": "json-file"},
        )  # fmt: skip
    finally:
        client.close()
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed))) as source,
        tarfile.open(fileobj=out, mode="w") as target,
    ):
        for folder in ("bin", "lib", "lib64", "sbin"):
            link = tarfile.TarInfo(folder)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{folder}"
            target.addfile(link)
        for member in source:
            top, _, rest = member.name.partition("/")
            member.name = member.name if top == "usr" else f"usr/{top}/{rest}"
            target.addfile(member, source.extractfile(member) if member.isreg() else None)
        for folder in ("proc", "sys", "dev", "etc", "tmp", "src", "tests", "work", "scratch"):
            made = tarfile.TarInfo(folder)
            made.type, made.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            target.addfile(made)
    return out.getvalue()


def make_certificates(folder: Path) -> None:
    """An authority, the engine's certificate for 127.0.0.1 and a user's, and a stranger's of another authority."""
    folder.mkdir(parents=True)

    def openssl(*args: str) -> None:
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    for authority in ("ca", "other-ca"):
        openssl("req", "-x509", *KEY, "-days", "2", "-subj", f"/CN=greenloop tests {authority}",
                "-keyout", f"{authority}-key.pem", "-out", f"{authority}.pem")  # fmt: skip
    (folder / "server.ext").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    (folder / "client.ext").write_text("extendedKeyUsage=clientAuth\n")
    for name, authority, extension in (
        ("server", "ca", "server"), ("user", "ca", "client"), ("stranger", "other-ca", "client"),
    ):  # fmt: skip
        openssl("req", *KEY, "-subj", f"/CN={name}", "-keyout", f"{name}-key.pem", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}-key.pem",
                "-CAcreateserial", "-days", "2", "-extfile", f"{extension}.ext",
                "-out", f"{name}-cert.pem")  # fmt: skip
    for mine, file in (("user-cert", "cert"), ("user-key", "key")):
        shutil.copy(folder / f"{mine}.pem", folder / f"{file}.pem")


class Sshd:
    """An sshd of the test's own on loopback, with own keys; `config` is what a client needs to know of it."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.home, self.port = home, free_port()
        self.config = home / "config"
        self.known_hosts = home / "known_hosts"
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)], check=True, capture_output=True
            )
        (home / "authorized").write_text((home / "user.pub").read_text())
        host_key = " ".join((home / "host.pub").read_text().split()[:2])
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {host_key}\n")
        self.config.write_text(
            f"IdentityFile {home}/user\nIdentitiesOnly yes\n"
            f"UserKnownHostsFile {self.known_hosts}\nGlobalKnownHostsFile none\n"
        )
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        options = {
            "ListenAddress": f"127.0.0.1:{self.port}", "HostKey": home / "host",
            "AuthorizedKeysFile": home / "authorized", "PidFile": "none", "UsePAM": "no",
            "PermitRootLogin": "prohibit-password", "PasswordAuthentication": "no",
            "StrictModes": "no",
        }  # fmt: skip
        flags = [f"-o{name}={value}" for name, value in options.items()]
        command = ["/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", *flags]
        with (home / "log").open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self.process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline, "sshd does not start"
            time.sleep(0.05)

    def url(self, engine: PrivateEngine) -> str:
        """The engine's address through this sshd."""
        return f"ssh://root@127.0.0.1:{self.port}{engine.socket}"

    def close(self) -> None:
        """End it and every session."""
        self.process.terminate()
        self.process.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def can_run() -> bool:
    """An engine and an sshd of one's own need root and their programs, as `make real` sees to."""
    return os.geteuid() == 0 and shutil.which("dockerd") is not None and Path("/usr/sbin/sshd").exists()
