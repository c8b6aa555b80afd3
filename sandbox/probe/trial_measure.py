# mypy: ignore-errors
"""Runs inside the container: what the tests do on the code as it is; how long they take and which lines they run."""

CALLS = 150_000
"""Characters of calls that are told."""


def note_what_runs(server):
    """From here to the end of collection: the keys of the repository's code that runs."""
    import threading

    traced = frozenset(task["traced"])

    def profile(frame, event, argument):
        if event == "call":
            path = server.path_of(frame.f_code.co_filename)
            if path in traced:
                server.ran.add(key_of(frame.f_code, path))

    threading.setprofile(profile)
    sys.setprofile(profile)


def measure(server):
    """Every test twice: undisturbed, and traced. One that ends its process does not keep the others from running."""
    import threading

    sys.setprofile(None)
    threading.setprofile(None)
    threads = len(os.listdir("/proc/self/task"))
    tell(
        k="imports",
        paths=server.imported,
        ran=sorted(server.ran),
        threads=threads,
        sockets=sockets(),
        patterns=compiled(),
        seconds=round(time.process_time() - server.begun, 3),
    )
    wanted = task["order"]["ids"]
    for how, limits in (("measure", task["limits"]), ("trace", task["trace_limits"])):
        rest = list(range(len(wanted)))
        while rest:
            order = {"how": how, "numbers": rest, "tree": server.prefix, "paths": task["traced"], "ids": wanted}
            watched = server.fork(order, limits, lambda: None)
            pass_on(how, watched)
            done = {n for n, *_ in watched.done} | {watched.current}
            if watched.how == "end" or done == {None}:
                break
            rest = [n for n in rest if n not in done]


def compiled(most=300, longest=1000):
    """Regular expressions, as text and flags, that were compiled up to now."""
    known = list(getattr(re, "_cache", {}))[-most:]
    return [(key[1], int(key[2])) for key in known if key[0] is str and len(key[1]) <= longest]


def pass_on(how, watched):
    if how == "measure":
        for number, outcome, message in watched.done:
            wall, cpu = watched.times[number]
            tell(k="test", n=number, o=outcome, m=message, wall=wall, cpu=cpu, frames=watched.frames.get(number, []))
        if watched.current is not None:
            tell(k="test", n=watched.current, o=watched.how, m=watched.detail, wall=0.0, cpu=0.0)
    for number, lines in watched.lines.items():
        told = {path: masked(numbers) for path, numbers in lines.items()}
        task["room"] -= len(json.dumps(told))
        if task["room"] > 0:
            tell(k="lines", n=number, lines=told)
    left = CALLS
    for call in watched.calls:
        left -= len(json.dumps(call))
        if left > 0:
            tell(k="calls", calls=[call])
