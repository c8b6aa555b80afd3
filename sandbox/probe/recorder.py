# mypy: ignore-errors
"""Runs inside the container as the tests' user: sends scripts of requests, all of them twice, and tells the answers."""

MOST = 20_000
DONE = ({}, {})
"""By turn: what steps that are carried out once have kept."""


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
        if step["once"] in DONE[turn]:
            session.names |= DONE[turn][step["once"]]
            continue
        answer = send(step, session)
        last = number == len(script["steps"]) - 1
        if not last and not 200 <= answer.status < 400:
            return None, session
        for name, path in step["take"].items():
            session.names[name] = place(answer.data(), path)
            if session.names[name] is None:
                return None, session
        if step["once"]:
            DONE[turn][step["once"]] = {name: session.names[name] for name in step["take"]}
    return answer, session


def main():
    wait_ready(task, tell)
    tell(k="ready")
    begun, done = time.monotonic(), list(enumerate(task["scripts"]))
    for turn in range(2):
        # All of them once, then all again: what one leaves behind is there when another is sent the second time.
        wanted, done = done, []
        for number, script in wanted:
            if time.monotonic() - begun > task["budget_s"] * (turn + 1) / 2:
                break
            done.append((number, script))
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
