"""A hit as the requests somebody sends again to see it: method, path with its query, body, what was answered."""

import json
import re
from urllib.parse import urlencode

from sandbox.attack.script import Hit, Step

BODY = 200
"""Longest body that is shown whole (characters)."""
MOST = 8
"""Requests that are shown."""
_MARK = re.compile(r"<<([\w:\- ]+)>>")
_STATUS = re.compile(r"^(?:it answered )?(\d{3})\b")


def requests_of(hit: Hit) -> str:
    """A line for every request that is needed, what it was answered with behind the last."""
    told = hit.attack.steps[hit.step]
    way = [step for step in hit.attack.steps[: hit.step] if not _another_try(step, told)]
    lines = [request_line(step) for step in way]
    if len(lines) >= MOST:
        lines = [*lines[: MOST - 2], f"... {len(lines) - MOST + 2} more"]
    return "\n".join([*lines, f"{request_line(told)}{f' -> {status}' if (status := status_of(hit)) else ''}"])


def status_of(hit: Hit) -> str:
    """The status of the answer that told, empty when there was none."""
    found = _STATUS.match(hit.answer) or _STATUS.match(hit.told)
    return found[1] if found and found[1] != "000" else ""


def _another_try(step: Step, told: Step) -> bool:
    """The same operation with another value, which was answered well."""
    kept = step.take or step.keep or step.only_if is not None
    return step.expect is not None and not kept and step.method == told.method and step.expect == told.expect


def request_line(step: Step) -> str:
    """`POST /books?draft=1 {"title": "x"}`: placeholders are `{name}`."""
    path = _printable(_filled(step.path))
    query = urlencode({key: _filled(value) for key, value in step.query.items()}, safe="{}")
    sent = f"{step.method} {path}{'&' if '?' in path else '?'}{query}" if query else f"{step.method} {path}"
    kept = {name: value for name, value in step.headers.items() if name.lower() != "content-type"}
    heads = "".join(f" [{name}: {_printable(_filled(value))}]" for name, value in kept.items())
    body = _body(step)
    return f"{sent}{heads}{f' {body}' if body else ''}"


def _body(step: Step) -> str:
    if step.upload is not None:
        one = step.upload
        size = one.size or len(one.text.encode())
        return _cut(f"file {one.field}={json.dumps(one.name)} ({one.kind}, {size} bytes): {_printable(one.text)}")
    if step.raw is not None:
        times = f" x {step.repeat}" if step.repeat > 1 else ""
        tail = f", then 0 and {step.tail}{times}" if step.tail else ""
        return f"{_cut(_printable(_filled(step.raw)))}{times}{tail}"
    if step.form is not None:
        return _cut(urlencode({key: _filled(value) for key, value in step.form.items()}, safe="{}@"))
    return "" if step.json_body is None else _cut(_filled(json.dumps(step.json_body)))


def _filled(text: str) -> str:
    return _MARK.sub(lambda mark: f"{{{_named(mark[1])}}}", text)


def _named(mark: str) -> str:
    kind, _, how = mark.partition(":")
    return f"{how} x" if kind == "large" else f"{kind}, changed: {how}" if how else kind


def _printable(text: str) -> str:
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _cut(text: str) -> str:
    return text if len(text) <= BODY else f"{text[:BODY]}... ({len(text)} characters)"
