"""Building blocks asked for in words: `limit requests to 100 per minute`, `add ETags`, `allow CORS for https://...`."""

import re

from agents.blueprints.spec import BlockSpec
from agents.offline.facts import Adds, Fact

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_ADD = r"(?:(?:add|with|use|support|include|apply|set|have|enable|provide|and|a|an|the|some) )*"
_EVERY = r"(?:,? (?:(?:per|for|from|of|by) )?(?:each |every |one )?(?:client|user|caller|ip(?: address)?|address)s?)?"
_RATE = re.compile(
    rf"{_ADD}(?:(?:rate[- ]?limit(?:s|ing)?|limit (?:all |the |every |each )*(?:requests|clients?|callers?|api)|"
    rf"throttl(?:e|ing)(?: (?:all |the )*(?:requests|clients|api))?|at most){_EVERY})"
    rf"(?:(?: of| to| at|:)* (?P<n>\d{{1,6}})(?: requests?)?(?:{_EVERY})(?: per | a | an | each | every | ?/ ?)"
    rf"(?P<unit>second|minute|hour|day)(?:{_EVERY}))?",
    re.IGNORECASE,
)
_ETAG = re.compile(
    rf"{_ADD}(?:http )?(?:caching|cache|conditional (?:get|requests?|gets))?(?: ?(?:with|by|via|using))? ?(?:e-?tags?)"
    r"(?: (?:headers?|caching|support|and|304|answers?|if-none-match))*|"
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


def read_block(text: str) -> list[Fact] | None:
    """The block a clause asks for."""
    if m := _RATE.fullmatch(text):
        if text.lower().startswith("at most") and not m["n"]:
            return None
        seconds = _SECONDS[m["unit"].lower()] if m["unit"] else 60
        return [Adds(BlockSpec(name="rate_limit", amount=int(m["n"] or 100), seconds=seconds), assumed=not m["n"])]
    if _ETAG.fullmatch(text):
        return [Adds(BlockSpec(name="etag"))]
    if m := _CORS.fullmatch(text):
        return [Adds(BlockSpec(name="cors", names=tuple(re.findall(_ORIGIN, m["origins"]))))]
    return None
