"""From what a user hands over to one `BugReport`."""

import re

from agents.bugs.examples import examples_in
from agents.bugs.exchanges import exchanges_in
from agents.bugs.report import BugReport
from agents.bugs.traces import traces_in

_HEADS = {
    "expected": r"expected(?: behaviou?r| result| output)?|what (?:should|did you expect).*|should be",
    "actual": r"actual(?: behaviou?r| result| output)?|what (?:happens|happened).*|observed|current behaviou?r|problem",
    "steps": r"steps(?: to reproduce)?|how to (?:see|reproduce).*|reproduc(?:e|tion).*|to reproduce|example",
}
_HEAD = re.compile(
    rf"(?im)^[ \t]*(?:#+\s*|\*\*)?(?:{'|'.join(f'(?P<{k}>{v})' for k, v in _HEADS.items())})(?:\*\*)?\s*(?::|$)"
)
_ANY_HEAD = re.compile(r"(?m)^[ \t]*(?:#+\s*\S.*|\*\*[^*\n]+\*\*:?\s*)$")


def read_report(text: str, *, tests: tuple[str, ...] = ()) -> BugReport:
    """Read a bug report: prose with or without headings, traces, curl lines, examples."""
    sections = _sections(text)
    return BugReport(
        text=text,
        expected=sections.get("expected", ""),
        actual=sections.get("actual", ""),
        steps=sections.get("steps", ""),
        traces=traces_in(text),
        exchanges=exchanges_in(_unrolled(text, sections)),
        examples=examples_in(_unrolled(text, sections)),
        tests=tests,
    )


def _sections(text: str) -> dict[str, str]:
    """The parts under known headings."""
    heads = list(_HEAD.finditer(text))
    found: dict[str, str] = {}
    for head in heads:
        name = str(head.lastgroup)
        later = [m.start() for m in (*heads, *_ANY_HEAD.finditer(text)) if m.start() > head.start()]
        body = text[head.end() : min(later, default=len(text))].strip()
        found.setdefault(name, body)
    return found


def _unrolled(text: str, sections: dict[str, str]) -> str:
    """The text with its expectation said as a sentence, so that a heading reads like prose."""
    expected, actual = sections.get("expected", ""), sections.get("actual", "")
    said = f"\nexpected {expected}" if expected else ""
    return f"{text}{f'{chr(10)}it returned {actual}' if actual and not sections.get('steps') else ''}{said}"
