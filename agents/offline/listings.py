"""How lists can be asked for: `list books by author, newest first, paginated`, `search books by title`."""

import re
from dataclasses import replace

from agents.offline.facts import Fact, Lists, Relates
from agents.offline.fields import NOT_A_NAME
from agents.offline.names import resource_of
from agents.offline.words import singular_name, snake

_STOP = "|".join(
    sorted(
        NOT_A_NAME | {"highest", "lowest", "cheapest", "alphabetically", "recent", "filters", "search"},
        key=len,
        reverse=True,
    )
)
_F = (
    rf"(?:(?:the|their|its|a|an|each|every|one|given|specific|any|by|same) )*(?!(?:{_STOP})\b)(?:`[^`]+`|"
    rf"[A-Za-z][\w-]*)(?: (?!(?:{_STOP})\b)[A-Za-z][\w-]*){{0,2}}"
)
_FIELDS = (
    rf"(?P<fields>{_F}(?:\s*(?:,\s*and/or|,\s*and|,\s*or|,|/|&|\band/or\b|\bor\b|\band\b)(?: (?:by|on|in))?\s*{_F})*)"
)
_FIELD = rf"(?P<field>{_F})"
_DESC = (
    r"desc(?:ending)?|in (?:descending|reverse) order|(?:highest|largest|biggest|greatest|newest|latest|most "
    r"expensive|best|longest|most recent)(?: ones?)? first|"
    r"(?:from )?high(?:est)? to low(?:est)?|(?:from )?new(?:est)? to old(?:est)?|descending order|z-a|reversed"
)
_ASC = (
    r"asc(?:ending)?|in ascending order|(?:lowest|smallest|oldest|earliest|cheapest|worst|shortest)(?: ones?)? first|"
    r"(?:from )?low(?:est)? to high(?:est)?|(?:from )?old(?:est)? to new(?:est)?|ascending order|a-z|alphabetically"
)
_DIRECTION = rf"(?:,?\s*\(?(?:(?P<desc>{_DESC})|(?P<asc>{_ASC}))\)?)"
_SORT = r"(?:(?:sort|order)(?:ed|able|ing)?|ranked|arranged)"
_PLAIN_DIRECTION = re.sub(r"(?:newest|latest|oldest|earliest)\||\|most recent(?=\))", "", _DIRECTION)
_CREATED = (
    r"(?:creation (?:date|time)|date (?:added|created)|created[ _]at|creation|when they were (?:added|"
    r"created)|time of creation)"
)
_MODS = [
    ("newest", rf"(?:{_SORT} )?(?:by )?(?:the )?(?:newest|latest|most recent(?:ly (?:added|created))?|last "
               rf"added)(?: ones?| entries| items)?(?: first)?|in reverse chronological order|new ones first"),
    ("oldest", rf"(?:{_SORT} )?(?:by )?(?:the )?(?:oldest|earliest)(?: ones?| entries| items)?(?: first)?|in "
               rf"chronological order"),
    ("created", rf"(?:{_SORT} )?by {_CREATED}{_DIRECTION}?"),
    ("sort", rf"{_SORT} (?:them )?(?:by|on) {_FIELD}{_DIRECTION}?"),
    ("sort", rf"by {_FIELD}{_PLAIN_DIRECTION}"),
    ("top", r"(?:the )?(?P<high>highest|largest|biggest|longest|most)(?:[- ]rated)? (?P<field>[A-Za-z]\w*) first"),
    ("bottom", r"(?:the )?(?P<low>lowest|smallest|shortest|least|fewest) (?P<field>[A-Za-z]\w*) first"),
    ("cheap", r"cheapest first"),
    ("dear", r"most expensive first"),
    ("search", rf"(?:full-text )?(?:search(?:able|ed|ing)?|a search)(?: them)?(?: (?:by|in|on|over|across|"
               rf"through|for|within))+ {_FIELDS}"),
    ("filter", rf"(?:(?:filter(?:ed|able|ing|s)?|optionally|selectable|a filter|narrowed)(?: them)? )?(?:by|on|"
               rf"for (?:a|each|one|any|every) (?:given )?) ?{_FIELDS}"),
    ("filter", rf"(?:an? )?(?:optional )?{_FIELD} filters?"),
    ("pages", r"(?:paginated?(?: (?:list|results?))?|pagination|paging|paged|in pages|page by page|(?:a "
              r")?limit(?: and |/| & )offset(?: pagination)?)"),
    ("cursor", r"(?:paginated? |pages |paging |pagination )?(?:(?:by|with|using|via|through) (?:an? )?)?"
               r"(?:cursor|keyset)s?(?:[- ]based)?(?: (?:pagination|paging|pages|paginated))?"),
    ("everything", r"search(?:able|ing)?|full-text search"),
]  # fmt: skip
_RULES = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _MODS]
_GLUE = re.compile(
    r"(?:[\s,]+|(?:and|with|also|then|which|that|can|should|must|may|could|be|are|is|in|optionally|support(?:s|"
    r"ing)?|using|"
    r"returned|shown|displayed|listed|results?|first by|possible to|possible|it|them|allow|offer(?:ing)?|an?|the)\b)+",
    re.IGNORECASE,
)


def _field_names(text: str) -> tuple[str, ...]:
    parts = re.split(r"\s*(?:,|/|&|\band\b|\bor\b)\s*(?:and\b|or\b|/)?\s*", text)
    names = (
        re.sub(r"^(?:(?:the|their|its|an?|each|every|one|given|specific|any|by|on|in|same)\s+)+", "", p.strip())
        for p in parts
    )
    return tuple(snake(n) for n in names if n)


def _apply(facts: Lists, name: str, m: re.Match[str]) -> Lists | None:
    """The listing with one more thing said; None when an order is given twice."""
    groups = m.groupdict()
    order: tuple[str, bool] | None = None
    if name in ("newest", "oldest"):
        order = ("created_at", name == "newest")
    elif name == "created":
        order = ("created_at", groups["desc"] is not None)
    elif name == "sort":
        order = (_field_names(m["field"])[0], groups["desc"] is not None)
    elif name in ("top", "bottom"):
        order = (snake(m["field"]), name == "top")
    elif name in ("cheap", "dear"):
        order = ("price", name == "dear")
    if order:
        return replace(facts, order_by=order[0], descending=order[1]) if facts.order_by is None else None
    if name == "pages":
        return replace(facts, paginated=True)
    if name == "cursor":
        return replace(facts, cursor=True)
    if name == "search":
        return replace(facts, search=(*facts.search, *_field_names(m["fields"])))
    if name == "everything":
        return replace(facts, search=("*",))
    return replace(facts, filters=(*facts.filters, *_field_names(groups.get("fields") or m["field"])))


def modifiers(text: str, resource: str | None) -> Lists | None:
    """`by author, newest first, paginated`; None when a word of it means something else."""
    facts, at = Lists(resource), 0
    while at < len(text):
        found = [(m.end(), name, m) for name, rule in _RULES if (m := rule.match(text, at)) and _ends(text, m.end())]
        glue = _GLUE.match(text, at)
        if not found and glue:
            at = glue.end()
            continue
        if not found:
            return None
        _, name, m = max(found, key=lambda f: f[0])
        applied = _apply(facts, name, m)
        if applied is None:
            return None
        facts, at = applied, m.end()
    return facts


def _ends(text: str, end: int) -> bool:
    return end >= len(text) or not (text[end - 1].isalnum() and (text[end].isalnum() or text[end] in "_-"))


_LIST = (
    r"(?:list(?:ing)?|show(?:ing)?|get(?:ting)?|brows(?:e|ing)|return(?:ing)?|display(?:ing)?|view(?:ing)?|"
    r"see(?:ing)?|fetch(?:ing)?|retriev(?:e|ing)|find(?:ing)?|look(?:ing)? up)"
)
_TO = r"(?:to|for|of|on|from|in)"
_R = r"(?P<res>(?:`[^`]+`|[A-Za-z][\w-]*)(?: (?!by\b|with\b|in\b|for\b|of\b)[A-Za-z][\w-]*){0,3}?)"
_SHAPES = [
    (rf"{_LIST} (?:all )?(?:the )?(?P<first>newest|latest|most recent|oldest|cheapest|most expensive) {_R}(?: "
     rf"first)?(?P<mods>[ ,].+)?", "{first} first {mods}"),
    (rf"(?:{_LIST} )?(?P<first>newest|latest|most recent|oldest|cheapest|most expensive) {_R} "
     rf"first(?P<mods>[ ,].+)?", "{first} first {mods}"),
    (rf"{_LIST} {_R}(?P<mods>[ ,].+)?", "{mods}"),
    (rf"(?:filter(?:ing)?) {_R} (?P<mods>(?:by|on) .+)", "filter {mods}"),
    (rf"search(?:ing)?(?: for)? {_R} (?:by|in|on|through|over) (?P<mods>.+)", "search by {mods}"),
    (rf"search(?:ing)?(?: for| in)? {_R}", "search"),
    (rf"(?:sort|order)(?:ing)? {_R}(?: alphabetically)? by (?P<mods>.+)", "sort by {mods}"),
    (rf"(?:sort|order)(?:ing)? {_R} (?P<mods>.+ first)", "{mods}"),
    (rf"(?:paginat(?:e|ing)|pag(?:e|ing) through) (?:the )?{_R}(?P<mods>[ ,].+)?", "pagination {mods}"),
    (rf"(?:pagination|paging) {_TO} {_R}", "pagination"),
    (rf"(?:a )?(?:search|search box|search endpoint) (?:{_TO}|over) {_R} (?P<mods>by .+)", "search {mods}"),
    (rf"(?:a )?(?:search|search endpoint) {_TO} {_R}", "search"),
    (rf"(?:a )?(?P<what>filter(?:s|ing)?|search(?:ing)?|sort(?:ing)?|order(?:ing)?) (?P<mods>(?:by|on) .+) "
     rf"{_TO} {_R}", "{what} {mods}"),
    (rf"(?:a )?filter(?:s|ing)? {_TO} {_R} (?P<mods>by .+)", "filter {mods}"),
    (rf"(?:a )?(?:sort|sorting|ordering) {_TO} {_R} (?P<mods>by .+)", "sort {mods}"),
    (rf"{_R} (?:can|should|must|may|shall|could)(?: also)? be (?P<mods>.+)", "{mods}"),
    (rf"{_R} (?:are|is)(?: listed| shown| returned)?,? (?P<mods>.+)", "{mods}"),
    (rf"{_R} (?:should |must )?(?:support|offer|have|get|need)s? (?P<mods>(?:pagination|paging|filter|search|"
     rf"sort|a search|a filter).*)", "{mods}"),
    (rf"{_LIST},? (?P<mods>(?:by|sorted|ordered|newest|oldest|latest) .+)", "{mods}"),
    (r"(?P<mods>(?:results )?(?:newest|latest|oldest|most|highest|lowest|cheapest|paginat|paging|paged|page by|"
     r"in pages|filter|sort|order|search|with|by|in|an? ).*)", "{mods}"),
]  # fmt: skip
_COMPILED = [(re.compile(shape, re.IGNORECASE), template) for shape, template in _SHAPES]
_OF_PARENT = re.compile(
    rf"{_LIST} (?:all )?(?:the )?(?P<child>[\w` -]+?) (?:of|for) (?:a|an|each|every|one|the|any|a given) "
    rf"(?P<parent>[\w` -]+)",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(
    rf"{_LIST} (?:all )?(?:of )?(?:an?|the|each|every) (?P<parent>[\w-]+)'s (?P<child>[\w` -]+)", re.IGNORECASE
)


def read_listing(text: str) -> list[Fact] | None:
    """A listing, or the list of one parent's children."""
    text = re.sub(
        r"^(?:add|implement|offer|provide|support|allow|enable|include)(?:ing)? (?=(?:an? )?(?:pag|filter|"
        r"search|sort|order|list|brows))",
        "",
        text,
        flags=re.IGNORECASE,
    )
    for rule in (_OF_PARENT, _POSSESSIVE):
        if (
            (m := rule.fullmatch(text))
            and (child := resource_of(m["child"]))
            and (parent := resource_of(m["parent"])) is not None
        ):
            return [Relates("many", child, parent or None), Lists(child)]
    for shape, template in _COMPILED:
        m = shape.fullmatch(text)
        if m is None:
            continue
        groups = {k: (v or "") for k, v in m.groupdict().items()}
        resource = resource_of(groups["res"]) if "res" in groups else ""
        if resource is None:
            continue
        said = template.format(**groups).strip()
        if (facts := modifiers(said, resource or None)) is not None and (said or "res" in groups):
            return [facts]
    return None


def target_key(name: str) -> str:
    """A filter's name without number: `tags` -> `tag`."""
    return singular_name(name)
