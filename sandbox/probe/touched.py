# mypy: ignore-errors
"""Runs inside the container: the files of the tree whose code each test runs. Only ever used to order tests."""


class Touched:
    """`root`: the tree; what is imported before `start` is not seen, only what is called."""

    def __init__(self, root):
        self.root, self.seen, self.on = root.rstrip("/") + "/", set(), False

    def start(self):
        self.seen.clear()
        self.on = self.by_monitoring() if hasattr(sys, "monitoring") else self.by_trace()

    def stop(self):
        """Paths below the root, sorted; None when it was not watched."""
        if not self.on:
            return None
        if hasattr(sys, "monitoring"):
            sys.monitoring.set_events(self.tool, 0)
            sys.monitoring.free_tool_id(self.tool)
        else:
            self.threading.settrace(None)
            sys.settrace(None)
        self.on = False
        names = (name[len(self.root) :] for name in list(self.seen) if name.startswith(self.root))
        return sorted(names)[:2000]

    def by_monitoring(self):
        monitoring, seen = sys.monitoring, self.seen
        self.tool = next((number for number in (3, 4) if monitoring.get_tool(number) is None), None)
        if self.tool is None:
            return False
        monitoring.use_tool_id(self.tool, "touched")

        def begun(code, offset, add=seen.add, off=monitoring.DISABLE):
            add(code.co_filename)
            return off

        monitoring.register_callback(self.tool, monitoring.events.PY_START, begun)
        monitoring.set_events(self.tool, monitoring.events.PY_START)
        monitoring.restart_events()
        return True

    def by_trace(self):
        import threading

        if sys.gettrace() is not None:
            return False

        def called(frame, event, argument, add=self.seen.add):
            add(frame.f_code.co_filename)

        self.threading = threading
        threading.settrace(called)
        sys.settrace(called)
        return True
