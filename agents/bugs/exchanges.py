"""HTTP requests out of text: curl lines, `GET /path ...` sentences, and what is said about their answers."""

import json
import re
import shlex
from collections.abc import Iterable
from urllib.parse import urlsplit

from agents.bugs.report import Exchange

METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
_CURL = re.compile(r"(?m)^\s*(?:[$>#]\s*)?(curl\s(?:.*\\\n)*.*)$")
_SPOKEN = re.compile(rf"`?\b(?P<method>{METHODS})\s+(?P<path>/[^\s`\"'<>,;]*)")
_CODE = r"\W{0,4}(?:an?\s|the\s|status(?: code)?\s|http(?:/1\.1)?\s)*"
_EXPECTED = re.compile(
    r"(?:expect(?:ed|s|ing)?|should(?:n't| not)? (?:be|return|answer|give|respond(?: with)?|get)|instead of"
    rf"|rather than|must (?:be|return|answer)|want(?:ed)?){_CODE}(?P<code>[1-5]\d\d)\b",
    re.IGNORECASE,
)
_SEEN = re.compile(
    r"(?:returns?|returned|answers?|answered|gives?|gave|got|gets?|get|responds?(?: with)?|responded(?: with)?"
    rf"|actual(?:ly)?|is|was|fails with|status(?: code)?){_CODE}(?P<code>[1-5]\d\d)\b"
    r"|HTTP/[\d.]+\"?\s+(?P<line>[1-5]\d\d)",
    re.IGNORECASE,
)
_WITH_BODY = re.compile(r"\b(?:with|body|payload|json|data)\b\s*:?\s*`?(?=[\[{])", re.IGNORECASE)
_EXPECTED_BODY = re.compile(
    r"\b(?:expected|should (?:be|return|answer|contain|give))\b[^\n{\[]{0,40}`?(?=[\[{])", re.IGNORECASE
)
MOST = 20


def exchanges_in(text: str) -> tuple[Exchange, ...]:
    """Every request in a text with what is said about its answer, in order, none twice."""
    found = [*_curls(text), *_spoken(_without_curl(text))]
    return tuple(dict.fromkeys(found))[:MOST]


def _without_curl(text: str) -> str:
    return _CURL.sub("", text)


def _curls(text: str) -> Iterable[Exchange]:
    matches = list(_CURL.finditer(text))
    for number, match in enumerate(matches):
        end = matches[number + 1].start() if number + 1 < len(matches) else len(text)
        exchange = _of_curl(match[1].replace("\\\n", " "))
        if exchange is not None:
            before = text[max(0, match.start() - 200) : match.start()] if number == 0 else ""
            yield _judged(exchange, f"{text[match.end() : end]}\n{before}")


def _of_curl(line: str) -> Exchange | None:
    try:
        words = iter(shlex.split(line)[1:])
    except ValueError:
        return None
    method, url, body, headers = "", "", "", []
    for word in words:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in ("-X", "--request"):
            method = value if equals else next(words, "")
        elif name in ("-H", "--header"):
            key, _, content = (value if equals else next(words, "")).partition(":")
            headers.append((key.strip(), content.strip()))
        elif name in ("-d", "--data", "--data-raw", "--data-binary", "--json"):
            body = value if equals else next(words, "")
            headers += [("Content-Type", "application/json")] if name == "--json" else []
        elif name in (
            "-u",
            "--user",
            "-o",
            "--output",
            "-w",
            "--write-out",
            "-m",
            "--max-time",
            "-A",
            "-e",
            "-b",
            "-c",
        ):
            next(words, "")
        elif not word.startswith("-"):
            url = url or word
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if not url or not (parts.netloc or parts.path):
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    method = method.upper() or ("POST" if body else "GET")
    return Exchange(method=method, path=path, headers=tuple(dict.fromkeys(headers)), body=body)


def _spoken(text: str) -> Iterable[Exchange]:
    matches = list(_SPOKEN.finditer(text))
    for number, match in enumerate(matches):
        end = matches[number + 1].start() if number + 1 < len(matches) else len(text)
        rest = text[match.end("path") : end].lstrip("`")[:2000]
        path = match["path"].rstrip(".:)")
        body = _json_after(_WITH_BODY, rest)
        yield _judged(Exchange(method=match["method"], path=path, body=body), rest)


def _judged(exchange: Exchange, said: str) -> Exchange:
    """The exchange with the statuses and bodies that are spoken of near it."""
    expected = _EXPECTED.search(said)
    wanted = int(expected["code"]) if expected else None
    codes = (int(m["code"] or m["line"]) for m in _SEEN.finditer(said) if not _inside(m, expected))
    seen = next((code for code in codes if code != wanted), None)
    return exchange.model_copy(
        update={
            "expected_status": wanted,
            "seen_status": seen,
            "expected_body": _json_after(_EXPECTED_BODY, said),
        }
    )


def _inside(match: re.Match[str], other: re.Match[str] | None) -> bool:
    return other is not None and match.start() < other.end() and other.start() < match.end()


def _json_after(pattern: re.Pattern[str], text: str) -> str:
    """The JSON value that stands where the pattern ends, empty when there is none."""
    for match in pattern.finditer(text):
        try:
            _, length = json.JSONDecoder().raw_decode(text[match.end() :])
        except (ValueError, RecursionError):
            continue
        return text[match.end() : match.end() + length]
    return ""
