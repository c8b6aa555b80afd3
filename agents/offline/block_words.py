"""Building blocks asked for in words: `limit requests to 100 per minute`, `add ETags`, `allow CORS for https://...`."""

import re

from agents.blueprints.spec import BlockSpec
from agents.offline.facts import Adds, Fact
from agents.offline.job_words import read_job
from agents.offline.names import resource_of

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000,
            "year": 31_536_000}  # fmt: skip
_SPANS = [
    rf"(?P<n{mark}>\d{{1,4}}) (?P<unit{mark}>second|minute|hour|day|week|month|year)s?(?: old)?" for mark in "abc"
]
_RETENTION = re.compile(
    r"(?:(?:automatically|and|also) )*(?:delete|remove|purge|clean up|expire)(?: old)? (?P<a>[\w -]+?)"
    rf"(?: automatically)? (?:(?:that|which) are )?(?:older than|after) {_SPANS[0]}(?: automatically)?|"
    rf"keep (?P<b>[\w -]+?) (?:only )?for (?:only |at most )?{_SPANS[1]}|"
    rf"(?P<c>[\w -]+?) (?:expire|are deleted|are removed)(?: automatically)? after {_SPANS[2]}",
    re.IGNORECASE,
)
_ADD = r"(?:(?:add|with|use|support|include|apply|set|have|enable|provide|and|a|an|the|some) )*"
_EVERY = r"(?:,? (?:(?:per|for|from|of|by) )?(?:each |every |one )?(?:client|user|caller|ip(?: address)?|address)s?)?"
_RATE = re.compile(
    rf"{_ADD}(?:(?:rate[- ]?limit(?:s|ing|ed)?(?: (?:the |all |every |each )*(?:api|requests|service))?|"
    rf"limit (?:all |the |every |each )*(?:requests|clients?|callers?|api)|"
    rf"throttl(?:e|ing)(?: (?:all |the )*(?:requests|clients|api))?|at most){_EVERY})"
    rf"(?:(?: of| to| at|:)* (?P<n>\d{{1,6}})(?: requests?)?(?:{_EVERY})(?: per | a | an | each | every | ?/ ?)"
    rf"(?P<unit>second|minute|hour|day)(?:{_EVERY}))?",
    re.IGNORECASE,
)
_ETAG = re.compile(
    rf"{_ADD}(?:(?:send|return|emit|answer) )?(?:with )?(?:http )?(?:caching|cache|conditional (?:get|requests?|gets))?"
    r"(?: ?(?:with|by|via|using))? ?(?:e-?tags?)"
    r"(?: (?:headers?|caching|support|and|304|answers?|if-none-match|for|in|on|get|all|requests|responses))*|"
    rf"{_ADD}(?:http caching|conditional (?:get|requests?|gets))",
    re.IGNORECASE,
)
_ORIGIN = r"https?://[\w.-]+(?::\d+)?"
_CORS = re.compile(
    rf"{_ADD}(?:(?:allow |enable |permit )*(?:cors|cross[- ]origin (?:requests|calls|access))|"
    r"allow (?:pages|browsers|calls|requests) (?:of|on|from|at)|allow(?: the)? origins?)"
    r"(?: (?:for|from|to|of|by|at|on|the|origins?|pages|browsers))* "
    rf"(?P<origins>{_ORIGIN}(?:(?:,| and|, and) {_ORIGIN})*)",
    re.IGNORECASE,
)

_JOBS = re.compile(
    rf"{_ADD}(?:export (?P<a>[\w -]+?) (?:in the background|as an? background jobs?|by an? background jobs?)|"
    r"background (?:exports?|export jobs?) (?:of|for) (?P<b>[\w -]+?))",
    re.IGNORECASE,
)
_CLIENT = re.compile(
    rf"{_ADD}(?:(?:call|use|ask|query|connect to|integrate with|talk to|http|an?|the|client|of|for|to|from) )*"
    r"(?:(?:external|other|another|third[- ]party|upstream|remote) )(?:http )?(?:service|api)(?: client)?"
    rf" (?:at|on|under) (?P<url>{_ORIGIN})"
    r"(?:,? (?:with|and|timeouts?|retries|over|http|httpx|by|using|a|an|client))*",
    re.IGNORECASE,
)
_OWN_WAY = "stripe|github|gitlab|slack|paypal|shopify|twilio|a signature"
"""Senders that sign otherwise."""
_WEBHOOKS = re.compile(
    rf"{_ADD}(?:(?:receive|accept|take|verify|check|handle|signed|incoming|inbound|and|the|an?) )*web ?hooks?"
    r"(?: (?:endpoints?|receivers?|with|by|and|an?|the|hmac|signatures?|signed|replay protection|timestamps?|"
    rf"signature checks?|checked|verified))*(?: (?:from|of|by) (?!(?:{_OWN_WAY})\b)[\w -]+)?",
    re.IGNORECASE,
)
_OUTGOING = re.compile(r"\b(?:send|deliver|outgoing|outbound|notify|to)\b", re.IGNORECASE)

_IDEMPOTENCY = re.compile(
    rf"{_ADD}(?:accept |honou?r |require )?(?:an? )?idempotency[- ]keys?"
    r"(?: (?:headers?|support|for|on|of|when|with|creating|all|the|every|posts?|requests?|"
    r"creates?|creations?|writes?))*|"
    rf"{_ADD}(?:make )?(?:all |the |every )*idempotent (?:posts?|creation|creates?|requests?)",
    re.IGNORECASE,
)
_SIZE = r"(?P<n>\d{1,6}) ?(?P<unit>kb|kib|mb|mib|gb|kilobytes?|megabytes?)"
_KIND = {
    "image": ("image",), "photo": ("image",), "picture": ("image",), "pdf": ("pdf",), "text": ("text",),
    "document": ("pdf",), "attachment": ("image", "pdf"), "file": ("image", "pdf"),
}  # fmt: skip
_KINDS = rf"(?:{'|'.join(_KIND)})s?(?: files?)?"
_UPLOADS = re.compile(
    rf"(?:(?:add|support|allow|let|have|provide|include|with|and|the|users?|clients?|can|may|to|an?) )*"
    rf"(?:upload(?:s|ing)?(?: and download(?:ing)?)?(?: of)? (?:an? )?(?P<a>{_KINDS}(?:(?:,| and| or|"
    rf", and) {_KINDS})*)|"
    rf"(?P<b>{_KINDS}(?:(?: and| or) {_KINDS})*) uploads(?: and downloads)?|uploads|"
    rf"file uploads?(?: and downloads?)?)"
    rf"(?:,? (?:of |with |with a |and )*(?:up to|at most|limited to|max(?:imum)?(?: of)?|limit of) {_SIZE}(?: each)?)?",
    re.IGNORECASE,
)
_BODY = re.compile(
    rf"{_ADD}(?:limit (?:of )?(?:the |all )*(?:request )?bod(?:y|ies)(?: size)?|(?:request )?body (?:size )?limit|"
    rf"(?:request )?bodies (?:are|must be) (?:at most|limited))(?: (?:to|of|at))* {_SIZE}",
    re.IGNORECASE,
)
_CSV = re.compile(
    rf"{_ADD}(?:(?:export|import|exporting|importing|download|csv|and|or|an?|the|/|,) )*csv(?:(?: |/)(?:export|"
    rf"import|download|"
    r"exports|imports|and|or|files?))*(?: (?:of|for|to|with) (?P<a>[\w -]+?))?|"
    r"(?:export|import)(?:(?: |/)(?:and|or|export|import))* (?P<b>[\w -]+?) (?:as|to|from|by|in|via)(?: an?|"
    r" the| and| from| to)* csv"
    r"(?: files?)?",
    re.IGNORECASE,
)


_LIVE = r"(?:(?:live|real[- ]time|all|the|every|each) )*"
_EVENTS = re.compile(
    rf"{_ADD}(?:stream|send|push|publish)(?: {_LIVE}(?:changes|updates|events)(?: (?:of|to|for|in))?)? (?P<a>[\w -]+?) "
    r"(?:with|by|as|via|over|using|through) (?:server[- ]sent events|sse)|"
    rf"{_ADD}(?:server[- ]sent events|sse|an? event stream|event streams?)(?: {_LIVE}(?:for|of|on|about|with))"
    rf"(?: {_LIVE}(?:changes|updates)(?: (?:of|to|for|in))?)? (?P<b>[\w -]+?)",
    re.IGNORECASE,
)
_CHANNEL = re.compile(
    rf"{_ADD}web ?socket(?:s| channels?| endpoints?| connections?)?(?: {_LIVE}(?:for|of|on|about|with|that tells? of))"
    rf"(?: {_LIVE}(?:changes|updates|events)(?: (?:of|to|for|in))?)? (?P<a>[\w -]+?)|"
    rf"{_ADD}(?:stream|send|push|publish)(?: {_LIVE}(?:changes|updates|events)(?: (?:of|to|for|in))?)? (?P<b>[\w -]+?) "
    r"(?:with|by|via|over|using|through)(?: an?)? web ?sockets?(?: channel)?",
    re.IGNORECASE,
)


def _bytes(m: re.Match[str], default: int) -> int:
    """Decimal units, as people mean them."""
    if not m["n"]:
        return default
    return int(m["n"]) * {"k": 1_000, "m": 1_000_000, "g": 1_000_000_000}[m["unit"][0].lower()]


def _uploads(m: re.Match[str]) -> list[Fact]:
    said = (m["a"] or m["b"] or "file").lower()
    kinds = tuple(dict.fromkeys(kind for word, found in _KIND.items() if word in said for kind in found))
    if any(word in said for word in ("image", "photo", "picture", "pdf", "text")):
        plain = [w for w in _KIND if w in said and w not in ("file", "document", "attachment")]
        kinds = tuple(dict.fromkeys(kind for word in plain for kind in _KIND[word]))
    most = _bytes(m, 10_000_000)
    limit = BlockSpec(name="body_limit", amount=most + 100_000)
    return [Adds(BlockSpec(name="uploads", amount=most, names=kinds), assumed=not m["n"]), Adds(limit)]


def read_block(text: str) -> list[Fact] | None:
    """The block a clause asks for."""
    if m := _RATE.fullmatch(text):
        if text.lower().startswith("at most") and not m["n"]:
            return None
        seconds = _SECONDS[m["unit"].lower()] if m["unit"] else 60
        return [Adds(BlockSpec(name="rate_limit", amount=int(m["n"] or 100), seconds=seconds), assumed=not m["n"])]
    if m := _RETENTION.fullmatch(text):
        mark = next(mark for mark in "abc" if m[mark])
        resource = resource_of(m[mark])
        seconds = int(m[f"n{mark}"]) * _SECONDS[m[f"unit{mark}"].lower()]
        if resource is None or not seconds:
            return None
        return [Adds(BlockSpec(name="retention", seconds=seconds), resource=resource or None)]
    if (m := _JOBS.fullmatch(text)) and (resource := resource_of(m["a"] or m["b"])) is not None:
        return [Adds(BlockSpec(name="jobs"), resource=resource or None)]
    if m := _CLIENT.fullmatch(text):
        return [Adds(BlockSpec(name="http_client", names=(m["url"],)))]
    if _WEBHOOKS.fullmatch(text) and not _OUTGOING.search(text):
        return [Adds(BlockSpec(name="webhooks"))]
    if _IDEMPOTENCY.fullmatch(text):
        return [Adds(BlockSpec(name="idempotency"))]
    if _ETAG.fullmatch(text):
        return [Adds(BlockSpec(name="etag"))]
    if m := _UPLOADS.fullmatch(text):
        return _uploads(m)
    if m := _BODY.fullmatch(text):
        return [Adds(BlockSpec(name="body_limit", amount=_bytes(m, 0)))]
    if m := _CSV.fullmatch(text):
        noun = m["a"] or m["b"]
        resource = resource_of(noun) if noun else ""
        return None if resource is None else [Adds(BlockSpec(name="csv"), resource=resource or None)]
    for name, rule in (("events", _EVENTS), ("websocket", _CHANNEL)):
        if (m := rule.fullmatch(text)) and (resource := resource_of(m["a"] or m["b"])) is not None:
            told = Adds(BlockSpec(name="changes"))
            return [told, Adds(BlockSpec.model_validate({"name": name}), resource=resource or None)]
    if m := _CORS.fullmatch(text):
        return [Adds(BlockSpec(name="cors", names=tuple(re.findall(_ORIGIN, m["origins"]))))]
    return read_job(text)
