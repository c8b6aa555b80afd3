"""Python examples out of text: `f(2)` returns 3, expected 4; doctest blocks; `f(0)` raises ZeroDivisionError."""

import ast
import re
from collections.abc import Iterable

from agents.bugs.report import Example

_LITERAL = r"-?\d+(?:\.\d+)?|True|False|None|\"[^\"\n]*\"|'[^'\n]*'|\[[^\]\n]*\]|\{{[^}}\n]*\}}|\([^)\n]*\)"
_VALUE = r"(?:`(?P<{0}q>[^`\n]+)`|(?P<{0}>" + _LITERAL + "))"
_CALL = r"(?:`(?P<callq>[^`\n]+)`|(?P<call>\b[A-Za-z_][\w.]*\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)))"
_RETURNS = r"(?:returns?|returned|gives?|gave|is|was|evaluates to|yields?|results? in|comes? out as|==|->|=>)"
_SHOULD = (
    r"(?:should (?:be|return|give|yield|equal|evaluate to)|must (?:be|return|give)"
    r"|is expected to (?:be|return|give)|ought to (?:be|return|give))"
)
_BUT = (
    r"[\s,;.(]*(?:but|instead of|rather than|expected|not|when it should (?:be|return)"
    r"|(?:it )?should (?:be|return|give)|and not)[\s:]*(?:but\s+)?(?:got\s+)?"
)
_ERROR = r"`?(?P<error>[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|Iteration))`?"
_SEEN_EXPECTED = re.compile(rf"{_CALL}\s+{_RETURNS}\s+{_VALUE.format('seen')}{_BUT}{_VALUE.format('expected')}")
_EXPECTED = re.compile(rf"{_CALL}\s+{_SHOULD}\s+{_VALUE.format('expected')}")
_SHOULD_RAISE = re.compile(rf"{_CALL}\s+(?:should|must|is expected to|ought to) raise (?:an? )?`?(?P<error>[A-Z]\w+)")
_RAISES = re.compile(
    rf"{_CALL}\s+(?:raises?|raised|throws?|threw|fails with|crashes with|dies with|ends in) (?:an? )?{_ERROR}"
    rf"(?:{_BUT}{_VALUE.format('expected')})?"
)
_DOCTEST = re.compile(r"(?m)^\s*>>>\s+(?P<call>.+)\n(?P<shown>(?:(?!\s*>>>|\s*$)\s*.+\n?)*)")
_INSTEAD = re.compile(
    r"(?im)^\W*(?:expected|should be|instead of|want(?:ed)?)(?: output| result)?\W+"
    + _VALUE.format("expected")
    + r"\s*$"
)
MOST = 20


def examples_in(text: str) -> tuple[Example, ...]:
    """Every example that can be checked, in order, none twice."""
    found = (e for e in (*_doctests(text), *_sentences(text)) if e.tells and _is_call(e.call))
    return tuple(dict.fromkeys(found))[:MOST]


def _sentences(text: str) -> Iterable[Example]:
    for match in _SEEN_EXPECTED.finditer(text):
        yield _example(match, expected=_value(match, "expected"), seen=_value(match, "seen"))
    for match in _EXPECTED.finditer(text):
        yield _example(match, expected=_value(match, "expected"))
    for match in _SHOULD_RAISE.finditer(text):
        yield _example(match, raises=match["error"])
    for match in _RAISES.finditer(text):
        yield _example(match, seen_error=match["error"], expected=_value(match, "expected"))


def _example(match: re.Match[str], **said: str) -> Example:
    values = {key: text for key, text in said.items() if key in ("raises", "seen_error") or _is_value(text)}
    return Example(call=(match["callq"] or match["call"]).strip(), **values)


def _value(match: re.Match[str], name: str) -> str:
    return (match[f"{name}q"] or match[name] or "").strip()


def _doctests(text: str) -> Iterable[Example]:
    """A prompt with what is printed is what happens; what should, is said in the lines that follow."""
    matches = list(_DOCTEST.finditer(text))
    for number, match in enumerate(matches):
        end = matches[number + 1].start() if number + 1 < len(matches) else len(text)
        call = match["call"].partition("  #")[0].strip()
        shown = match["shown"].strip()
        wanted = _INSTEAD.search(f"{shown}\n{text[match.end() : end]}") or _INSTEAD.search(match["call"])
        error = re.search(_ERROR, shown) if "Traceback" in shown else None
        expected = _value(wanted, "expected") if wanted else ""
        if expected and _is_value(expected):
            yield Example(call=call, expected=expected, seen="" if error else shown.splitlines()[0] if shown else "")
        elif error:
            yield Example(call=call, seen_error=error["error"])


def _is_call(text: str) -> bool:
    """One expression that calls something."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, ast.Call) for node in ast.walk(tree))


def _is_value(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return bool(text)
