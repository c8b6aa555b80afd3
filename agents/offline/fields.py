"""Fields as people list them: `title (str, 1-200 chars)`, `an optional year`, `status: draft or published`."""

import re
from dataclasses import dataclass
from functools import lru_cache

from agents.offline.phrases import Trait, choices, parse_traits
from agents.offline.text import spans
from agents.offline.words import PLURAL_FIELDS, is_plural, snake

STOP_WORDS = frozenset(
    """a an the and or but nor of in on at to for from by with without within per via as into onto over under about
    after before between through than that which who whose when while where if unless until because so such this
    these those it its they them their there is are was were be been being has have had do does did can could may
    might must should shall will would not no never only also then please each every all any some many several
    multiple most more less least optional required mandatory unique positive negative nullable default defaults add
    create build make list show get filter filtered filtering filterable search searching searchable sort sorted
    sorting order ordered paginate paginated pagination paging page newest oldest latest ascending descending asc
    desc first require requires protect delete update deleting updating creating listing login auth authentication
    authorization jwt oauth oauth2 register registration signup users' let allow support supports enable manage
    store using crud api apis endpoint endpoints route routes rest health healthcheck test tests validation docs
    documentation sqlalchemy alembic fastapi postgres postgresql mysql mongodb redis celery graphql grpc websocket
    websockets field fields attribute attributes property properties column columns resource resources maximum
    minimum max min exactly least own nothing else same different""".split()  # noqa: SIM905 - a list of words reads best as text
)
"""Words that never name a field or a resource: what they ask for must be understood otherwise or refused."""

FEATURES = frozenset(
    """notification notifications upload uploads download downloads export exports import imports payment payments
    caching cache webhook webhooks rate-limiting throttling permission permissions access admin admins dashboard
    frontend ui analytics statistics metrics logging monitoring internationalization translation translations
    recommendation recommendations file files image images attachment attachments blob binary json list array dict
    object map""".split()  # noqa: SIM905 - a list of words reads best as text
)
"""Words that name a feature rather than a value; with fields of their own they may still be a resource."""
NOT_A_NAME = STOP_WORDS | FEATURES

SEPARATOR = r"\s*,\s*(?:(?:and|plus|as well as)\s+)?|\s+(?:and|plus|as well as)\s+|\s*[;&]\s*"
_ARTICLE = re.compile(r"(?:(?:and|plus|also|with|an?|the|its|their|some|new|another)\s+)+", re.IGNORECASE)
_LEADING = re.compile(
    r"(?:optional|required|mandatory|unique|positive|non-?negative|integer|int|string|str|boolean|bool|decimal|"
    r"float|numeric|"
    r"non-?empty|uuid|datetime)(?=\s)",
    re.IGNORECASE,
)
_CALLED = re.compile(r"(?P<kind>field|flag|attribute|column|property)s?(?: called| named)? (?=\S)", re.IGNORECASE)
_NOUNS = {"date", "text", "email", "url", "link", "number", "timestamp", "money", "flag", "uuid", "uri", "time"}
_ENUMISH = re.compile(
    r"(?:^|_)(?:status|state|type|kind|category|priority|role|size|color|colour|level|genre|stage|format|visibility)$"
)
_LIST_AND_MORE = re.compile(
    r"(?P<list>.+?)\s*(?:[,;]\s*|\s\()(?P<more>(?:default|optional|required|unique|mandatory|by default)\b[^()]*)\)?$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z][\w-]*$")
_PLAIN_LIST = re.compile(
    r"[\w`\"'-]+(?: [\w-]+)?(?:\s*(?:,\s*or|,\s*and|,|/|\||\bor\b|\band\b)\s*[\w`\"'-]+(?: [\w-]+)?)+$"
)


@dataclass(frozen=True, slots=True)
class RawField:
    """A field as it was said; types and limits are settled later, when everything has been read."""

    name: str
    traits: tuple[Trait, ...] = ()
    quote: str = ""

    @property
    def collective(self) -> bool:
        """A bare plural (`tags`): perhaps other resources, not one value."""
        last = self.name.rpartition("_")[2]
        return not any(t.kind == "type" for t in self.traits) and is_plural(last) and last not in PLURAL_FIELDS


def _name(words: list[str]) -> str | None:
    """Words as a field's name, None when they cannot be one."""
    if not 1 <= len(words) <= 4:
        return None
    if len(words) == 1 and words[0][:1] in "`\"'":
        return snake(words[0]) or None
    if not all(_WORD.match(w) for w in words) or any(w.lower().endswith("ly") and len(w) > 5 for w in words):
        return None
    lower = [w.lower() for w in words]
    of_count = lower[:2] == ["number", "of"] and len(lower) == 3
    if any(w in NOT_A_NAME for w in (lower[2:] if of_count else lower)):
        return None
    return snake(" ".join(words)) or None


def _values(name: str, text: str, *, listed: bool) -> tuple[Trait, ...] | None:
    """Traits, or a plain list of choices (`draft, published or archived`)."""
    if (traits := parse_traits(text)) is not None:
        return traits
    if m := _LIST_AND_MORE.match(text):
        first, more = _values(name, m["list"], listed=listed), parse_traits(m["more"])
        return None if first is None or more is None else (*first, *more)
    if not _PLAIN_LIST.match(text):
        return None
    if not listed and any(word in STOP_WORDS for word in re.findall(r"[a-z]+", text.lower().replace(" or ", " "))):
        return None
    clearly = re.search(r"\bor\b|/|\|", text) or (listed and _ENUMISH.search(name))
    return (Trait("choices", choices(text)),) if clearly else None


def _named(words: list[str], tail: str) -> tuple[str, tuple[Trait, ...]] | None:
    """The shortest name for which the words after it are traits (`rating 1-5`, `release date`)."""
    for k in range(1, len(words) + 1):
        name = _name(words[:k])
        rest = words[k:]
        if name is None or (rest and rest[0].lower() in _NOUNS and rest[0].lower() != "flag"):
            continue
        said = " ".join(rest)
        traits = _values(name, said, listed=False) if said else ()
        if traits is not None and (more := _values(name, tail, listed=True) if tail else ()) is not None:
            return name, (*traits, *more)
    return None


def _parts(text: str) -> tuple[str, str, str]:
    """`name words`, what stands in brackets or after a colon, and what follows the brackets."""
    if (m := re.match(r"(?P<head>[^(:=]+?)\s*:(?=\s|\w)\s*(?P<spec>.+)$", text)) or (
        m := re.match(r"(?P<head>[^(:=]+?)\s+(?:as|of type|typed)\s+(?P<spec>.+)$", text)
    ):
        return m["head"], m["spec"], ""
    if m := re.match(r"(?P<head>[^(\[:]+?)\s*[(\[](?P<spec>.+?)[)\]]\s*(?P<tail>[^()\[\]]*)$", text):
        outside = m["head"].split()
        return (
            (text, "", "")
            if outside[-1].lower() in ("in", "of") or len(outside) == 0
            else (m["head"], m["spec"], m["tail"])
        )
    return text, "", ""


@lru_cache(maxsize=4096)
def parse_field(text: str) -> RawField | None:
    """One field, None when the words are not (only) a field."""
    said = text.strip().strip(",;")
    head = _ARTICLE.sub("", said, count=1) if _ARTICLE.match(said) else said
    leading: list[Trait] = []
    while m := _LEADING.match(head):
        leading += parse_traits(m[0]) or ()
        head = head[m.end() :].strip()
    if m := _CALLED.match(head):
        leading += (Trait("type", "bool"),) if m["kind"].lower() == "flag" else ()
        head = head[m.end() :]
    head, spec, tail = _parts(head)
    words = re.findall(r"`[^`]+`|\"[^\"]+\"|\([^)]*\)|,|[^\s,]+", head)
    if len(words) > 1 and words[-1].lower() in ("field", "attribute", "column", "property"):
        words.pop()
    found = _named(words, spec)
    trailing = parse_traits(tail) if tail else ()
    if found is None or trailing is None:
        return None
    name, traits = found
    return RawField(name, (*leading, *traits, *trailing), said)


_INTRO = re.compile(
    r"(?:(?:the|these|those) )?(?:following )?(?:fields?|attributes?|properties|columns)(?: like| such "
    r"as)?\s*:?\s+|the following\s*:?\s+",
    re.IGNORECASE,
)
_OUTRO = re.compile(r"\s+(?:as )?(?:fields?|attributes?|properties|columns)$", re.IGNORECASE)


def fields_text(text: str) -> str:
    """Without `the following fields:` before and `fields` after."""
    return _OUTRO.sub("", _INTRO.sub("", text.strip(), count=1) if _INTRO.match(text.strip()) else text.strip())


@lru_cache(maxsize=2048)
def parse_fields(text: str) -> tuple[RawField, ...] | None:
    """A list of fields, every word of it understood, else None."""
    return _scan(fields_text(text))[0]


def stumble(text: str) -> str:
    """The first words of a field list that could not be read."""
    body = fields_text(text)
    return body[_scan(body)[1] :].strip()


def _scan(body: str) -> tuple[tuple[RawField, ...] | None, int]:
    """Fields, or None, and how far (index) the reading came."""
    atoms = spans(body, SEPARATOR)
    dead: set[int] = set()
    furthest = 0

    def read(i: int) -> tuple[RawField, ...] | None:
        nonlocal furthest
        if i == len(atoms):
            return ()
        furthest = max(furthest, i)
        if i in dead:
            return None
        for j in range(i + 1, min(len(atoms), i + 12) + 1):
            first = parse_field(body[atoms[i][0] : atoms[j - 1][1]])
            if first is not None and (rest := read(j)) is not None:
                return (first, *rest)
        dead.add(i)
        return None

    result = read(0) if body else None
    return result, atoms[furthest][0]
