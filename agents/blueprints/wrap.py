"""Breaking long lines the way formatters leave alone: one element a line with a trailing comma."""

WIDTH = 88
"""Narrow enough for both usual line lengths, 88 and 100; a trailing comma keeps the break under either."""

_PAIRS = {"(": ")", "[": "]", "{": "}"}


def wrap_lines(source: str) -> str:
    """`source` with every too long line broken at its outermost call, parameter list or literal."""
    lines: list[str] = []
    for line in source.splitlines():
        lines += _wrap(line)
    return _normalise_blank_lines(lines)


def _wrap(line: str) -> list[str]:
    if len(line) <= WIDTH or line.lstrip().startswith(("#", '"""')):
        return [line]
    span = _span(line)
    if span is None:
        return [line]
    start, end = span
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    broken = [line[: start + 1]]
    for part in _split(line[start + 1 : end]):
        broken += _wrap(f"{indent}{part},")
    return [*broken, indent[4:] + line[end:]]


def _span(line: str) -> tuple[int, int] | None:
    """Where to break: the parameters of a `def`, else the last outermost bracket with something to split."""
    spans = [(start, end) for start, end in _outermost(line) if _breakable(line, start, end)]
    if not spans:
        return None
    return spans[0] if line.lstrip().startswith(("def ", "async def ")) else spans[-1]


def _breakable(line: str, start: int, end: int) -> bool:
    inner = line[start + 1 : end]
    parts = _split(inner)
    if not inner.strip() or (line[start] == "[" and len(parts) < 2):
        return False
    is_group = line[start] == "(" and (start == 0 or not (line[start - 1].isalnum() or line[start - 1] in "_)]"))
    return not (len(parts) == 1 and (is_group or " for " in inner))


def _outermost(line: str) -> list[tuple[int, int]]:
    spans, stack = [], []
    for index, char in _code(line):
        if char in _PAIRS:
            stack.append(index)
        elif stack and char == _PAIRS[line[stack[-1]]]:
            start = stack.pop()
            if not stack:
                spans.append((start, index))
    return spans


def _split(inner: str) -> list[str]:
    """`a, f(b, c)` -> `["a", "f(b, c)"]`."""
    parts, depth, begin = [], 0, 0
    for index, char in _code(inner):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append(inner[begin:index].strip())
            begin = index + 1
    return [part for part in (*parts, inner[begin:].strip()) if part]


def _code(text: str) -> list[tuple[int, str]]:
    """Characters outside string literals, with their positions."""
    found, quote, escaped = [], "", False
    for index, char in enumerate(text):
        if quote:
            closing = char == quote and not escaped
            escaped = char == "\\" and not escaped
            quote = "" if closing else quote
        elif char in "\"'":
            quote = char
        else:
            found.append((index, char))
    return found


def _normalise_blank_lines(lines: list[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line.strip() or kept[-2:] != ["", ""]:
            kept.append(line.rstrip())
    return "\n".join(kept).strip("\n") + "\n"
