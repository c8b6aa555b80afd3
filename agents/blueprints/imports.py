"""The import statements a piece of generated code needs, found by the names it uses."""

import ast
from collections.abc import Mapping

_STANDARD = {
    "Any": "from typing import Any",
    "Annotated": "from typing import Annotated",
    "Literal": "from typing import Literal",
    "Decimal": "from decimal import Decimal",
    "UUID": "from uuid import UUID",
    "Sequence": "from collections.abc import Sequence",
    "base64": "import base64",
    "dt": "import datetime as dt",
}
_FASTAPI = {
    n: f"from fastapi import {n}"
    for n in ("APIRouter", "Body", "Depends", "Header", "HTTPException", "Path", "Query", "status")
}
_PYDANTIC = {
    name: f"from pydantic import {name}"
    for name in ("AfterValidator", "BaseModel", "ConfigDict", "EmailStr", "Field", "HttpUrl", "field_validator")
}
_SQLALCHEMY = {
    name: f"from sqlalchemy import {name}"
    for name in (
        *("Boolean", "Column", "Date", "DateTime", "Float", "ForeignKey", "Integer", "Numeric", "String", "Table"),
        *("Text", "UniqueConstraint", "Uuid", "func", "or_", "select"),
    )
}
_ORM = {
    name: f"from sqlalchemy.orm import {name}"
    for name in ("Mapped", "Session", "backref", "mapped_column", "relationship")
}
KNOWN_IMPORTS = {
    **_STANDARD,
    **_FASTAPI,
    **_PYDANTIC,
    **_SQLALCHEMY,
    **_ORM,
    "AsyncSession": "from sqlalchemy.ext.asyncio import AsyncSession",
    "StaleDataError": "from sqlalchemy.orm.exc import StaleDataError",
    "IntegrityError": "from sqlalchemy.exc import IntegrityError",
}
"""The import statement of every library name the templates use."""


def imports_for(body: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """The import statements `body` needs: `known` maps a name to its statement ("" for the same file)."""
    tree = ast.parse(body)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    defined = {
        node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return tuple(sorted({known[name] for name in used - defined if known.get(name)}))
