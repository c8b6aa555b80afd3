# mypy: ignore-errors
"""Runs inside the container: the tree in which candidates are tried, the same for each of them."""

import stat


class Tree:
    """The home of one server: a writable copy of the repository and what else was there when it began to fork."""

    LARGEST = 8_000_000

    def __init__(self, source, tree, home, scratch):
        self.source, self.tree, self.home, self.scratch = source, tree, home, scratch
        self.seen, self.kept = self.now(), {}

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

    def settle(self):
        """What there is now is what it is put back to; contents that no other copy has are kept."""
        now = self.now()
        for path, facts in now.items():
            new = facts is not None and facts != self.seen.get(path) and facts[1] <= self.LARGEST
            if new and stat.S_ISREG(os.lstat(path).st_mode):
                with open(path, "rb") as file:
                    self.kept[path] = file.read()
        self.seen = now

    def restore(self):
        """Undo what a child did to the files."""
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
            self.write(path)
        self.seen = self.now()

    def write(self, path):
        import shutil

        original = os.path.join(self.source, os.path.relpath(path, self.tree))
        if path in self.kept:
            with open(path, "wb") as file:
                file.write(self.kept[path])
        elif path.startswith(self.tree + "/") and os.path.lexists(original):
            shutil.copy2(original, path, follow_symlinks=False)


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


def digest(text, most=120):
    """A text that is short, and different for different texts."""
    import hashlib

    if len(text) <= most:
        return text
    return "%s... #%s" % (text[: most - 20], hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:10])


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
