"""A reviewer on a chat model that looks for bugs only: each suspicion comes with a test that fails when it is right."""

import ast

from agents.contracts import Frozen, Request
from agents.errors import EditRefused
from agents.excerpts import fence, shorten
from agents.findings import Suspicion
from agents.masking import mask
from agents.opening import Desks
from agents.protection import is_test_file
from agents.roles import Brief, Desk
from agents.structured import ask_structured

MOST = 8
SHOWN_CHARS = 90_000


class Hunt(Frozen):
    """What the model suspects; nothing is a good answer."""

    suspicions: tuple[Suspicion, ...] = ()


class ModelHunter:
    """Plays `roles.Hunter`."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    async def hunt(self, desk: Desk, diff: str, known: tuple[str, ...], step: str) -> tuple[Suspicion, ...]:
        """Bugs in a change, or in the whole application when there is no diff.

        Raises: what `ask_structured` raises.
        """
        told = fence("diff", shorten(mask(diff), SHOWN_CHARS)) if diff else _sources(desk)
        if known:
            told += "\n\n" + fence("already found", "\n".join(known)[:8_000])
        what = "the change" if diff else "the application"
        brief = Brief(request=Request(kind="review", text=f"Find bugs in {what}."), desk=desk, step=step)
        messages = self._desks.opening("reviewer", brief, None, prompt="hunter", extra=told, most=MOST)
        found = await ask_structured(
            self._desks.caller, "reviewer", step, messages, Hunt, lambda hunt: _problems(hunt, desk.files())
        )
        return found.suspicions


def test_names(module: str) -> tuple[str, ...]:
    """Test functions of a module, none when it cannot be parsed."""
    try:
        body = ast.parse(module).body
    except (SyntaxError, ValueError, RecursionError):
        return ()
    functions = (node for node in body if isinstance(node, ast.FunctionDef))
    return tuple(node.name for node in functions if node.name.startswith("test_"))


test_names.__test__ = False  # type: ignore[attr-defined]


def _sources(desk: Desk) -> str:
    """The application's own modules, as much as there is room for."""
    parts, left = [], SHOWN_CHARS
    for path in desk.files():
        if not path.endswith(".py") or is_test_file(path) or "/versions/" in path:
            continue
        try:
            text = mask(desk.read(path))
        except EditRefused:
            continue
        if text.strip() and len(text) < left:
            numbered = "\n".join(f"{number:>4} {line}" for number, line in enumerate(text.splitlines(), 1))
            parts.append(fence(path, numbered))
            left -= len(numbered)
    return "\n\n".join(parts)


def _problems(hunt: Hunt, files: list[str]) -> str:
    found = []
    if len(hunt.suspicions) > MOST:
        found.append(f"There are more than {MOST} suspicions: keep the worst.")
    for number, one in enumerate(hunt.suspicions, 1):
        if one.path not in files:
            found.append(f"Suspicion {number}: there is no file {one.path}.")
        if not test_names(one.test):
            found.append(f"Suspicion {number}: `test` is no module with functions that begin with test_.")
    return "\n".join(found)
