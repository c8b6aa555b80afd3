"""From suspected lines to suspected nodes: heads of functions, names they use, routes the tests ask for."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from agents.repair.candidate import Suspect
from agents.repair.hints import Hints
from agents.repair.repository import Repository
from agents.repair.source import Function, Source, first_line, header_end, names_in

HEAD, NAMED, ROUTE, AROUND, ELSEWHERE = 0.85, 0.45, 0.75, 0.45, 0.1


class Suspicion:
    """How much each line of each file is suspected, 0 to 1.

    Coverage sees lines that a test runs. What is done while modules are imported (defaults, fields, routes, constants)
    it cannot tell apart, so that gets its suspicion from the functions that use it.
    """

    def __init__(self, suspects: Iterable[Suspect], repo: Repository, hints: Hints) -> None:
        self.lines: dict[str, dict[int, float]] = defaultdict(dict)
        for suspect in suspects:
            self._raise(suspect.path, suspect.line, suspect.score)
        self._given = {path: dict(lines) for path, lines in self.lines.items()}
        for source in repo.sources:
            self._heads(source)
        self._routes(repo, hints)
        self._names(repo)

    def _raise(self, path: str, line: int, score: float) -> None:
        lines = self.lines[path]
        if score > lines.get(line, 0.0):
            lines[line] = score

    def _over(self, source: Source, first: int, last: int, score: float) -> None:
        for line in range(first, last + 1):
            self._raise(source.path, line, score)

    def _heads(self, source: Source) -> None:
        given = self._given.get(source.path, {})
        if not given:
            return
        for function in source.functions:
            inside = [given.get(n, 0.0) for n in range(function.body[0].lineno, (function.end_lineno or 0) + 1)]
            if any(inside):
                score = max(inside) * HEAD
                self._over(source, first_line(function), header_end(function), score)

    def _routes(self, repo: Repository, hints: Hints) -> None:
        for route in repo.routes:
            function = route.function
            given = self._given.get(route.source.path, {})
            if any(n in given for n in range(function.body[0].lineno, (function.end_lineno or 0) + 1)):
                continue
            if any(matches(route.path, url) for url in hints.urls):
                self._over(route.source, first_line(function), header_end(function), ROUTE)
                self._over(route.source, function.body[0].lineno, function.end_lineno or 0, AROUND)

    def _names(self, repo: Repository) -> None:
        wanted: dict[str, float] = {}
        for source in repo.sources:
            lines = self.lines.get(source.path, {})
            for function in source.functions if lines else ():
                score = max(lines.get(n, 0.0) for n in range(first_line(function), (function.end_lineno or 0) + 1))
                if score > ELSEWHERE:
                    for name in _mentioned(function):
                        wanted[name] = max(wanted.get(name, 0.0), score)
        for turn in (NAMED, NAMED * 0.8):
            further: dict[str, float] = {}
            for source in repo.sources:
                for statement in source.tree.body:
                    self._definition(source, statement, wanted, further, turn)
            wanted = further

    def _definition(
        self, source: Source, statement: ast.stmt, wanted: Mapping[str, float], further: dict[str, float], factor: float
    ) -> None:
        names = _defined(statement)
        score = max((wanted.get(name, 0.0) for name in names), default=0.0) * factor
        if isinstance(statement, ast.ClassDef):
            for item in statement.body:
                if isinstance(item, ast.Assign | ast.AnnAssign) and score:
                    own = max((wanted.get(name, 0.0) for name in _defined(item)), default=0.0)
                    value = score * (1.0 if own else 0.8)
                    self._over(source, item.lineno, item.end_lineno or item.lineno, value)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            if score:
                self._over(source, first_line(statement), header_end(statement), score * 0.6)
        elif not isinstance(statement, ast.Import | ast.ImportFrom):
            base = ELSEWHERE if self.lines.get(source.path) else 0.0
            self._over(source, statement.lineno, statement.end_lineno or statement.lineno, max(score, base))
        if score:
            for name in names_in(statement) - names:
                further[name] = max(further.get(name, 0.0), score / factor)

    def of(self, source: Source, node: ast.AST) -> float:
        """How much a node is suspected: its lines, a statement's head; parts of a statement a little by the whole."""
        lines = self.lines.get(source.path)
        first = getattr(node, "lineno", None)
        if not lines or first is None:
            return self._without_line(source, node) if lines else 0.0
        last = header_end(node) if isinstance(node, ast.stmt) else getattr(node, "end_lineno", first)
        own = max(lines.get(n, 0.0) for n in range(first, last + 1))
        if isinstance(node, ast.expr):
            statement = source.statement(node)
            if statement is not None and statement.lineno != first:
                own = max(own, 0.9 * lines.get(statement.lineno, 0.0))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            own = max(own, max((lines.get(n, 0.0) for n in range(first_line(node), last + 1)), default=0.0))
        return own

    def _without_line(self, source: Source, node: ast.AST) -> float:
        parent = source.parents.get(node)
        return self.of(source, parent) if parent is not None else 0.0


def _mentioned(function: Function) -> set[str]:
    return names_in(function)


def _defined(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {statement.name}
    if isinstance(statement, ast.Assign):
        return {t.id for t in statement.targets if isinstance(t, ast.Name)}
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return {statement.target.id}
    if isinstance(statement, ast.Expr):
        return names_in(statement)
    return set()


def matches(path: str, url: str) -> bool:
    """Whether a request for `url` may reach a route with this path, an unknown prefix before it.

    Parts in braces, of the test's own f-string or of the route, stand for anything.
    """
    if not path.strip("/"):
        return True
    parts = path.strip("/").split("/")
    asked = url.strip("/").split("/")
    if len(asked) < len(parts):
        return False
    tail = asked[len(asked) - len(parts) :]
    return all(
        "{" in want or "{" in got or re.fullmatch(re.escape(want), got) for want, got in zip(parts, tail, strict=True)
    )
