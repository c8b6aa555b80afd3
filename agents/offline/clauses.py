"""One clause of a request as facts: resources and their fields, relations, what is said about a field, health."""

import re
from functools import lru_cache

from agents.offline.actions import read_guard, read_limits, targets_of
from agents.offline.block_words import read_block
from agents.offline.facts import Asks, Fact, Limits, Relates, Says, Wants
from agents.offline.fields import SEPARATOR, RawField, parse_field, parse_fields
from agents.offline.listings import read_listing
from agents.offline.names import names_resource, resource_of, says_plural
from agents.offline.owner_words import read_owner
from agents.offline.phrases import parse_traits
from agents.offline.text import cut
from agents.offline.trait_words import read_trait
from agents.offline.words import snake

_ADD = (
    r"(?:add|create|build|make|implement|write|develop|generate|set up|introduce|provide|expose|store|track|"
    r"manage|support|have|include|"
    r"keep(?: track of)?|handle|save|record|maintain|define|want|need|crud for|a crud for)"
)
_API = (
    r"(?:(?:me|us|an?|the|some|one) )*(?:(?:simple|small|tiny|basic|full|complete|restful|rest|http|json|web|"
    r"fastapi|async|new|backend|crud|and) )*"
    r"(?:apis?|service|backend|application|app|crud|endpoints?|routes?|operations|web service|microservice|resources?)"
    r"(?:,? (?:for|to|of|with|that|which|where (?:users|you|we|people) can))*"
)
_STORE = (
    r"(?:(?:manag(?:e|es|ing)|stor(?:e|es|ing)|track(?:s|ing)?|handl(?:e|es|ing)|keep(?:s|ing)?(?: track "
    r"of)?|serv(?:e|es|ing)|record(?:s|ing)?|work(?:s|ing)? with) )"
)
_WITH = (
    r"(?:,? (?:each |which |that |they |it |who |all )*(?:with|having|have|has|contain(?:s|ing)?|consist(?:s|"
    r"ing)? of|including)(?: (?:a|an|the))?(?= )|"
    r"\s*:(?: with)?)"
)
_BEFORE = rf"(?:{_ADD} )?(?:{_API} )?{_STORE}?"
_RESOURCE = re.compile(rf"{_BEFORE}(?P<res>[^:(]+?)(?:{_WITH} (?P<fields>.+))?", re.IGNORECASE)
_BRACKETS = re.compile(rf"{_BEFORE}(?P<res>[^:(]+?) ?\((?P<fields>.+)\)", re.IGNORECASE)
_KINDS = re.compile(
    r"(?:an? |the )?(?:new )?(?P<res>.+?) (?:resource|model|entity|table|collection|endpoints?)", re.IGNORECASE
)
_OF = re.compile(
    rf"{_BEFORE}(?P<child>[^:(]+?) (?:of|for|on|to|about|below|under) (?P<parent>[^:(]+?)(?:{_WITH} "
    rf"(?P<fields>.+)|\s*\((?P<inner>.+)\))?",
    re.IGNORECASE,
)
_ADDED = re.compile(
    rf"{_ADD} (?P<child>[^:(]+?) with (?P<fields>.+) to (?P<parent>[^:(),]+?)(?P<inner>(?!))?", re.IGNORECASE
)
_THEME = re.compile(
    rf"(?:{_ADD} )?(?:{_API} )?(?:an? )[A-Za-z-]+(?: [a-z]+)?(?: api| app| backend| service)? "
    rf"(?:with|that has|of) (?P<rest>[\w` ]+ ?\(.+\))",
    re.IGNORECASE,
)
_INTO = re.compile(rf"{_ADD} (?P<fields>.+) (?:to|on|for) (?P<res>[^()]+?)(?: \((?P<inner>.+)\))?", re.IGNORECASE)
_GIVE = re.compile(r"(?:give|let) (?P<res>[^()]+?) (?:have )?(?P<fields>an? .+|.+)", re.IGNORECASE)
_MANY = re.compile(
    r"(?P<parent>[^():]+?) (?:should |must )?(?:(?P<may>can|may|might|could) )?(?:have|has|get|gets|contain|"
    r"contains|own|owns) "
    r"(?:zero or more|one or more|any number of|lots of|many|several|multiple|a number of|some|a list of) "
    r"(?P<child>[^():]+?)(?:(?:,? (?:each |which |that )*(?:with|having|have)| ?:) (?P<fields>.+)| "
    r"?\((?P<inner>.+)\))?",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"(?P<child>[^():]+?) (?:should |must )?(?:(?P<may>can|may|might|could|optionally) )?(?:has|have) "
    r"(?P<n>exactly one|one|a single|at most one|an optional|zero or one) (?P<parent>[^():]+?)",
    re.IGNORECASE,
)
_BELONGS = re.compile(
    r"(?P<child>[^():]+?) (?:should |must |always )?(?:(?P<may>can|may|might|could|optionally) )?belongs? to "
    r"(?P<many>many |several |multiple )?(?:exactly one |one |a single |an? |the |their |its )?(?P<parent>[^():]+?)",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"(?:(?:a )?many[- ]to[- ]many(?: relation(?:ship)?)? between )?(?P<a>[\w` -]+?) (?:and|to|with) "
    r"(?P<b>[\w` -]+?)(?: (?:are|is|have a|has a|should be|in a))?(?: many[- ]to[- ]many(?: relation(?:ship)?)?)?",
    re.IGNORECASE,
)
_FIELD_OF = re.compile(
    r"(?:the )?(?P<field>[\w` ]+?)(?: of (?:a|an|the|each|every|all)? ?(?P<res>[\w` ]+?))? (?P<verb>(?:is|are|"
    r"must|should|can|may|has|have|cannot|defaults?|goes|ranges?|needs?|accepts?)\b.+)",
    re.IGNORECASE,
)
_MUST = re.compile(
    r"^(?:must be|should be|has to be|have to be|needs to be|can be|may be|must have|is|are|must|should|can|"
    r"may|has|have|goes|ranges?|accepts?)\s+(?!be (?:omitted|left|missing|null|empty))",
    re.IGNORECASE,
)
_HEALTH = re.compile(
    r"(?:(?:add|provide|include|expose|with|have|need) )?(?:an? |the )?(?:simple )?/?(?:health(?:[- ]?check)?|"
    r"liveness check|healthz)(?: (?:check|endpoint|route|probe|url))*(?: (?:at|on|under) /health)?",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    r"(?:use|using|with|in|on|based on|built with|written in|include|write|add|and)? ?(?:a |an |the |full |"
    r"proper |good |automatic |input )*(?:fastapi|tests?|unit tests|pytest|pydantic|validation|"
    r"openapi(?: docs| documentation)?|type hints|rest|json|python|crud|error handling)",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:please|kindly|now|then|also|additionally|finally|next|furthermore|moreover|in addition|first|second|"
    r"third|besides|where|so|plus|and|but|,|"
    r"i(?:'d| would) like(?: to)?(?: have)?|i (?:want|need|wish)(?: to)?(?: have)?|we(?:'d| would) like(?: "
    r"to)?(?: have)?|we (?:want|need)(?: to)?(?: have)?|"
    r"(?:i|we) (?:want|need|would like|expect) (?:the |our |my |all )?(?:users|people|clients|customers|"
    r"readers|visitors)(?: to be able)? to|"
    r"can you|could you|would you|help me(?: to)?|let's|you should|"
    r"(?:the|this|my|our) (?:api|app|application|service|system|backend|project) (?:should|must|needs to|has "
    r"to|can|shall)(?: be able to)?(?: support| offer| allow)?|"
    r"it (?:should|must|needs to|has to|can|shall)(?: be possible to| be able to)?(?: support| offer| allow)?|"
    r"it is possible to|make it possible to|"
    r"there (?:should|must|shall|will) be|there (?:is|are)|"
    r"(?:let|allow|enable) (?:the |our |my |all )?(?:users|people|clients|customers|readers|visitors|me|us)(?: to)?|"
    r"(?:users|people|clients|customers|readers|visitors|everyone|anyone|we|you|i|one)(?: (?:can|may|should|"
    r"must|could|will|want to|shall))(?: be able to| be allowed to)?(?= (?:add|creat|list|filter|search|sort|"
    r"page|brows|see|view|get|read|manag|find|updat|delet|writ|post|edit|show|order|remov))|"
    r"(?:add|provide|create|build|implement|i need|expose|offer)? ?(?:an? |the |some )(?:endpoints?|routes?|"
    r"way|ability|option|possibility|filter)s? (?:to|for|that (?:can )?(?:lets? (?:users|you|me) )?)(?= "
    r"?(?:list|filter|search|sort|creat|get|browse|page|delet|updat))|"
    r"support(?:s|ing)? for|support(?= (?:filter|search|sort|pag|list))|allow(?= (?:filter|search|sort|pag|"
    r"list|creat|delet))|so that|for example)\s*",
    re.IGNORECASE,
)  # fmt: skip


def _both(m: re.Match[str], text: str) -> list[Fact] | None:
    if not re.search(r"many[- ]to[- ]many", text, re.IGNORECASE):
        return None
    a, b = resource_of(m["a"]), resource_of(m["b"])
    return [Relates("both", a, b)] if a and b else None


def _fields(*texts: str | None) -> tuple[RawField, ...] | None:
    given = next((t for t in texts if t), None)
    return () if given is None else parse_fields(given)


def read_relation(text: str) -> list[Fact] | None:
    """`books have many reviews`, `each review belongs to a book`, `a book has one category`, many-to-many."""
    if (m := _BOTH.fullmatch(text)) and (both := _both(m, text)):
        return both
    if m := _MANY.fullmatch(text):
        fields = _fields(m["fields"], m["inner"])
        child, parent = resource_of(m["child"], strict=not fields), resource_of(m["parent"])
        if child and parent is not None and fields is not None and says_plural(m["child"]):
            return [Relates("many", child, parent or None, fields, loose=True)]
    if (m := _BELONGS.fullmatch(text)) and (parent := resource_of(m["parent"])) and (child := resource_of(m["child"])):
        return [Relates("both" if m["many"] else "many", child, parent, required=not m["may"])]
    if (m := _ONE.fullmatch(text)) and (parent := resource_of(m["parent"])) and (child := resource_of(m["child"])):
        optional = m["may"] or m["n"].lower() in ("at most one", "an optional", "zero or one")
        return [Relates("one", child, parent, required=not optional)]
    return None


def _bare(text: str) -> Wants | None:
    """A resource without fields needs the plural, or words that say that it is one."""
    m = _KINDS.fullmatch(text)
    name = resource_of(m["res"] if m else text, strict=True)
    return Wants(name) if name and (m or says_plural(text)) else None


def read_resource(text: str) -> list[Fact] | None:
    """`books with title and author`, `a REST API for books`, `create, list and delete books with title`."""
    limited = re.search(r"\bread[- ]?only (?=[a-z])", text, re.IGNORECASE)
    if (
        limited
        and (facts := read_resource(text[: limited.start()] + text[limited.end() :]))
        and isinstance(facts[0], Wants)
    ):
        return [*facts, Limits(facts[0].resource, only=("read", "list"))]
    for rule in (_BRACKETS, _RESOURCE):
        m = rule.fullmatch(text)
        if m is None:
            continue
        if not m["fields"]:
            bare = _bare(m["res"])
            return [bare] if bare else None
        name, fields = resource_of(m["res"]), parse_fields(m["fields"])
        introduced = (
            rule is _RESOURCE or m["res"] != text[: len(m["res"])] or says_plural(m["res"]) or m["res"][:1].isupper()
        )
        if name is not None and fields and introduced:
            return [Wants(name or None, fields)]
        if rule is _BRACKETS and name and (limits := read_limits(m["fields"])) and isinstance(limits[0], Limits):
            return [Wants(name), Limits(name, limits[0].only, limits[0].without)]
    if (
        (m := _THEME.fullmatch(text))
        and says_plural(m["rest"].partition("(")[0])
        and parse_traits(m["rest"].partition("(")[2][:-1]) is None
    ):
        return read_resource(m["rest"])
    return None


def read_operations(text: str) -> list[Fact] | None:
    """`create, read, update and delete books (with title)`: two verbs or more."""
    m = re.fullmatch(rf"(?:{_API} )?(?P<t>[^:(]+?)(?:{_WITH} (?P<fields>.+))?", text, re.IGNORECASE)
    targets = targets_of(m["t"]) if m else None
    fields = _fields(m["fields"]) if m else None
    if not targets or fields is None or len(targets) != 1 or targets[0][1] in (None, "*"):
        return None
    actions, name = targets[0]
    verbs = re.match(r"\w+(?:\s*,|\s+(?:and|or)\b|\s*/)", text)
    return [Wants(name, fields, actions)] if verbs else None


def read_child(text: str) -> list[Fact] | None:
    """`reviews of books with rating 1-5 and text`, `add comments to posts`."""
    m = (
        _OF.fullmatch(text)
        if not re.search(r" with .+ to (?:the |each |a )?[\w` -]+$", text)
        else _ADDED.fullmatch(text)
    )
    if m is None or not says_plural(m["child"]):
        return None
    fields = _fields(m["fields"], m["inner"])
    child, parent = resource_of(m["child"], strict=not fields), resource_of(m["parent"])
    if not child or parent is None or fields is None or not names_resource(m["parent"]):
        return None
    return [Relates("many", child, parent or None, fields, loose=True)]


def read_additions(text: str) -> list[Fact] | None:
    """`add a published flag (bool, default false) to books`, `a book has a title and an author`."""
    if read_child(text):
        return None
    if m := _INTO.fullmatch(text) or _GIVE.fullmatch(text):
        inner = m.groupdict().get("inner")
        name, fields = resource_of(m["res"]), parse_fields(f"{m['fields']} ({inner})" if inner else m["fields"])
        if name is not None and fields:
            return [Wants(name or None, fields, new=False)]
    m = re.fullmatch(
        r"(?P<res>[^():]+?) (?:should |must |also )*(?:has|have|get|gets|consists? of|contains?) (?P<fields>.+)",
        text,
        re.IGNORECASE,
    )
    if m and (name := resource_of(m["res"])) is not None and (fields := parse_fields(m["fields"])):
        return [Wants(name or None, fields, new=False)]
    return None


def read_field_rule(text: str) -> list[Fact] | None:
    """`isbn is unique`, `the rating must be between 1 and 5`, `title and author are required`."""
    m = _FIELD_OF.fullmatch(text)
    if m is None:
        return None
    names = [
        re.sub(r"^(?:the|an?|its|their|and)\s+", "", n.strip(), flags=re.IGNORECASE) for n in cut(m["field"], SEPARATOR)
    ]
    said = _MUST.sub("", m["verb"])
    raw = parse_field(f"status ({said})") or parse_field(f"status: {said}")
    traits = parse_traits(said) or (raw.traits if raw else None)
    resource = resource_of(m["res"]) if m["res"] else ""
    if not traits or resource is None or not all(parse_field(n) for n in names):
        return None
    return [Says(resource or None, tuple(snake(n) for n in names), traits)]


def read_whole(text: str) -> list[Fact] | None:
    """Health, and words that ask for what is there anyway."""
    if _HEALTH.fullmatch(text):
        return [Asks("health")]
    return [Asks("nothing", text)] if _GIVEN.fullmatch(text) else None


def lead(text: str) -> str:
    """Without `please`, `I want`, `users should be able to` and the like."""
    stripped = text.strip()
    while (
        (m := _LEAD.match(stripped))
        and m.end()
        and m.end() < len(stripped)
        and not stripped[m.end() - 1 : m.end() + 1].isalnum()
    ):
        stripped = stripped[m.end() :].strip()
    return stripped


_READERS = (
    read_whole, read_block, read_trait, read_owner, read_guard, read_limits, read_relation, read_listing,
    read_operations, read_child, read_additions, read_field_rule, read_resource,
)  # fmt: skip


@lru_cache(maxsize=4096)
def read_clause(text: str) -> tuple[Fact, ...] | None:
    """The facts of one clause, None when not every word of it is understood."""
    text = text.strip().strip(",;:").strip()
    for words in dict.fromkeys((text, lead(text))):
        for reader in _READERS:
            if words and (facts := reader(words)):
                return tuple(facts)
    return None
