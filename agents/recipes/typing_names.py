"""`Optional`, `Union`, `List` and their like become `X | None`, `X | Y`, `list`: ruff's safe fixes."""

import ast

from agents.recipes import ruff
from agents.recipes.finish import finish
from agents.recipes.packages import python_floor
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo

_OLD = ("List", "Dict", "Set", "FrozenSet", "Tuple", "Type", "Optional", "Union", "Deque", "DefaultDict")
_HINT = r"\btyping\b"
_RULES = ("UP006", "UP007", "UP035", "UP045")
_PEP604, _PEP585 = (3, 10), (3, 9)


def rewrite(repo: Repo) -> None:
    """Rewrite annotations as far as the oldest Python the repository runs on knows them."""
    floor = python_floor(repo)
    if floor < _PEP585:
        if paths := repo.mentioning(_HINT):
            repo.leave(
                paths[0], 0, f"the repository runs on Python {floor[0]}.{floor[1]}, which knows only the old names"
            )
        return
    rules = _RULES if floor >= _PEP604 else ("UP006", "UP035")
    for path in repo.mentioning(_HINT):
        _rewrite_file(repo, path, rules, floor[1])


def _rewrite_file(repo: Repo, path: str, rules: tuple[str, ...], minor: int) -> None:
    text = repo.texts[path]
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        repo.leave(path, 0, "does not parse")
        return
    target = f"py3{min(minor, 14)}"
    safe = ["lint.extend-safe-fixes=['UP006']"] if minor == _PEP585[1] else []
    finish(repo, path, ruff.fixed(text, path, rules, target=target, settings=safe))
    for left in ruff.complaints(repo.texts[path], path, [rule for rule in rules if rule != "UP035"], target=target):
        repo.leave(path, left.line, f"{left.message}: ruff holds the change for unsafe here")


RECIPE = Recipe("current-typing", rewrite, by="ruff")
