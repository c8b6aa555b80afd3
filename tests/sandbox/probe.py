"""The program that the conformance suite runs in a real container; `test_conformance.fake_probe` is its twin."""

import os
import subprocess
import sys
import time

BEAT = "/tmp/beat"
verb, *rest = sys.argv[1:]


def beat_for_ever() -> None:
    subprocess.Popen(
        [sys.executable, __file__, "beat"],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if verb == "exit":
    sys.exit(int(rest[0]))
elif verb == "split":
    os.write(1, b"to stdout\n")
    os.write(2, b"to stderr\n")
elif verb == "uid":
    os.write(1, f"{os.getuid()} {os.getgid()}\n".encode())
elif verb == "write":
    try:
        with open(rest[0], "w") as file:
            file.write(rest[1])
    except OSError:
        sys.exit(1)
elif verb == "link":
    os.symlink(rest[1], rest[0])
elif verb == "flood":
    while True:
        os.write(1, b"x" * 1000)
elif verb == "say-and-sleep":
    os.write(1, b"here\n")
    time.sleep(60)
elif verb == "beat":
    while True:
        with open(BEAT, "a") as file:
            file.write(".")
        time.sleep(0.02)
elif verb == "brood-and-sleep":
    beat_for_ever()
    time.sleep(60)
elif verb == "brood-and-exit":
    beat_for_ever()
    while not os.path.exists(BEAT):
        time.sleep(0.01)
