# mypy: ignore-errors
"""Runs inside the container as the tests' user: asks until the service answers."""

import http.client
import time


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


def wait_ready(task, tell):
    deadline = time.monotonic() + task["start_timeout_s"]
    status = None
    while time.monotonic() < deadline:
        status = answers(task["port"], task["ready_path"])
        if status is not None and status < 500:
            return
        time.sleep(0.05)
    tell(k="not_ready", status=status)
    os._exit(75)
