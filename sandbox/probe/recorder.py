# mypy: ignore-errors
"""Runs inside the container as the tests' user: sends scripts of requests, all of them twice, and tells the answers."""

MOST = 20_000


def content(answer, session):
    """The body, with what was made up for this session put back to its placeholder."""
    data = answer.data()
    kind = "json" if data is not None or answer.text.strip() == "null" else "text"
    text = json.dumps(data) if kind == "json" else answer.text
    text = text.replace(session.names["unique"], "<<unique>>")
    return (kind, text) if len(text) <= MOST else ("long", "")


def carried_out(script, turn):
    """The answer to the last step; None when a step on the way is refused."""
    session = Session("%s/%d" % (script["id"], turn))
    answer = None
    for number, step in enumerate(script["steps"]):
        answer = send(step, session)
        last = number == len(script["steps"]) - 1
        if not last and not 200 <= answer.status < 400:
            return None, session
        for name, path in step["take"].items():
            session.names[name] = place(answer.data(), path)
            if session.names[name] is None:
                return None, session
    return answer, session


def main():
    wait_ready(task, tell)
    tell(k="ready")
    deadline = time.monotonic() + task["budget_s"]
    for turn in range(2):
        for number, script in enumerate(task["scripts"]):
            if time.monotonic() > deadline:
                break
            try:
                answer, session = carried_out(script, turn)
            except Skip:
                continue
            except Gone:
                tell(k="gone", n=number)
                os._exit(0)
            if answer is not None and answer.status:
                kind, text = content(answer, session)
                tell(k="answer", n=number, turn=turn, status=answer.status, kind=kind, text=text)
    tell(k="end")
    sys.stderr.flush()
    os._exit(0)


main()
