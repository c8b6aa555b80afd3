"""Names the generated code uses, made from the snake_case names of a specification."""

import builtins
import json
import keyword
import re
from collections.abc import Iterable

from pydantic import BaseModel

_ORM = {"metadata", "registry", "relationship", "mapped_column", "backref", "func", "created_at", "id", "dt"}
_HANDLER = {
    "repository",
    "session",
    "query",
    "limit",
    "offset",
    "total",
    "router",
    "app",
    "data",
    "q",
    "dt",
    "func",
    "status",
}
_TYPES = {"list", "set", "str", "int", "float", "bool", "tuple", "property", "classmethod", "super"}
_CLASSES = {
    "Annotated", "AfterValidator", "APIRouter", "AsyncSession", "Base", "BaseModel", "Boolean", "Column", "ConfigDict",
    "Date", "DateTime", "Decimal", "Depends", "EmailStr", "Field", "Float", "ForeignKey", "HTTPException", "HttpUrl",
    "Integer", "IntegrityError", "Literal", "Mapped", "Numeric", "Path", "Query", "Request", "Select", "Session",
    "String", "Table", "Text", "User", "UtcDatetime", "Uuid", "WebAddress",
}  # fmt: skip
RESERVED = frozenset(keyword.kwlist) | frozenset(dir(BaseModel)) | _ORM | _TYPES
"""Names that cannot be an attribute of an ORM class or a pydantic model without breaking something."""


def attribute(name: str) -> str:
    """The Python attribute for a field: the field's own name unless that would clash (`class` -> `class_`)."""
    return f"{name}_" if name in RESERVED or name.startswith(("model_validate", "model_dump")) else name


def parameter(name: str) -> str:
    """The handler parameter for a query parameter of that name; differs when a builtin or local would be shadowed."""
    clashes = name in RESERVED or name in _HANDLER or hasattr(builtins, name)
    return f"{name}_" if clashes else name


def local(name: str) -> str:
    """The local variable for one item of a resource."""
    return parameter(name)


def class_name(name: str) -> str:
    """`order_item` -> `OrderItem`."""
    return "".join(part.capitalize() for part in name.split("_"))


def model_class(name: str) -> str:
    """Class of a new resource; `TableRecord` where the plain name is one the code around imports."""
    plain = class_name(name)
    return f"{plain}Record" if plain in _CLASSES else plain


def module_path(pattern: str, name: str, plural: str) -> str:
    """Module of a resource by the style's pattern, keywords made importable (`app.models.class_`)."""
    safe = {
        key: f"{value}_" if keyword.iskeyword(value) else value for key, value in (("name", name), ("plural", plural))
    }
    return pattern.format(**safe)


def words(name: str) -> str:
    """`order_item` -> `order item`, for sentences."""
    return name.replace("_", " ")


def article(phrase: str) -> str:
    """`book` -> `a book`, `order item` -> `an order item`."""
    silent = ("hour", "honest", "honor", "honour", "heir")
    consonant = ("uni", "use", "usa", "uti", "eu", "one")
    vowel = phrase.startswith(("a", "e", "i", "o", "u")) and not phrase.startswith(consonant)
    return f"{'an' if vowel or phrase.startswith(silent) else 'a'} {phrase}"


def sentence(text: str) -> str:
    """First letter in upper case, the rest untouched."""
    return text[:1].upper() + text[1:]


def literal(text: str) -> str:
    """A Python string literal quoted the way formatters leave it."""
    if not text.isprintable():
        return '"' + text.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'
    if '"' in text and "'" not in text:
        return "'" + text.replace("\\", "\\\\") + "'"
    return json.dumps(text, ensure_ascii=False)


def snake(name: str) -> str:
    """`OrderItem` -> `order_item`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def dashes(name: str) -> str:
    """`order_items` -> `order-items`, for paths."""
    return name.replace("_", "-")


def int_literal(number: int) -> str:
    """`10_000_000`."""
    return f"{number:_}"


def tuple_literal(texts: Iterable[str]) -> str:
    """A Python tuple of string literals."""
    found = [literal(text) for text in texts]
    return f"({found[0]},)" if len(found) == 1 else f"({', '.join(found)})"


def listing(phrases: list[str], last: str = "or") -> str:
    """`["a", "b", "c"]` -> `a, b or c`."""
    head, tail = phrases[:-1], phrases[-1]
    return f"{', '.join(head)} {last} {tail}" if head else tail
