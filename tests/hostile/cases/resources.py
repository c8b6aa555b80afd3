"""A: programs that take more than they were given."""

from dataclasses import dataclass

from sandbox.protocol import Cause


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    what: str
    program: str
    cause: Cause
    timeout_s: float = 10
    exit_code: int | None = None
    says: bytes | None = None
    """All of its stdout, when that is known."""


FILL = """
block = bytes(1 << 20)
with open("{path}", "wb", 0) as file:
    while True: file.write(block)
"""
CASES = (
    Case(
        name="a01", what="fork bomb", cause=Cause.PIDS_LIMIT, timeout_s=1.5,
        program="import os\nwhile True:\n  try: os.fork()\n  except OSError: pass",
    ),
    Case(
        name="a02", what="threads without end", cause=Cause.PIDS_LIMIT, timeout_s=1.5,
        program="import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,)).start()",
    ),
    Case(name="a03", what="1 GiB of memory", cause=Cause.OUT_OF_MEMORY, program="x = bytearray(1 << 30)"),
    Case(
        name="a04", what="1 GiB in a child, the parent ends with 0", cause=Cause.OUT_OF_MEMORY,
        program="import subprocess, sys; subprocess.run([sys.executable, '-c', 'x = bytearray(1 << 30)'])",
    ),
    Case(name="a05", what="fills its folder", cause=Cause.DISK_FULL, program=FILL.format(path="/work/fill")),
    Case(
        name="a06", what="writes into the image's layer", cause=Cause.EXITED, exit_code=0, says=b"done\n",
        program="""
for folder in ("/", "/etc", "/usr/lib", "/opt", "/opt/venv", "/var/tmp", "/var/log", "/home", "/root", "/run", "/mnt"):
    try: open(folder + "/new", "w").write("x"); print("WROTE", folder)
    except OSError: pass
print("done")
""",
    ),
    Case(
        name="a07", what="files without end", cause=Cause.DISK_FULL,
        program="n = 0\nwhile True:\n  n += 1\n  open(f'/work/{n}', 'w').close()",
    ),
    Case(name="a08", what="endless loop", cause=Cause.TIMEOUT, timeout_s=1, program="while True: pass"),
    Case(name="a09", what="sleeps", cause=Cause.TIMEOUT, timeout_s=1, program="import time; time.sleep(600)"),
    Case(
        name="a10", what="ignores every signal it can", cause=Cause.TIMEOUT, timeout_s=1,
        program="""
import signal, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: time.sleep(1)
""",
    ),
    Case(
        name="a11", what="a regex that never gives way", cause=Cause.TIMEOUT, timeout_s=1,
        program="import re; re.match('(a+)+$', 'a' * 80 + 'b')",
    ),
    Case(
        name="a12", what="open files without end", cause=Cause.EXITED, exit_code=24,
        program="""
import sys
held = []
try:
    while True: held.append(open("/dev/null"))
except OSError as error: sys.exit(error.errno)
""",
    ),
    Case(name="a13", what="fills shared memory", cause=Cause.DISK_FULL, program=FILL.format(path="/dev/shm/fill")),
    Case(
        name="a14", what="burns all cores: gets its one", cause=Cause.EXITED, exit_code=0, says=b"done\n",
        program="""
import multiprocessing, os, time
def burn():
    end = time.monotonic() + 1.5
    while time.monotonic() < end: pass
many = [multiprocessing.get_context("fork").Process(target=burn) for _ in range(6)]
begun = time.monotonic()
for one in many: one.start()
for one in many: one.join()
used = os.times().children_user + os.times().children_system
if used > (time.monotonic() - begun) * 1.0 + 0.4: print("TOOK", used)
print("done")
""",
    ),
    Case(
        name="a15", what="dumps core", cause=Cause.EXITED, exit_code=0, says=b"6 []\n",
        program="""
import os
pid = os.fork()
if pid == 0: os.abort()
status = os.waitpid(pid, 0)[1]
print(os.WTERMSIG(status), [name for name in os.listdir(".") if name.startswith("core")])
""",
    ),
    Case(
        name="a16", what="a sparse file of 1 TB", cause=Cause.EXITED, exit_code=27,
        program="""
import sys
try: open("/work/sparse", "wb").truncate(1 << 40)
except OSError as error: sys.exit(error.errno)
""",
    ),
    Case(
        name="a17", what="folders deeper than any path", cause=Cause.EXITED, exit_code=0, says=b"300\n",
        program="""
import os
for depth in range(300):
    os.mkdir("d" * 60); os.chdir("d" * 60)
open("bottom", "w").close(); os.chmod(".", 0)
print(depth + 1)
""",
    ),
    Case(
        name="a18", what="drips output to win time", cause=Cause.TIMEOUT, timeout_s=1,
        program="import time\nwhile True: print('drip', flush=True); time.sleep(0.05)",
    ),
    Case(
        name="a19", what="stops itself", cause=Cause.TIMEOUT, timeout_s=1,
        program="import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    ),
    Case(
        name="a20", what="many processes that each take a little memory", cause=Cause.OUT_OF_MEMORY, timeout_s=8,
        program="""
import os, time
for _ in range(20):
    if os.fork() == 0:
        x = bytearray(os.urandom(1 << 20)) * 24; time.sleep(30)
while True: os.wait()
""",
    ),
    Case(
        name="a21", what="memory behind a shared mapping", cause=Cause.OUT_OF_MEMORY,
        program="import mmap; m = mmap.mmap(-1, 1 << 30)\nfor at in range(0, 1 << 30, 4096): m[at] = 1",
    ),
    Case(
        name="a22", what="locks its own folders before it fills them", cause=Cause.DISK_FULL,
        program="""
import os
os.makedirs("/work/locked/in"); open("/work/locked/in/x", "w").close()
os.chmod("/work/locked/in", 0); os.chmod("/work/locked", 0)
""" + FILL.format(path="/work/fill"),
    ),
    Case(
        name="a23", what="raises its own limits", cause=Cause.EXITED, exit_code=0, says=b"done\n",
        program="""
import os, resource
for name in ("RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_FSIZE"):
    kind = getattr(resource, name)
    try: resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)); print("GOT", name)
    except (OSError, ValueError): pass
try: os.nice(-10); print("GOT nice")
except OSError: pass
try: open("/proc/self/oom_score_adj", "wb", 0).write(b"-1000"); print("GOT oom_score_adj")
except OSError: pass
print("done")
""",
    ),
)  # fmt: skip
