"""A request's text as facts, clause by clause; whatever is left over is quoted, never dropped."""

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache

from agents.errors import NotUnderstood
from agents.offline.clauses import lead, read_clause
from agents.offline.facts import Fact, Wants
from agents.offline.fields import RawField, parse_field, parse_fields, stumble
from agents.offline.names import resource_of, says_plural
from agents.offline.text import Statement, spans, statements

MAX_TEXT, MAX_STATEMENT, MAX_ATOMS = 20_000, 3_000, 60

_SEPARATOR = (
    r"\s*,\s*(?:(?:and|plus|then|but|as well as|and also|and then)\s+)*|\s+(?:and|plus|then|but|as well as|and "
    r"also|while|where)\s+|\s*[;&]\s*|"
    r"\s+(?=without\b|with (?:an? )?(?:login|auth|jwt|pagination|paging|filter|search|sort|health|user "
    r"accounts|tests|registration|only|no )\b)|"
    r"\s+(?=only for (?:logged|authenticated))"
)
_FILLER = re.compile(
    r"(?:(?:the |our |my )?(?:requirements?|features?|overview|endpoints?|api|rules?|notes?|goals?|scope|"
    r"behaviou?r|functionality|details|tasks?|"
    r"user stories|specification|spec|introduction|summary|todo|description|details|constraints|validation|"
    r"routes?|the following|following)"
    r"(?: are| is)?(?: the following)?)?",
    re.IGNORECASE,
)
_FIELD_HEAD = re.compile(
    r"(?:(?:the |its |their )?(?:fields?|attributes?|properties|columns)(?: are)?|(?:it|they|each) (?:has|have))",
    re.IGNORECASE,
)
_INTRO = re.compile(
    r"(?P<res>.+?)(?:,? (?:each |which |that )*(?:with|have|has|having))?(?: the)?(?: following)?(?: (?:fields|"
    r"attributes|properties|columns))?",
    re.IGNORECASE,
)
EXAMPLES = (
    "add books with title (str, 1-200 chars), author (str), year (int, optional, >= 1450)",
    "add reviews of books with rating 1-5 and text",
    "each review belongs to a book",
    "a book has one category",
    "add tags to books and filter by tag",
    "add a published flag (bool, default false) to books",
    "list books by author, newest first, paginated",
    "search books by title",
    "sort books by price descending",
    "require login to create or delete books",
    "add login with JWT",
    "books are read-only",
    "isbn is unique",
    "status is one of draft, published or archived",
    "add a health check",
    "add refresh tokens",
    "users can change their password",
    "only admins can delete books",
    "users see only their own notes",
    "limit requests to 100 per minute",
    "add ETags",
    "allow CORS for https://shop.example",
    "users can upload images up to 5 MB",
    "export and import books as CSV",
    "stream changes of books with server-sent events",
    "add a WebSocket channel for books",
    "accept idempotency keys",
    "delete logs after 30 days",
    "export books in the background",
    "receive signed webhooks",
    "send signed webhooks when orders are created",
    "count orders every hour",
    "call the external service at https://rates.example",
)
"""What the rules can read; the nearest one is offered for what they cannot."""
_OF_ANY_REQUEST = frozenset(
    """a add after allow and are as author book books by call can category channel chars check count create created
    days each every example false flag for from has have in int is isbn it its list logs minute notes of on one only or
    orders own per price read require see send sent server service shop show status str text that the their them this
    title to up updated user users when with year""".split()  # noqa: SIM905 - a list of words reads best as text
)
"""Words of the examples that say nothing of what is asked for."""
_SAME_WORD = 0.75
"""How alike two spellings of a word are, by `difflib` (0 to 1)."""


@dataclass(frozen=True, slots=True)
class Said:
    """One fact and the words it was read from."""

    fact: Fact
    quote: str


def nearest(quote: str) -> str:
    """The example closest to the words, as an offer; where none speaks of the same, the page that lists them all."""
    words = set(re.findall(r"[a-z]{3,}", quote.lower())) - _OF_ANY_REQUEST

    def shared(example: str) -> int:
        keys = set(re.findall(r"[a-z]{3,}", example.lower())) - _OF_ANY_REQUEST
        return sum(bool(difflib.get_close_matches(word, keys, 1, _SAME_WORD)) for word in words)

    def likeness(example: str) -> float:
        return shared(example) + difflib.SequenceMatcher(None, quote.lower(), example).ratio()

    best = max(EXAMPLES, key=likeness)
    offer = f'The nearest thing the offline engine understands: "{best}".'
    offer = offer if shared(best) else "docs/offline.md lists what the offline engine understands."
    return f"{offer} A model reads free text: set OPENAI_API_KEY or --engine."


def read_facts(text: str) -> list[Said]:
    """All facts of a request in order.

    Raises:
        NotUnderstood: some words mean nothing to the rules.
    """
    if len(text) > MAX_TEXT:
        raise NotUnderstood(f"{text[:60]}...", f"The offline engine reads up to {MAX_TEXT} characters; this is longer.")
    all_statements = statements(text)
    if not all_statements:
        raise NotUnderstood(text.strip()[:60], nearest(text))
    said: list[Said] = []
    for i, statement in enumerate(all_statements):
        following = all_statements[i + 1] if i + 1 < len(all_statements) else None
        said += _read_statement(statement, following, first=i == 0)
    return said


def _read_statement(statement: Statement, following: Statement | None, *, first: bool) -> list[Said]:
    if statement.bullets:
        return _read_bullets(statement)
    if not statement.heading:
        return _read_sentence(statement.text)
    if following is not None and not following.heading:
        return []
    try:
        return _read_sentence(statement.text)
    except NotUnderstood:
        if first and following is not None:
            return []
        raise


def _read_bullets(statement: Statement) -> list[Said]:
    """A head line with bullets: fields of the resource it names, or statements of their own."""
    head = lead(statement.text.rstrip(": "))
    field_head = bool(_FIELD_HEAD.fullmatch(head))
    owner = None if field_head else _owner(head)
    fields: list[RawField] = []
    rest: list[Said] = []
    for bullet in statement.bullets:
        found = parse_fields(bullet) if owner or field_head else None
        if found:
            fields += found
        else:
            rest += _read_sentence(bullet)
    said: list[Said] = []
    if fields or (owner and not statement.heading):
        said.append(Said(Wants(owner, tuple(fields), new=not field_head), statement.text))
    elif not statement.heading and not _FILLER.fullmatch(head) and head.lower() not in _LEFT_OVER:
        said += _read_sentence(head)
    return said + rest


_LEFT_OVER = {
    "i want",
    "we want",
    "we need",
    "i need",
    "please",
    "it should",
    "the api should",
    "users should be able to",
    "users can",
    "add",
}


def _owner(head: str) -> str | None:
    """The resource a head line introduces (`Add books with the following fields`, `## Books`)."""
    if _FILLER.fullmatch(head):
        return None
    if (facts := read_clause(head)) and len(facts) == 1 and isinstance(facts[0], Wants) and not facts[0].fields:
        return facts[0].resource
    m = _INTRO.fullmatch(head)
    if (
        m
        and (facts := read_clause(m["res"]))
        and len(facts) == 1
        and isinstance(facts[0], Wants)
        and not facts[0].fields
    ):
        return facts[0].resource
    name = resource_of(head)
    return name if name and (says_plural(head) or re.fullmatch(r"[A-Z][A-Za-z]+", head)) else None


def _read_sentence(text: str) -> list[Said]:
    text = text.strip().rstrip(".:;,")
    if len(text) > MAX_STATEMENT:
        raise NotUnderstood(f"{text[:60]}...", "Write it as several shorter sentences.")
    facts, furthest = _scan(text)
    if facts is None:
        quote = _narrow(text[furthest:].strip())
        raise NotUnderstood(quote, nearest(quote))
    return list(facts)


def _narrow(quote: str) -> str:
    """Within `X with FIELDS` only the fields that could not be read."""
    m = re.match(r"(?P<head>[^(:]+?)(?: with | having |: )(?P<fields>.+)$", quote)
    if m and read_clause(m["head"]) is not None and parse_fields(m["fields"]) is None:
        quote = stumble(m["fields"]) or quote
    atoms = spans(quote, _SEPARATOR)
    while len(atoms) > 1 and _known(quote[atoms[-1][0] : atoms[-1][1]]):
        atoms.pop()
    return quote[: atoms[-1][1]].strip()


def _known(words: str) -> bool:
    return parse_field(words) is not None or read_clause(words) is not None


@lru_cache(maxsize=512)
def _scan(text: str) -> tuple[tuple[Said, ...] | None, int]:
    """The clauses of a sentence, longest first, or None; and how far (index) the reading came."""
    atoms = spans(text, _SEPARATOR)
    if len(atoms) > MAX_ATOMS:
        return None, 0
    dead: set[tuple[int, bool]] = set()
    furthest = 0

    def read(i: int, *, noun_fits: bool) -> tuple[Said, ...] | None:
        nonlocal furthest
        if i == len(atoms):
            return ()
        furthest = max(furthest, i)
        if (i, noun_fits) in dead:
            return None
        for j in range(len(atoms), i, -1):
            words = text[atoms[i][0] : atoms[j - 1][1]].strip()
            facts = read_clause(words) if words else ()
            if facts is None or (not noun_fits and _just_a_noun(facts, words)):
                continue
            fits = isinstance(facts[-1], Wants) if facts else noun_fits
            if (rest := read(j, noun_fits=fits)) is not None:
                return (*(Said(fact, words) for fact in facts), *rest)
        dead.add((i, noun_fits))
        return None

    return read(0, noun_fits=True), atoms[furthest][0]


def _just_a_noun(facts: tuple[Fact, ...], words: str) -> bool:
    """`authors`: continues `an API for books and ...`, and nothing else (not `add comments to posts and photos`)."""
    return len(facts) == 1 and isinstance(facts[0], Wants) and not facts[0].fields and resource_of(words) is not None
