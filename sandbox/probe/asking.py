# mypy: ignore-errors
"""Runs inside the container as the tests' user: sends requests, some at the same time, and tells every answer."""

import threading

TEXT_MOST = 3_000
ROUNDS = 12
ROUNDS_S = 4.0
"""Whether requests really meet is chance, so they are sent again while every answer was good."""


def sent(step, number):
    try:
        return send(step, Session(str(number)))
    except Gone:
        return None


def together(step, number, times):
    """The same request several times at once; the first answer that is an error, else any."""
    found, begun = [], time.monotonic()
    for _ in range(ROUNDS if times > 1 else 1):
        found = at_once(step, number, times)
        error = next((one for one in found if one.status >= 500), None)
        if error or not found or time.monotonic() - begun > ROUNDS_S:
            return error or next(iter(found), None)
    return found[0]


def at_once(step, number, times):
    found, gate = [], threading.Barrier(times)

    def one():
        gate.wait()
        found.append(sent(step, number))

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer for answer in found if answer is not None]


def delayed(step, number):
    """The answer, and how long another request took that was sent while the service worked on it (seconds)."""
    found = []
    thread = threading.Thread(target=lambda: found.append(sent(step, number)))
    thread.start()
    time.sleep(0.1)
    begun = time.monotonic()
    answers(task["port"], task["ready_path"])
    took = time.monotonic() - begun
    thread.join()
    return found[0], took


def main():
    wait_ready(task, tell)
    tell(k="ready")
    for number, one in enumerate(task["requests"]):
        begun = time.monotonic()
        answer, took = (
            delayed(one["step"], number) if one["watch"] else (together(one["step"], number, one["times"]), 0)
        )
        if answer is None:
            tell(k="answer", n=number, status=0, headers={}, text="the service ended", seconds=0, delay=took)
            break
        tell(
            k="answer", n=number, status=answer.status, headers=answer.headers, text=shorten(answer.text, TEXT_MOST),
            seconds=round(time.monotonic() - begun, 3), delay=round(took, 3),
        )  # fmt: skip
    tell(k="end")
    sys.stderr.flush()
    os._exit(0)


main()
