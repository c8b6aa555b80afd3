"""The walk over files that most recipes share."""

from collections.abc import Callable, Iterable

import libcst as cst

from agents.errors import NotUnderstood
from agents.recipes.finish import finish
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.repo import Repo


def parsed(repo: Repo, path: str) -> PyFile | None:
    """The file as a syntax tree; None (and a note) when it does not parse."""
    try:
        return PyFile(path, repo.texts[path])
    except cst.ParserSyntaxError as error:
        repo.leave(path, error.raw_line, "does not parse")
    except RecursionError:
        repo.leave(path, 0, "nested too deeply to be read")
    return None


def rewrite_files(repo: Repo, paths: Iterable[str], change: Callable[[PyFile], None]) -> list[str]:
    """Let `change` edit each file that parses; a file it is unsure about stays as it is. Returns what was changed."""
    before = dict(repo.texts)
    for path in paths:
        file = parsed(repo, path)
        if file is not None:
            _is_rewritten(repo, file, change)
    return [path for path, text in repo.texts.items() if before.get(path) != text]


def rewrite_every(repo: Repo, paths: Iterable[str], change: Callable[[PyFile], None]) -> bool:
    """Let `change` edit each file; False, and nothing is changed, when it is unsure about one."""
    files = [parsed(repo, path) for path in paths]
    done = [file is not None and _is_rewritten(repo, file, change) for file in files]
    if not all(done):
        repo.undo()
    return all(done)


def _is_rewritten(repo: Repo, file: PyFile, change: Callable[[PyFile], None]) -> bool:
    """Change one file; False (and a note) when it stays as it is for want of certainty."""
    try:
        change(file)
        finish(repo, file.path, file.edited(), file.needs)
    except Unsure as unsure:
        repo.notes += [note for note in file.notes if note.left_out]
        repo.leave(file.path, file.line(unsure.node) if unsure.node is not file.tree else 0, str(unsure))
        return False
    except (NotUnderstood, SyntaxError, ValueError) as error:
        repo.leave(file.path, 0, f"the result would not be Python ({error})")
        return False
    repo.notes += file.notes
    return True
