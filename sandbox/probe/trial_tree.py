# mypy: ignore-errors
"""Runs inside the container: the tree in which candidates are tried, the same for each of them."""


class Tree:
    """The writable copy of the repository, put back as it was after every child."""

    def __init__(self, source, home, scratch):
        self.source, self.home, self.scratch = source, home, scratch
        self.seen = self.now()

    def now(self):
        found, folders = {}, [self.home]
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                        found[entry.path] = None
                    else:
                        facts = entry.stat(follow_symlinks=False)
                        found[entry.path] = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        return found

    def restore(self):
        import shutil

        for entry in os.listdir(self.scratch):
            remove(os.path.join(self.scratch, entry))
        now = self.now()
        if now == self.seen:
            return
        for path in [one for one in now if one not in self.seen]:
            remove(path)
        for path, facts in self.seen.items():
            if now.get(path, 0) == facts:
                continue
            if facts is None:
                os.makedirs(path, exist_ok=True)
                continue
            remove(path)
            original = os.path.join(self.source, os.path.relpath(path, self.home))
            if os.path.lexists(original):
                shutil.copy2(original, path, follow_symlinks=False)
            else:
                self.own(path)
        self.seen = self.now()

    def own(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(task["ini"])


def remove(path):
    import shutil

    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.unlink(path)


def changed(filename, edits):
    """The bytes of a file with its edits made, which count in characters of its text."""
    with open(filename, "rb") as file:
        text = file.read().decode("utf-8")
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text.encode("utf-8", "replace")


def masked(lines):
    """Line numbers as a hexadecimal number with those bits."""
    value = 0
    for line in lines:
        value |= 1 << line
    return "%x" % value


def sockets():
    found = 0
    for fd in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink("/proc/self/fd/" + fd).startswith("socket:")
        except OSError:
            continue
    return found
