# mypy: ignore-errors
"""Runs inside the container as the tests' user: waits until the service answers, then runs pytest against it."""

import http.client
import time

task = globals().get("task") or json.loads(sys.stdin.buffer.read())
tell = open_channel(task.pop("nonce"))


def answers(port, path):
    """The status of one GET, or None when nothing answers HTTP there (yet)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def wait_ready():
    deadline = time.monotonic() + task["start_timeout_s"]
    status = None
    while time.monotonic() < deadline:
        status = answers(task["port"], task["ready_path"])
        if status is not None and status < 500:
            return
        time.sleep(0.05)
    tell(k="not_ready", status=status)
    os._exit(75)


def main():
    import pytest  # noqa: F401 (while the service boots)

    wait_ready()
    tell(k="ready")
    os.chdir("/scratch")
    sys.dont_write_bytecode = True
    run_pytest(tell, task["arguments"], task["root"], task["paths"], task["wanted"])


main()
