# mypy: ignore-errors
"""Runs inside the container as the tests' user: waits until the service answers, then runs pytest against it."""

task = globals().get("task") or json.loads(sys.stdin.buffer.read())
tell = open_channel(task.pop("nonce"))


def main():
    import pytest  # noqa: F401 (while the service boots)

    wait_ready(task, tell)
    tell(k="ready")
    os.chdir("/scratch")
    sys.dont_write_bytecode = True
    run_pytest(tell, task["arguments"], task["root"], task["paths"], task["wanted"], aside=task["aside"])


main()
