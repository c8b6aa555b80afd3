"""What is unclear about a request before anything is planned: open points, and what the repository's tests deny."""

import re
from collections.abc import Sequence

from agents.blueprints.spec import Action, FeatureSpec
from agents.contracts import Request
from agents.open_requests import open_requests
from agents.profile import AppProfile, Source
from sandbox.text import counted

_METHODS: dict[Action, tuple[str, ...]] = {
    "create": ("POST",), "read": ("GET",), "list": ("GET",), "update": ("PATCH", "PUT"), "delete": ("DELETE",),
}  # fmt: skip
_BY_ID: frozenset[Action] = frozenset({"read", "update", "delete"})
CLOSING = re.compile(
    r"(?i)\blog(?:ged)?[ -]?in\b|auth|token|\bjwt\b|\bonly\b|protect|guard|secure|private|\bown\b|admin"
)
"""Words of a sentence that closes something."""

_NAMED = re.compile(
    r"(?i)\b(?:add|create|build|manage|store|track)\s+(?:an?\s+|the\s+)?(?P<what>[a-z][a-z_-]+)\b(?P<rest>[^.;\n]*)"
)
_FIELDS = re.compile(r"(?i)\bwith\b|\bhav(?:e|ing)\b|\bfields?\b|:|\(|\bfrom\b|\bto\b|\bfor\b")
_OWNERS = re.compile(r"(?i)\b(?:their|his|her|my|own|owned|personal|private)\b")
_LOGIN = re.compile(r"(?i)\blog(?:ged)?[ -]?in\b|\blogin\b|\bauthenticat|\bjwt\b|\btoken\b|\busers?\b")
_UPLOAD = re.compile(r"(?i)\bupload|\battach|\bimport(?:ed|s)?\b[^.]*\b(?:csv|file)")
_SIZE = re.compile(r"(?i)\b\d+\s*(?:kb|mb|gb|kib|mib|bytes|kilobytes|megabytes)\b")
_LISTS = re.compile(r"(?i)\blist|\bsearch|\bexport|\ball\b")
_PAGES = re.compile(r"(?i)\bpag(?:e|inat)|\blimit|\bfirst \d+|\btop \d+|\bcursor")
_PUBLIC = re.compile(r"(?i)\b(?:public|anybody|anyone|everybody|everyone|without (?:a )?login|no login)\b")
_CLOSED = re.compile(r"(?i)\brequire[sd]? (?:a )?login|\bonly (?:logged|admins?|owners?|users)|\bneeds? (?:a )?login")


def open_points(text: str) -> tuple[str, ...]:
    """What a request in free words leaves open, one sentence each; found by its words, so no more than a hint."""
    named = [(match["what"].lower(), bool(_FIELDS.search(match["rest"]))) for match in _NAMED.finditer(text)]
    told = {what for what, described in named if described}
    found = [f'No fields of "{what}" are named.' for what, _ in named if what.endswith("s") and what not in told]
    if _OWNERS.search(text) and not _LOGIN.search(text):
        found.append("Something belongs to somebody, and nothing says how a request shows whose it is.")
    elif _LOGIN.search(text) and not (_OWNERS.search(text) or _CLOSED.search(text) or _PUBLIC.search(text)):
        found.append(
            "There are users, and nothing says what each may read and change: their own things, or everything."
        )
    if _UPLOAD.search(text) and not _SIZE.search(text):
        found.append("Files come in, and nothing says how large they may be.")
    if _LISTS.search(text) and not _PAGES.search(text):
        found.append("Something is listed, and nothing says how many items one answer may hold.")
    if _PUBLIC.search(text) and _CLOSED.search(text):
        found.append(
            "One part says everybody may, another that a login is needed: do they speak of the same operations?"
        )
    return tuple(dict.fromkeys(found))


def against_tests(spec: FeatureSpec, profile: AppProfile, source: Source, request: Request | None = None) -> str:
    """Tests of the repository that send without a login what the request closes, in words; empty without any.

    `request`: as the user gave it; its sentence is quoted.
    """
    closed = closed_by(spec, profile)
    denied = [one for one in open_requests(source) if one.what in closed] if closed else []
    if not denied:
        return ""
    first = {(one.path, one.test): one for one in reversed(denied)}
    tests = sorted(first.values(), key=lambda one: (one.path, one.line))
    what = and_(sorted({one.what for one in denied}))
    more = f"{counted(len(tests) - 1, 'more test')} of the repository"
    verb = "sends it" if len(tests) == 1 else f"and {more} send it"
    where = tests[0].where
    others = f": {and_([one.test for one in tests[1:6]])}" if len(tests) > 1 else ""
    return (
        f"{_quoted(request)} closes {what} to whoever is not logged in, but {where} {verb} without a login and "
        f"{'expects' if len(tests) == 1 else 'expect'} it to work{others}{' and so on' if len(tests) > 6 else ''}. "
        f"{way_out(request, f'leave {what} open')}"
    )


def way_out(request: Request | None, other: str) -> str:
    """What the user can do about tests that deny the request; `other`: how to ask for less, as an infinitive."""
    told = f"Say which holds: change or remove those tests, commit that and ask again; or {other}."
    if request is None or not request.allow_breaking:
        return told
    return f"{told} (--allow-breaking lets clients break; tests of the repository stay as they are.)"


def sentence_of(text: str, words: re.Pattern[str]) -> str:
    """The first sentence of a request in which `words` occur, without its full stop; else its beginning."""
    sentences = [one.strip() for one in re.split(r"(?<=[.!?;])\s+|\n+", text) if one.strip()]
    found = next((one for one in sentences if words.search(one)), sentences[0] if sentences else "")
    return found.rstrip(".;! ")[:160]


def _quoted(request: Request | None) -> str:
    said = sentence_of(request.text, CLOSING) if request else ""
    return f'"{said}"' if said else "The request"


def and_(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def closed_by(spec: FeatureSpec, profile: AppProfile, *, open_now: bool = True) -> set[str]:
    """Operations of today that will need a login, ids as `{}`; `open_now` False: also those that need one already."""
    found = set()
    for guard in spec.guards:
        there = profile.resource(guard.resource)
        if there is None:
            continue
        for action in set(guard.actions) - (set(there.guarded) if open_now else set()):
            path = f"{there.path.rstrip('/')}/{{}}" if action in _BY_ID else there.path.rstrip("/")
            found |= {f"{method} {path}" for method in _METHODS[action]}
    return found
