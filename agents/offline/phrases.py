"""What is said about a field: types, limits, `optional`, `unique`, choices and defaults, as traits in order."""

import re
from dataclasses import dataclass
from typing import Literal

from agents.blueprints.spec import FieldType
from agents.offline.text import cut
from agents.offline.words import NUMBER_WORDS

Kind = Literal["type", "required", "unique", "min", "max", "above", "below", "choices", "default"]


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing said; `chars` marks a limit that counts characters."""

    kind: Kind
    value: str | float | bool | tuple[str, ...]
    chars: bool = False


_TYPES: dict[str, FieldType] = {
    r"(?:short )?(?:str|strings?|varchar)": "str",
    r"(?:long |free )?text|multi-?line(?: text)?": "text",
    r"int|integer|(?:whole|natural) number": "int",
    r"float|double|number|floating[- ]point(?: number)?|numeric": "float",
    r"decimal(?: number)?|money|numeric amount": "decimal",
    r"bool|boolean|flag|boolean flag|true/false|yes/no|true or false|yes or no": "bool",
    r"date[- ]?time|timestamp|date and time|date with time": "datetime",
    r"date": "date",
    r"e-?mail(?: address)?": "email",
    r"url|link|uri|web address": "url",
    r"uuid|guid": "uuid",
}
_NUM = rf"(?:(?<![\d.])-)?(?:\d+(?:\.\d+)?|\b(?:{'|'.join(NUMBER_WORDS)})\b)"
_RANGE = rf"{_NUM}(?:\s*(?:-|\.\.\.?)\s*|\s+(?:to|through)\s+){_NUM}"
_CHARS = r"(?:\s*-?(?:chars?\b|characters?|letters?|symbols?)(?: (?:long|in length))?|\s+long\b)?"
_LEN = r"(?:length(?: is| of|:)? |len(?:gth)?\s*)?"
_IN_CHARACTERS = re.compile(r"char|letter|symbol|long|len", re.IGNORECASE)
_GLUE = re.compile(
    r"(?:[\s,:]+|(?:and|but|which|that|must|should|can|is|are|be|of|with|has|have|having|a|an|its|value|values|"
    r"the|field|in|"
    r"also|always|from|type|only|either|given|integer range|range|as|allowed)\b(?!\s*$))+",
    re.IGNORECASE,
)
_WORD = r"[A-Za-z0-9][\w.+-]*"
_QUOTED = rf"(?:`[^`]+`|\"[^\"]+\"|'[^']+'|{_WORD})"
_LIST = rf"{_QUOTED}(?:\s*(?:,\s*or|,\s*and|,|/|\||\bor\b|\band\b)\s*{_QUOTED})+"


_BOUNDS: dict[Kind, str] = {
    "min": r">=|=>|\bge\s*=|min_length\s*=|at least|min(?:imum)?\.?|not? (?:less|lower|fewer|shorter|smaller|"
    r"earlier) than"
    r"|not (?:below|under|before)|starting (?:at|from)|from",
    "max": r"<=|=<|\ble\s*=|max_length\s*=|at most|max(?:imum)?\.?|up to|not? (?:more|greater|higher|longer|"
    r"larger|later) than"
    r"|not (?:above|over|after|exceed|exceeding)|limited to",
    "above": r">|\bgt\s*=|(?:more|greater|higher|larger|longer|bigger) than|over|above|after",
    "below": r"<|\blt\s*=|(?:less|lower|fewer|smaller|shorter) than|under|below|before",
}
_PATTERNS = [
    ("optional", r"optional(?:ly)?|not required|not mandatory|nullable|or null|(?:omitted|missing|left out|"
                 r"null) is fine"
     r"|(?:can|may) be (?:omitted|missing|null|left out|empty)"),
    ("required", r"required|mandatory|compulsory|non-?null(?:able)?|not null(?:able)?|not optional"),
    ("unique", r"unique(?:ly)?|no duplicates|distinct"),
    ("filled", r"non-?empty|not(?: be)? (?:empty|blank)|non-?blank"),
    ("positive", r"(?:strictly )?positive"),
    ("nonnegative", r"non-?negative|not(?: be)? negative|positive or zero"),
    ("default", rf"(?:default(?:s|ing)?(?: (?:value|is|to|of))*\s*[:=]?|by "
                rf"default)\s*(?P<value>-?\d+(?:\.\d+)?|{_QUOTED})"),
    ("default", rf"(?P<value>{_QUOTED}) by default"),
    ("range", rf"{_LEN}(?:between|range|from)?\s*{_NUM} and {_NUM}{_CHARS}"),
    ("range", rf"{_LEN}(?:between |range |in |within |from )*{_RANGE}{_CHARS}"),
    ("exact", rf"(?:exactly|always)\s+{_NUM}{_CHARS}"),
    *((kind, rf"{_LEN}(?:{words})\s*{_LEN}(?:of\s*|is\s*|:\s*)?{_NUM}{_CHARS}") for kind, words in _BOUNDS.items()),
    ("min", rf"{_NUM}{_CHARS} (?:or (?:more|higher|above|greater|later)|and (?:up|above)|minimum|at least)"),
    ("max", rf"{_NUM}{_CHARS} (?:or (?:less|lower|fewer|below)|maximum|max|at most)"),
    ("width", rf"\(\d+\)|{_NUM}\s*-?(?:chars?\b|characters?)"),
    ("choices", rf"(?:one of|any of|enum(?:eration)?(?: of)?|choices?|options?|choose "
                rf"from)\s*[:=]?\s*[\[({{]?(?P<list>{_LIST})[\])}}]?"),
    ("choices", rf"(?:in )?[\[({{](?P<list>{_LIST})[\])}}]"),
    ("enum", r"enum"),
]  # fmt: skip
_RULES = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _PATTERNS]
_TYPE_RULES = [(kind, re.compile(rf"(?:{p})(?![\w-])", re.IGNORECASE)) for p, kind in _TYPES.items()]


def number(text: str) -> float:
    """`"1450"`, `"0.5"` or `"five"` as a number."""
    return float(NUMBER_WORDS.get(text.lower(), text))


def choices(text: str) -> tuple[str, ...]:
    """`"draft, published or archived"` -> the three words, quotes removed."""
    parts = cut(text, r"\s*(?:,\s*(?:or|and)\b|,|/|\||\bor\b|\band\b)\s*")
    return tuple(p.strip("`\"'") for p in parts if p)


def _limits(name: str, words: str) -> tuple[Trait, ...]:
    chars = bool(_IN_CHARACTERS.search(words)) or name == "width"
    values = [number(n) for n in re.findall(_NUM, words, re.IGNORECASE)]
    if name in ("range", "exact"):
        return (Trait("min", values[0], chars), Trait("max", values[-1], chars))
    kinds: dict[str, Kind] = {"min": "min", "max": "max", "width": "max", "above": "above", "below": "below"}
    return (Trait(kinds[name], values[0], chars),)


def _traits_of(name: str, m: re.Match[str]) -> tuple[Trait, ...]:
    simple: dict[str, Trait] = {
        "optional": Trait("required", False), "required": Trait("required", True), "unique": Trait("unique", True),
        "filled": Trait("min", 1.0, True), "positive": Trait("above", 0.0), "nonnegative": Trait("min", 0.0),
        "enum": Trait("type", "enum"),
    }  # fmt: skip
    if name in simple:
        return (simple[name],)
    if name == "default":
        return (Trait("default", m["value"].strip("`\"'")),)
    if name == "choices":
        return (Trait("choices", choices(m["list"])),)
    return _limits(name, m[0])


def _next(text: str, at: int) -> tuple[tuple[Trait, ...], int] | None:
    """The longest rule that matches at a position."""
    best: tuple[tuple[Trait, ...], int] | None = None
    for name, pattern in _RULES:
        if (m := pattern.match(text, at)) and (best is None or m.end() > best[1]) and _whole(text, m.end()):
            best = (_traits_of(name, m), m.end())
    for kind, pattern in _TYPE_RULES:
        if (m := pattern.match(text, at)) and (best is None or m.end() > best[1]):
            best = ((Trait("type", kind),), m.end())
    return best


def _whole(text: str, end: int) -> bool:
    """A match may not end in the middle of a word or number."""
    return end >= len(text) or not (text[end - 1].isalnum() and (text[end].isalnum() or text[end] == "_"))


def parse_traits(text: str) -> tuple[Trait, ...] | None:
    """All of `text` as traits, or None when any part of it says something else."""
    traits: list[Trait] = []
    at = 0
    while at < len(text):
        direct = _next(text, at)
        glue = _GLUE.match(text, at)
        if direct is None and glue:
            at = glue.end()
            continue
        if direct is None:
            return None
        traits += direct[0]
        at = direct[1]
    return tuple(traits)
