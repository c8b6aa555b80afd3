"""Which tests a change is likely to reach: by the files they ran last time, else by what they import.

Only an order follows from it: what is not reached here runs later.
"""

import ast
from collections.abc import Callable, Collection, Mapping, Sequence

Read = Callable[[str], bytes | None]
MOST_BYTES = 500_000


def reached(
    node_ids: Sequence[str],
    changed: Collection[str],
    touched: Mapping[str, Collection[str]],
    files: Collection[str],
    read: Read,
) -> list[str]:
    """Those of `node_ids` (parameters may be left out) that the change is likely to reach, in the order given.

    `changed`: paths that are new, gone or different. `touched`: test -> files whose code it ran, as far as known.
    `files`: every path of the tree; `read` gives a file's content, None when it cannot be had.
    """
    graph = Imports(files, read)
    by_test = _by_test(touched)
    verdicts: dict[str, bool] = {}

    def is_reached(node_id: str) -> bool:
        path = node_id.partition("::")[0]
        known = by_test.get(node_id.partition("[")[0])
        if path in changed or any(conftest in changed for conftest in conftests(path)):
            return True
        if known is not None:
            return not known.isdisjoint(changed)
        if path not in verdicts:
            verdicts[path] = not graph.closure(path).isdisjoint(changed)
        return verdicts[path]

    return [node_id for node_id in node_ids if is_reached(node_id)]


def _by_test(touched: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
    """The same for test functions: all their parameter sets together."""
    found: dict[str, set[str]] = {}
    for node_id, paths in touched.items():
        found.setdefault(node_id.partition("[")[0], set()).update(paths)
    return found


def conftests(path: str) -> list[str]:
    """Every `conftest.py` that pytest would load for a test file."""
    folders = path.split("/")[:-1]
    return ["/".join((*folders[:depth], "conftest.py")) for depth in range(len(folders) + 1)]


class Imports:
    """What the Python files of a tree import of each other, worked out as far as it is asked for."""

    def __init__(self, files: Collection[str], read: Read) -> None:
        self._files = frozenset(files)
        self._read = read
        self._direct: dict[str, frozenset[str]] = {}

    def closure(self, path: str) -> set[str]:
        """The file, its conftests, and all they import, through any number of steps."""
        waiting = [path, *(one for one in conftests(path) if one in self._files)]
        seen: set[str] = set()
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += self.direct(one)
        return seen

    def direct(self, path: str) -> frozenset[str]:
        """Files of the tree that this one imports, the packages they are in included."""
        if path not in self._direct:
            self._direct[path] = frozenset(self._found(path))
        return self._direct[path]

    def _found(self, path: str) -> set[str]:
        content = self._read(path) if path.endswith(".py") else None
        if content is None or len(content) > MOST_BYTES:
            return set()
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return set()
        here = path.split("/")[:-1]
        found: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {file for alias in node.names for file in self._modules(alias.name.split("."), here)}
            elif isinstance(node, ast.ImportFrom):
                found |= self._from(node, here)
        return found - {path}

    def _from(self, node: ast.ImportFrom, here: list[str]) -> set[str]:
        named = (node.module or "").split(".") if node.module else []
        if node.level:
            base = here[: len(here) - node.level + 1]
            return {f for alias in node.names for f in self._below("", [*base, *named, alias.name])}
        return {f for alias in node.names for f in self._modules([*named, alias.name], here)}

    def _modules(self, parts: list[str], here: list[str]) -> set[str]:
        """Files a dotted name stands for: below the root, below `src`, or (for tests) beside the file itself."""
        roots = ["", "src/", "/".join((*here, "")) if here else ""]
        return {file for root in dict.fromkeys(roots) for file in self._below(root, parts)}

    def _below(self, root: str, parts: list[str]) -> set[str]:
        names = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        paths = {f"{root}{name}{ending}" for name in names for ending in (".py", "/__init__.py")}
        return paths & self._files
