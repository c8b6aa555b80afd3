"""Work that an application does by itself, asked for in words: counts by the clock, webhooks that are sent."""

import re

from agents.blueprints.spec import BlockSpec
from agents.offline.facts import Adds, Fact
from agents.offline.names import resource_of

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "night": 86_400, "week": 604_800}
_PLAIN = {"hourly": "hour", "daily": "day", "nightly": "night", "weekly": "week"}
_AT = (
    r"(?:(?:every|each|once an?|once every) (?:(?P<n>\d{1,4}) )?(?P<unit>second|minute|hour|day|night|week)s?|"
    r"(?P<plain>hourly|daily|nightly|weekly))"
    r"(?: at (?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?: ?utc)?)?"
)
_JOB = r"(?:an? |the )?(?:cron(?:[- ]like)?|scheduled|periodic|recurring|background|timed) (?:job|task)"
_COUNT = r"(?:counts?|records? (?:the |how )(?:number of|many)|takes? (?:the |a )?(?:number|count) of)"
_NOUN = r"(?P<noun>[\w -]+?)"
_ASKED = rf"(?:add|run|schedule|have|start) {_JOB}"
_SCHEDULE = tuple(
    re.compile(rule, re.IGNORECASE)
    for rule in (
        rf"(?:(?:and|also) )*{_COUNT} {_NOUN} {_AT}",
        rf"{_AT},? {_COUNT} {_NOUN}",
        rf"{_ASKED}(?: that| to| which)? {_COUNT} {_NOUN} {_AT}",
        rf"{_ASKED} {_AT}(?: that| to| which)? {_COUNT} {_NOUN}",
    )
)
_CHANGE = r"(?:created|added|made|updated|changed|deleted|removed)"
_ACTIONS = {
    "created": "created", "added": "created", "made": "created", "updated": "updated", "changed": "updated",
    "deleted": "deleted", "removed": "deleted",
}  # fmt: skip
_SENDS = re.compile(
    r"(?:(?:and|also) )*(?:(?:send|deliver|post|emit|publish|add|support) )?(?:an? |the )?"
    r"(?:(?:signed|outgoing|outbound) )*(?P<word>web ?hooks?)"
    r"(?: (?:when|whenever|each time|every time)(?: an?| the| any)? (?P<a>[\w -]+?) (?:is|are|were|was|get|gets) "
    rf"(?P<what>{_CHANGE}(?:(?:,| and| or|, and|, or) {_CHANGE})*)|"
    r" (?:for|of|about|on)(?: (?:all|every|each|the))*(?: (?:changes|events|updates)(?: (?:of|to|for|in))?)?"
    r" (?P<b>[\w -]+?))",
    re.IGNORECASE,
)
_SENDING = re.compile(r"\b(?:send|deliver|post|emit|publish|outgoing|outbound|when|whenever)\b", re.IGNORECASE)
_DAY_S = 86_400


def read_job(text: str) -> list[Fact] | None:
    """The block a clause asks for."""
    for rule in _SCHEDULE:
        if m := rule.fullmatch(text):
            return _schedule(m)
    if (m := _SENDS.fullmatch(text)) and _SENDING.search(text):
        resource = resource_of(m["a"] or m["b"])
        said = re.findall(_CHANGE, m["what"] or "", re.IGNORECASE)
        names = tuple(dict.fromkeys(_ACTIONS[one.lower()] for one in said)) or ("created", "updated", "deleted")
        if resource is not None:
            return [Adds(BlockSpec(name="outgoing_webhooks", names=names), resource=resource or None)]
    return None


def _schedule(m: re.Match[str]) -> list[Fact] | None:
    """None for a time of day that does not go with the interval."""
    unit = _PLAIN[m["plain"].lower()] if m["plain"] else m["unit"].lower()
    seconds, resource = int(m["n"] or 1) * _SECONDS[unit], resource_of(m["noun"])
    after = int(m["h"]) * 3600 + int(m["m"]) * 60 if m["h"] else 0
    if resource is None or not seconds or (after and seconds % _DAY_S):
        return None
    return [Adds(BlockSpec(name="schedule", seconds=seconds, amount=after), resource=resource or None)]
