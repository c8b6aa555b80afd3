"""A step that breaks something, cut down to what does not: by its quick check, or by the verdict that refused it."""

import difflib
import hashlib
from collections.abc import Sequence

from agents.refactoring.parts import Part, Texts, files_of, places_of, with_parts
from sandbox.errors import PathRefused
from workflows.lab import Lab
from workflows.state import Context, RunState
from workflows.steps import LeftOut, check, lay, name_of, refusal

DIFF_LINES = 60


def wrong_with(context: Context, state: RunState, commit: str) -> str:
    """What a commit of the step breaks; the verdict is asked only where it refused the step, after the quick check."""
    return check(context, state, commit).reason or (refusal(context, state, commit) if state.get("refused") else "")


def narrowed(context: Context, state: RunState) -> tuple[dict[str, str | None], list[LeftOut]]:
    """The texts of the step without its smallest parts that break something, and those parts."""
    lab, head, trial = context.lab, state["head"], state["trial"]
    paths = sorted(change.path for change in lab.changes(head, trial))
    before, after = _texts(lab, head, paths), _texts(lab, trial, paths)
    search = _Search(context, state, before, after)
    whole = files_of(before, after)
    kept, bad = search.split(whole, []) if len(whole) > 1 else ([], whole)
    out: list[Part] = []
    for part in bad:
        places = places_of(part.path, before, after)
        if places == [part]:
            out.append(part)
            continue
        kept, worse = search.split(places, kept)
        out += worse
    reasons = [LeftOut(where=p.words, reason=search.why(p), diff=_diff(before, after, p)) for p in out]
    return with_parts(before, after, kept), reasons


class _Search:
    """Which parts can be kept together."""

    def __init__(self, context: Context, state: RunState, before: Texts, after: Texts) -> None:
        self._context, self._state, self._before, self._after = context, state, before, after
        limits = context.limits
        self._most = self._left = limits.max_parts_judged if state.get("refused") else limits.max_parts_tried
        self._reasons: dict[str, str] = {}
        self._broken: dict[Part, str] = {}

    def split(self, parts: Sequence[Part], kept: list[Part]) -> tuple[list[Part], list[Part]]:
        """Add to `kept` what can be; the rest is returned beside it, each part as small as it is in `parts`."""
        together = [*kept, *parts]
        broken = self._breaks(together)
        if not broken:
            return together, []
        if len(parts) == 1:
            self._broken[parts[0]] = broken
            return kept, list(parts)
        half = len(parts) // 2
        kept, bad = self.split(parts[:half], kept)
        kept, worse = self.split(parts[half:], kept)
        return kept, [*bad, *worse]

    def why(self, part: Part) -> str:
        """What it breaks."""
        return self._broken.get(part) or wrong_with(self._context, self._state, self._state["trial"])

    def _breaks(self, parts: Sequence[Part]) -> str:
        lab, state = self._context.lab, self._state
        texts = with_parts(self._before, self._after, parts)
        key = hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:16]
        if key not in self._reasons:
            if self._left <= 0:
                return f"not looked at: {self._most} checks were spent on this step"
            self._left -= 1
            lab.reset(state["head"])
            try:
                lay(lab, texts)
            except PathRefused as refused:
                return str(refused)
            commit = lab.set_aside("A part of a step", step=f"{name_of(state)}-part-{key}")
            self._reasons[key] = wrong_with(self._context, state, commit)
            told = self._reasons[key] or "nothing breaks"
            self._context.record.emit("note", text=f"with {len(parts)} parts: {told[:160]}")
        return self._reasons[key]


def _texts(lab: Lab, commit: str, paths: Sequence[str]) -> dict[str, str | None]:
    """Texts of files of a commit, None where there is none; what is no text is left out."""
    source = lab.commit_source(commit)
    found: dict[str, str | None] = {}
    for path in paths:
        content = source.raw(path)
        try:
            found[path] = None if content is None else content.decode()
        except UnicodeDecodeError:
            continue
    return found


def _diff(before: Texts, after: Texts, part: Part) -> str:
    """What was left out, as a diff."""
    old = before.get(part.path) or ""
    new = with_parts(before, after, [part]).get(part.path) or ""
    rows = difflib.unified_diff(old.splitlines(), new.splitlines(), part.path, part.path, lineterm="", n=1)
    return "\n".join(list(rows)[:DIFF_LINES])
