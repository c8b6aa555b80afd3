"""Making text fit for a prompt: shortened head and tail, free of what changes from run to run, fenced as data."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from sandbox.reports import TestResult

CHARS_PER_TOKEN = 4
ENTRY_CHARS = 800
"""Room a failure is shown in at least; what then does not fit is only named."""

_CHANGING: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "0x..."),
    (re.compile(r"(?:/[\w.-]+)*/pytest-of-[\w.-]+/pytest-\d+/"), "TMP/"),
    (re.compile(r"(?<![\w.])(?:/[\w.+-]+)+/(?:site-packages|dist-packages)/"), "site-packages/"),
    (re.compile(r"(?<![\w.])(?:/[\w.+-]+)*/lib/python3\.\d+/"), "python/"),
    (re.compile(r"(?<![\w.])/(?:src|tests|work|scratch)/(?=\S)"), ""),
    (re.compile(r"(?<![\w.])/tmp/[\w.-]+"), "TMP"),
    (re.compile(r"\b(127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1\]):\d{4,5}\b"), r"\1:PORT"),
    (re.compile(r"\b(in|took|after) \d+(?:\.\d+)? ?(?:ms|s|seconds?)\b"), r"\1 N s"),
    (re.compile(r"(?<![\w.])\d+\.\d+s\b"), "N s"),
    (re.compile(r"\bpid[= ]\d+\b"), "pid N"),
)


def steady(text: str) -> str:
    """The text without addresses, absolute paths, ports and durations: the same failure reads the same twice."""
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return text


def shorten(text: str, chars: int) -> str:
    """At most about `chars` characters: the head and the (longer) tail, cut at lines, what is left out counted."""
    text = text.strip("\n")
    if len(text) <= chars:
        return text
    if chars <= 0:
        return ""
    head, tail = text[: chars // 3], text[len(text) - (chars - chars // 3) :]
    head = head.rpartition("\n")[0] or head
    tail = tail.partition("\n")[2] or tail
    return f"{head}\n[... {len(text) - len(head) - len(tail)} characters left out ...]\n{tail}"


def cut(text: str, chars: int) -> str:
    """At most `chars` characters from the beginning, ended at a line; empty when not one line fits."""
    text = text.strip()
    if len(text) <= chars:
        return text
    mark = "[... cut ...]"
    kept = text[: max(0, chars - len(mark))].rpartition("\n")[0]
    return f"{kept}\n{mark}" if kept else ""


def fence(label: str, text: str) -> str:
    """Text of a foreign hand, marked as data: nothing inside can close the fence, hidden characters are gone."""
    visible = "".join(
        char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs")
    )
    inert = re.sub(r"<(\s*/?\s*data\b)", r"&lt;\1", visible, flags=re.I)
    name = re.sub(r"[^ !#-;=?-~]", "", label)
    return f'<data from="{name}">\n{inert.strip()}\n</data>'


def without_comments(markdown: str) -> str:
    """Markdown as a reader sees it: no HTML comments."""
    return re.sub(r"<!--.*?(?:-->|\Z)", "", markdown, flags=re.S)


def failures_text(failures: Iterable[TestResult], budget_tokens: int) -> str:
    """What failed and how, for a model: one entry per kind of failure, tracebacks cut head and tail to the budget."""
    groups = _alike(sorted(failures, key=lambda result: result.node_id))
    chars = budget_tokens * CHARS_PER_TOKEN
    detailed = max(1, chars // ENTRY_CHARS)
    names = [result.node_id for group in groups[detailed:] for result in group]
    named = _names(names, chars // 5)
    left = chars - len(named)
    parts: list[str] = []
    for number, group in enumerate(groups[:detailed]):
        entry = _entry(group, left // (min(detailed, len(groups)) - number) - 2)
        parts.append(entry)
        left -= len(entry) + 2
    return "\n\n".join([*parts, named] if named else parts)


def _names(names: Sequence[str], chars: int) -> str:
    if not names:
        return ""
    lines = [f"And {len(names)} more:"]
    for name in names:
        if sum(len(line) + 1 for line in lines) + len(name) + 8 > chars:
            return "\n".join([*lines, "- ..."])
        lines.append(f"- {name}")
    return "\n".join(lines)


def _alike(failures: Sequence[TestResult]) -> list[list[TestResult]]:
    """Failures of the same test function with the same message go together, in the order of the first."""
    groups: dict[tuple[str, str], list[TestResult]] = {}
    for result in failures:
        groups.setdefault((result.node_id.partition("[")[0], steady(result.message)), []).append(result)
    return list(groups.values())


def _entry(group: Sequence[TestResult], chars: int) -> str:
    first = group[0]
    head = f"{first.outcome.upper()} {first.node_id}"
    if len(group) > 1:
        head += f" (and {len(group) - 1} more parameters of it)"
    head = cut(f"{head}\n{shorten(steady(first.message), 400)}", chars)
    return f"{head}\n{shorten(steady(first.details), chars - len(head) - 60)}".rstrip()
