"""English the grammar needs: plurals, names, numbers as words, and the type a field's name suggests."""

import keyword
import re

from agents.blueprints.spec import FieldType

NUMBER_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip

_IRREGULAR = {
    "person": "people", "child": "children", "man": "men", "woman": "women", "mouse": "mice", "foot": "feet",
    "tooth": "teeth", "goose": "geese", "leaf": "leaves", "shelf": "shelves", "life": "lives", "knife": "knives",
    "wolf": "wolves", "half": "halves", "index": "indices", "matrix": "matrices", "criterion": "criteria",
    "analysis": "analyses", "medium": "media", "datum": "data", "hero": "heroes", "potato": "potatoes",
    "tomato": "tomatoes", "movie": "movies", "cookie": "cookies", "bus": "buses", "status": "statuses",
    "quiz": "quizzes", "alias": "aliases", "cache": "caches", "axis": "axes", "recipe": "recipes",
    "zombie": "zombies", "pie": "pies", "tie": "ties", "calorie": "calories", "house": "houses",
    "course": "courses", "purchase": "purchases", "expense": "expenses", "license": "licenses",
    "response": "responses", "database": "databases", "release": "releases", "case": "cases", "base": "bases",
    "phase": "phases", "exercise": "exercises", "franchise": "franchises", "nurse": "nurses", "horse": "horses",
    "warehouse": "warehouses", "vase": "vases", "lease": "leases", "size": "sizes", "prize": "prizes",
    "article": "articles", "invoice": "invoices", "virus": "viruses", "bonus": "bonuses", "campus": "campuses",
    "menu": "menus", "gas": "gases", "lens": "lenses", "atlas": "atlases", "service": "services",
    "archive": "archives", "move": "moves", "wave": "waves", "glove": "gloves", "drive": "drives", "cave": "caves",
    "toe": "toes", "shoe": "shoes", "photo": "photos", "todo": "todos", "piano": "pianos",
    "genus": "genera", "headache": "headaches", "creche": "creches", "niche": "niches",
}  # fmt: skip
_SAME = {"news", "series", "species", "sheep", "fish", "equipment", "information", "staff", "software", "feedback"}
_SINGULAR = {plural: singular for singular, plural in _IRREGULAR.items()}


def singular(word: str) -> str:
    """`categories` -> `category`; a singular word stays as it is."""
    if word in _SAME or word in _IRREGULAR:
        return word
    if word in _SINGULAR:
        return _SINGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(ss|sh|ch|x|z)es$", word):
        return word[:-2]
    if word.endswith("ves") and word[:-3] + "f" in ("calf", "loaf", "scarf", "thief"):
        return word[:-3] + "f"
    if word.endswith("s") and not re.search(r"(ss|us|is)$", word):
        return word[:-1]
    return word


def plural(word: str) -> str:
    """`category` -> `categories`; takes a singular."""
    if word in _SAME:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    if re.search(r"(s|sh|ch|x|z)$", word):
        return word + "es"
    return word + "s"


def is_plural(word: str) -> bool:
    """`books` is, `book` and `status` are not (`news` is both, and counts as plural)."""
    return word in _SAME or singular(word) != word


def snake(text: str) -> str:
    """`Order Items`, `orderItem`, `order-items` -> `order_items` (number is left alone)."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text.strip("`\"' "))
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower().replace("'s", "")).strip("_")


def singular_name(name: str) -> str:
    """`order_items` -> `order_item`: the last word decides."""
    head, _, last = name.rpartition("_")
    return f"{head}_{singular(last)}" if head else singular(last)


def plural_name(name: str) -> str:
    """`order_item` -> `order_items`; a plural stays one."""
    head, _, last = name.rpartition("_")
    word = plural(singular(last))
    return f"{head}_{word}" if head else word


def spoken(name: str) -> str:
    """`order_item` -> `order item`."""
    return name.replace("_", " ")


def an(name: str) -> str:
    """`an order item`, `a book`."""
    words = spoken(name)
    return f"{'an' if words[0] in 'aeiou' and not words.startswith('uni') else 'a'} {words}"


TAG_LIKE = {"tag", "label", "keyword", "topic", "genre", "category", "skill", "hashtag", "interest"}
"""In the plural these mark their owner many-to-many, with a unique name."""

CLASSIFIERS = {"category", "genre", "type", "kind", "brand", "publisher", "department", "group", "section", "status"}
"""Belonging to one of these is a reference, not a nesting."""

_BY_NAME: dict[FieldType, set[str]] = {
    "int": {
        "rating", "year", "quantity", "count", "age", "stock", "score", "position", "pages", "stars",
        "likes", "views", "votes", "minutes", "hours", "seconds", "days", "copies", "points", "capacity", "floor",
        "seats", "calories", "priority", "rank", "level", "duration", "size", "servings",
    },
    "text": {
        "text", "description", "body", "content", "comment", "notes", "note", "summary", "bio", "biography", "details",
        "instructions", "ingredients", "message", "abstract",
    },
    "decimal": {"price", "amount", "cost", "total", "balance", "salary", "fee", "budget", "tax", "discount"},
    "float": {"latitude", "longitude", "weight", "height", "width", "length", "temperature", "distance", "percentage"},
    "email": {"email", "mail"},
    "url": {"url", "link", "website", "homepage", "uri"},
    "date": {"date", "birthday", "birthdate", "deadline"},
    "datetime": {"datetime", "timestamp"},
    "uuid": {"uuid", "guid"},
    "bool": {"flag", "published", "active", "enabled", "archived", "completed", "done", "available", "verified",
             "featured", "paid", "approved", "visible", "hidden", "public", "private", "favorite", "finished",
             "cancelled", "discontinued"},
}  # fmt: skip
PLURAL_FIELDS = {
    "pages", "stars", "likes", "views", "votes", "minutes", "hours", "seconds", "days", "copies", "points", "seats",
    "calories", "notes", "details", "instructions", "ingredients", "servings", "series", "news", "status", "address",
}  # fmt: skip
"""Plural words that are one value."""

_PYTHON = {"metadata", "registry", "query", "schema", "json", "copy", "dict", "validate", "construct", "fields", "self"}
_QUERY = {"limit", "offset", "q"}


def reserved(name: str) -> bool:
    """The name cannot be an attribute of the code we write (a keyword, or taken by the libraries)."""
    return keyword.iskeyword(name) or name in _PYTHON | _QUERY or name.startswith("model_") or not name.isascii()


def assumed_type(name: str) -> FieldType:
    """The type a field's name suggests: `rating` -> int, `published_at` -> datetime, else `str`."""
    if name.startswith(("is_", "has_", "can_", "was_")) or name.endswith("_flag"):
        return "bool"
    if name.endswith(("_at", "_time")):
        return "datetime"
    if name == "number" or name.startswith("number_of_"):
        return "int"
    last = name.rpartition("_")[2]
    return next((kind for kind, names in _BY_NAME.items() if last in names), "str")
