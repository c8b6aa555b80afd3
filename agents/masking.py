"""Taking secrets out of text before a model or the record gets to see it."""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

SHORTEST = 6
"""A known secret shorter than this is not looked for: it would be found everywhere."""

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "private key",
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)", re.S
        ),
    ),
    ("api key", re.compile(r"\b(?:sk|rk|pk)[-_](?:[A-Za-z0-9]{1,10}[-_]){0,3}[A-Za-z0-9_-]{16,}")),
    ("aws key", re.compile(r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}\b")),
    ("google key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}")),
    ("token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})")),
    ("token", re.compile(r"\b(?:xox[abeoprs]-[A-Za-z0-9-]{10,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,})")),
    ("token", re.compile(r"\bpypi-[A-Za-z0-9_-]{40,}")),
    ("token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")),
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{16,}")
_URL_PASSWORD = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]{1,30}://[^\s:/@'\"]{0,100}):([^\s/@'\"]{1,200})@")
_ASSIGNED = re.compile(
    r"(?i)\b([\w-]{0,40}(?:api_?key|secret|token|passwd|password|pwd|credential)[\w-]{0,40}[\"']?\s{0,3}[:=]\s{0,3})"
    r"([\"']?)(?=[^\s\"']{0,200}\d)(?=[^\s\"']{0,200}[A-Za-z])([A-Za-z0-9+/_=.-]{20,})"
)


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with known secrets (plain, URL-quoted, JSON-escaped, base64) and everything shaped like one taken out.

    Masking twice is masking once.
    """
    for secret in sorted({s for s in secrets if len(s) >= SHORTEST}, key=lambda s: (-len(s), s)):
        for form in _forms(secret):
            text = text.replace(form, "[masked]")
    for kind, pattern in _PATTERNS:
        text = pattern.sub(f"[masked {kind}]", text)
    text = _BEARER.sub(r"\1\2[masked]", text)
    text = _URL_PASSWORD.sub(r"\1:[masked]@", text)
    return _ASSIGNED.sub(r"\1\2[masked]", text)


def _forms(secret: str) -> list[str]:
    encoded = base64.b64encode(secret.encode("utf-8", "replace")).decode().rstrip("=")
    forms = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], encoded}
    return sorted(forms, key=lambda form: (-len(form), form))


def kind_of_secret(text: str) -> str:
    """What known kind of secret a text holds (`private key`, `aws key`), by its shape; empty for none."""
    return next((kind for kind, pattern in _PATTERNS if pattern.search(text)), "")
