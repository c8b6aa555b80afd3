"""Applying one replacement to one text: exact, whitespace-tolerant, already applied; refusals a model can act on."""

import difflib
import re

from agents.errors import EditRefused
from agents.syntax import check_python, check_syntax

__all__ = ["apply_replace", "check_python", "check_syntax"]

SHOWN_LINES = 12
"""Most lines of a file quoted in a refusal."""
COMPARED_LINES = 20_000
"""Most lines searched for something similar."""


def apply_replace(text: str, old: str, new: str) -> str:
    """`text` with its one occurrence of `old` turned into `new`; line ends are kept as the file has them.

    Tried in order: exact; the same lines with other trailing space, blank lines around or another indentation (`new` is
    shifted alike). A replacement that is there already is returned unchanged, so applying an edit twice is harmless.

    Raises:
        EditRefused: `old` is empty, occurs more than once, or is not there (with the lines that come closest).
    """
    old, new = old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
    if not old.strip():
        raise EditRefused("The text to replace is empty. Give the lines to find, or write the whole file.")
    if old == new:
        raise EditRefused("The text to replace and its replacement are the same: nothing would change.")
    spans = _spans(text, old)
    if _applied(text, old, new, spans):
        return text
    if len(spans) == 1:
        return _splice(text, spans[0], new)
    if spans:
        raise EditRefused(_ambiguous([_line_of(text, start) for start, _ in spans]))
    return _replace_lines(text, old, new)


def _spans(text: str, wanted: str) -> list[tuple[int, int]]:
    """Where `wanted` stands in `text`, overlaps included, either line end."""
    pattern = r"\r?\n".join(re.escape(line) for line in wanted.split("\n"))
    return [match.span(1) for match in re.finditer(f"(?=({pattern}))", text)]


def _applied(text: str, old: str, new: str, spans: list[tuple[int, int]]) -> bool:
    """The replacement stands in `text` and every `old` left (`spans`) is a part of it."""
    if not new.strip() or (spans and old not in new) or (not spans and _untouched(text, old, new)):
        return False
    done = _spans(text, new)
    return bool(done) and all(any(a <= start and end <= b for a, b in done) for start, end in spans)


def _untouched(text: str, old: str, new: str) -> bool:
    """Every line the replacement would have removed is still there: it was not made, whatever else the text holds."""
    gone = {line.strip() for line in old.split("\n")} - {line.strip() for line in new.split("\n")} - {""}
    return bool(gone) and gone <= {line.strip() for line in text.split("\n")}


def _splice(text: str, span: tuple[int, int], new: str) -> str:
    start, end = span
    around = text[start:end] if "\n" in text[start:end] else text
    if around.count("\r\n") * 2 > around.count("\n"):
        new = new.replace("\n", "\r\n")
    return text[:start] + new + text[end:]


def _line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _ambiguous(lines: list[int]) -> str:
    shown = ", ".join(map(str, lines[:20])) + (" ..." if len(lines) > 20 else "")
    return (
        f"The text to replace occurs {len(lines)} times, at lines {shown}. "
        "Add lines before or after it until it occurs once; the file is unchanged."
    )


def _replace_lines(text: str, old: str, new: str) -> str:
    """Compare whole lines, not characters."""
    have = text.split("\n")
    want, lead, tail = _trim(old.split("\n"))
    hits = [(at, shift) for at in range(len(have) - len(want) + 1) if (shift := _shift(have, at, want)) is not None]
    if len(hits) > 1:
        raise EditRefused(_ambiguous([at + 1 for at, _ in hits]))
    if not hits:
        if _lines_present(have, new) and not _untouched(text, old, new):
            return text
        raise EditRefused(_not_found(have, want))
    at, (added, removed) = hits[0]
    lines = _without_ends(new.split("\n"), lead, tail) if new.strip() else []
    moved = [_moved(line, added, removed) for line in lines]
    start = sum(len(line) + 1 for line in have[:at])
    end = start + sum(len(line) + 1 for line in have[at : at + len(want)])
    if moved or end > len(text):
        end -= 1
    if text[start:end].endswith("\r"):
        end -= 1
    return _splice(text, (start, end), "\n".join(moved))


def _trim(lines: list[str]) -> tuple[list[str], int, int]:
    """The lines without blank ones at both ends, and how many were dropped at each."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return lines[filled[0] : filled[-1] + 1], filled[0], len(lines) - filled[-1] - 1


def _without_ends(lines: list[str], lead: int, tail: int) -> list[str]:
    """Drop the blank lines at the ends that were dropped from the text to replace, never more."""
    while lead and not lines[0].strip():
        lines, lead = lines[1:], lead - 1
    while tail and not lines[-1].strip():
        lines, tail = lines[:-1], tail - 1
    return lines


def _shift(have: list[str], at: int, want: list[str]) -> tuple[str, str] | None:
    """(indentation to add, to remove) that makes `want` the lines of `have` from `at` on; None: it is not those."""
    shift: tuple[str, str] | None = None
    for found, wanted in zip(have[at : at + len(want)], want, strict=True):
        if found.strip() != wanted.strip():
            return None
        if not found.strip():
            continue
        real, given = _indent(found), _indent(wanted)
        if not (real.endswith(given) or given.endswith(real)):
            return None
        step = (real[: len(real) - len(given)], given[: len(given) - len(real)])
        if shift is not None and step != shift:
            return None
        shift = step
    return shift


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _moved(line: str, added: str, removed: str) -> str:
    if not line.strip():
        return ""
    if not line.startswith(removed):
        raise EditRefused(
            f"The lines are there with {len(removed)} columns less of indentation, but the replacement has a line "
            f"that cannot move left by that much: {line.strip()!r}. Indent it as the file does; the file is unchanged."
        )
    return added + line[len(removed) :]


def _lines_present(have: list[str], new: str) -> bool:
    if not new.strip():
        return False
    want, _, _ = _trim(new.split("\n"))
    return any(_shift(have, at, want) is not None for at in range(len(have) - len(want) + 1))


def _not_found(have: list[str], want: list[str]) -> str:
    at = _closest(have[:COMPARED_LINES], want)
    head = "The text to replace is not in the file; the file is unchanged."
    if at is None:
        return f"{head} Nothing in its {len(have)} lines is similar: read the file again."
    shown = have[at : at + min(len(want), SHOWN_LINES)]
    quoted = "\n".join(f"{at + number + 1:>5}  {line.rstrip()}" for number, line in enumerate(shown))
    return f"{head} Did you mean these lines?\n{quoted}\n{_difference(shown, want, at)}Copy them exactly as they are."


def _closest(have: list[str], want: list[str]) -> int | None:
    """Index of the line where something most like `want` begins; None when nothing is similar."""
    wanted = [line.strip() for line in want]
    stripped = [line.strip() for line in have]
    present = {line for line in wanted if line} & set(stripped)
    if present:
        scores = [
            sum(
                1
                for have_line, want_line in zip(stripped[at : at + len(wanted)], wanted, strict=False)
                if have_line == want_line != ""
            )
            for at in range(len(stripped))
        ]
        return max(range(len(scores)), key=lambda at: (scores[at], -at))
    anchor = max(wanted, key=len)
    near = difflib.get_close_matches(anchor, sorted(set(stripped)), n=1, cutoff=0.6)
    return max(0, stripped.index(near[0]) - wanted.index(anchor)) if near else None


def _difference(shown: list[str], want: list[str], at: int) -> str:
    for number, (found, wanted) in enumerate(zip(shown, want, strict=False)):
        if found.strip() != wanted.strip():
            return f"First difference, line {at + number + 1}: it is {found.strip()!r}, you wrote {wanted.strip()!r}. "
    return "The words are the same, the indentation is not. "
