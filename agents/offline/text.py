"""Cutting a request into statements and statements into pieces, quotes, brackets and numbers left whole."""

import re
from dataclasses import dataclass

_BULLET = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+(?:\[[ xX]\]\s+)?(?P<text>\S.*)$")
_HEADING = re.compile(r"^\s*#{1,6}\s+(?P<text>.*?)\s*#*\s*$")
_MARKS = re.compile(r"(?<!\w)(\*\*|__|\*)(?=\S)(?P<text>.+?)(?<=\S)\1(?!\w)")
_PLAIN = str.maketrans("\u2013\u2014\u201c\u201d\u2018\u2019\u00a0", "--\"\"'' ")
_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence, or a line that introduces a bullet list (`Add books with:`)."""

    text: str
    bullets: tuple[str, ...] = ()
    heading: bool = False


def tidy(text: str) -> str:
    """One line, plain dashes and quotes, no emphasis marks."""
    text = text.translate(_PLAIN)
    text = text.replace("\u2265", ">=").replace("\u2264", "<=").replace("\u2026", "...")
    return re.sub(r"\s+", " ", _MARKS.sub(r"\g<text>", text)).strip()


def spans(text: str, separators: str) -> list[tuple[int, int]]:
    """Where the pieces between the separators (a regular expression) are; brackets and quotes are never cut."""
    found, start, depth, quote, i = [], 0, 0, "", 0
    pattern = re.compile(separators, re.IGNORECASE)
    while i < len(text):
        char = text[i]
        if quote:
            quote = "" if char == quote else quote
        elif char in '`"' or (char == "'" and (i == 0 or not text[i - 1].isalnum()) and "'" in text[i + 1 :]):
            quote = char
        elif char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            depth = max(0, depth - 1)
        elif depth == 0 and (match := pattern.match(text, i)) and match.end() > i:
            found.append((start, i))
            start = i = match.end()
            continue
        i += 1
    return [*found, (start, len(text))]


def cut(text: str, separators: str) -> list[str]:
    """The pieces themselves, stripped."""
    return [text[a:b].strip() for a, b in spans(text, separators)]


def sentences(paragraph: str) -> list[str]:
    """Sentences of one paragraph; `0.5`, `e.g.` and `v1.2` do not end one."""
    text = re.sub(r"\b(e\.g|i\.e|etc|vs)\.", lambda m: m[0].replace(".", "\0"), tidy(paragraph), flags=re.IGNORECASE)
    parts = cut(text, r"(?:(?<=[^.])\.(?=\s|$)|[;!?](?=\s|$))\s*")
    return [p.replace("\0", ".") for p in parts if p]


def _blocks(text: str) -> list[tuple[str, str]]:
    """Lines joined to `(kind, text)`: heading, bullet (continuation lines included) or paragraph."""
    blocks: list[tuple[str, str]] = []
    fresh = True
    for line in text.splitlines():
        if not line.strip():
            fresh = True
        elif heading := _HEADING.match(line):
            blocks.append(("heading", tidy(heading["text"]).rstrip(":")))
            fresh = True
        elif bullet := _BULLET.match(line):
            blocks.append(("bullet", bullet["text"]))
            fresh = False
        elif fresh or (blocks[-1][0] == "bullet" and not line[0].isspace()):
            blocks.append(("paragraph", line))
            fresh = False
        else:
            blocks[-1] = (blocks[-1][0], f"{blocks[-1][1]} {line.strip()}")
    return blocks


def statements(text: str) -> list[Statement]:
    """The request as statements in order; bullets below a heading or a line that ends with `:` belong to it."""
    result: list[Statement] = []
    for kind, content in _blocks(text):
        if kind == "heading":
            result.append(Statement(content, heading=True))
        elif kind == "paragraph":
            result += [Statement(s) for s in sentences(content)]
        elif result and (result[-1].heading or result[-1].text.endswith(":")):
            last = result[-1]
            item = tidy(content).rstrip(".;,")
            result[-1] = Statement(last.text, (*last.bullets, item), last.heading)
        else:
            result += [Statement(s) for s in sentences(content)]
    return result
