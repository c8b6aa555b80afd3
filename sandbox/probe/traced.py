# mypy: ignore-errors
"""Runs inside the container: which lines of the repository a test runs, and what its functions are called with."""

UNFIT = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200
"""Flags of code that takes any arguments, or does not answer when it is called."""


def is_plain(value, depth):
    kind = type(value)
    if kind in (list, tuple, set, dict):
        return (
            depth > 0
            and len(value) <= 50
            and all(is_plain(one, depth - 1) for one in value)
            and (kind is not dict or all(is_plain(one, depth - 1) for one in value.values()))
        )
    return kind in (int, float, str, bytes, bool, type(None))


class Tracer:
    """Collects while on. `tree` ends with a slash; `paths`: files of it that matter."""

    CALLS_PER_FUNCTION = 12
    CALL_SIZE = 600

    def __init__(self, tree, paths, wants_calls):
        self.tree, self.paths, self.wants_calls = tree, frozenset(paths), wants_calls
        self.known, self.lines, self.calls = {}, {}, {}

    def start(self):
        import threading

        self.lines = {}
        threading.settrace(self.enter)
        sys.settrace(self.enter)

    def stop(self):
        import threading

        sys.settrace(None)
        threading.settrace(None)
        return {path: sorted(lines) for path, lines in list(self.lines.items())}

    def path_of(self, filename):
        if filename not in self.known:
            path = filename[len(self.tree) :] if filename.startswith(self.tree) else None
            self.known[filename] = path if path in self.paths else None
        return self.known[filename]

    def enter(self, frame, event, argument):
        code = frame.f_code
        path = self.path_of(code.co_filename)
        if path is None:
            return None
        lines = self.lines.setdefault(path, set())
        lines.add(frame.f_lineno)
        if self.wants_calls and code.co_name.isidentifier():
            self.note_call(frame, code, path)

        def inside(frame, event, argument):
            if event == "line":
                lines.add(frame.f_lineno)
            return inside

        return inside

    def note_call(self, frame, code, path):
        """Keep the arguments when they can be written down as literals."""
        name = getattr(code, "co_qualname", code.co_name)
        if code.co_flags & UNFIT or "<" in name:
            return
        known = self.calls.setdefault((path, name), {})
        if len(known) >= self.CALLS_PER_FUNCTION:
            return
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if names[:1] in (("self",), ("cls",)) or not all(one in frame.f_locals for one in names):
            return
        values = {one: frame.f_locals[one] for one in names}
        if is_plain(values, 5) and len(repr(values)) <= self.CALL_SIZE:
            known[repr(values)] = None

    def told_calls(self):
        return [[path, name, list(known)] for (path, name), known in self.calls.items() if known]
