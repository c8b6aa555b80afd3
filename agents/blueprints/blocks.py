"""Building blocks beside resources and login, rendered: a module each, a router or what is added to the application."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.blueprints.block_catalog import BLOCKS
from agents.blueprints.fragments import Fragment, Style, Symbol
from agents.blueprints.imports import KNOWN_IMPORTS, imports_for
from agents.blueprints.names import attribute, literal, module_path, sentence, snake, words
from agents.blueprints.render import render_python
from agents.blueprints.spec import BlockSpec, FeatureSpec
from agents.blueprints.view import fields_of, view
from agents.errors import NotUnderstood

_STARLETTE = {
    "ASGIApp": "from starlette.types import ASGIApp",
    "Headers": "from starlette.datastructures import Headers",
    "Message": "from starlette.types import Message",
    "MutableHeaders": "from starlette.datastructures import MutableHeaders",
    "Receive": "from starlette.types import Receive",
    "Scope": "from starlette.types import Scope",
    "Send": "from starlette.types import Send",
}
_ACTIONS = {"created": "create", "updated": "update", "deleted": "delete"}
_IMPORTS = {
    **KNOWN_IMPORTS,
    **_STARLETTE,
    "AsyncIterator": "from collections.abc import AsyncIterator",
    "Awaitable": "from collections.abc import Awaitable",
    "Callable": "from collections.abc import Callable",
    "Connection": "from sqlalchemy import Connection",
    "NamedTuple": "from typing import NamedTuple",
    "insert": "from sqlalchemy import insert",
    "object_session": "from sqlalchemy.orm import object_session",
    "BaseSettings": "from pydantic_settings import BaseSettings",
    "SettingsConfigDict": "from pydantic_settings import SettingsConfigDict",
    "SecretStr": "from pydantic import SecretStr",
    "BinaryIO": "from typing import BinaryIO",
    "Body": "from fastapi import Body",
    "CORSMiddleware": "from fastapi.middleware.cors import CORSMiddleware",
    "FastAPI": "from fastapi import FastAPI",
    "Header": "from fastapi import Header",
    "Iterator": "from collections.abc import Iterator",
    "Lock": "from threading import Lock",
    "Request": "from fastapi import Request",
    "SecurityScopes": "from fastapi.security import SecurityScopes",
    "IntegrityError": "from sqlalchemy.exc import IntegrityError",
    "LargeBinary": "from sqlalchemy import LargeBinary",
    "async_sessionmaker": "from sqlalchemy.ext.asyncio import async_sessionmaker",
    "delete": "from sqlalchemy import delete",
    "SQLAlchemyError": "from sqlalchemy.exc import SQLAlchemyError",
    "asynccontextmanager": "from contextlib import asynccontextmanager",
    "logging": "import logging",
    "suppress": "from contextlib import suppress",
    "StreamingResponse": "from fastapi.responses import StreamingResponse",
    "WebSocket": "from fastapi import WebSocket",
    "WebSocketDisconnect": "from fastapi import WebSocketDisconnect",
    "asyncio": "import asyncio",
    "contextmanager": "from contextlib import contextmanager",
    "deque": "from collections import deque",
    "event": "from sqlalchemy import event",
    "File": "from fastapi import File",
    "FileResponse": "from fastapi.responses import FileResponse",
    "JSONResponse": "from fastapi.responses import JSONResponse",
    "Path": "from pathlib import Path",
    "PurePosixPath": "from pathlib import PurePosixPath",
    "Response": "from fastapi import Response",
    "StringConstraints": "from pydantic import StringConstraints",
    "UploadFile": "from fastapi import UploadFile",
    "ValidationError": "from pydantic import ValidationError",
    "ceil": "from math import ceil",
    "csv": "import csv",
    "hashlib": "import hashlib",
    "hmac": "import hmac",
    "httpx": "import httpx",
    "AnyHttpUrl": "from pydantic import AnyHttpUrl",
    "io": "import io",
    "json": "import json",
    "lru_cache": "from functools import lru_cache",
    "os": "import os",
    "secrets": "import secrets",
    "re": "import re",
    "time": "import time",
    "update": "from sqlalchemy import update",
    "uuid": "import uuid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The resource a block is for, as code names it."""

    name: str
    plural: str
    path: str
    """Its collection's path below the router's prefix."""
    table: str
    model: Symbol
    create: Symbol | None
    read: Symbol | None
    fields: tuple[str, ...]
    lists: tuple[str, ...] = ()
    """Lists of links in its schemas."""
    guarded: tuple[str, ...] = ()
    soft: bool = False
    """Deleted ones stay in the table, marked by `deleted_at`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The application a block goes into."""

    style: Style
    package: str = "app"
    problems: bool = True
    """It answers errors by `problem` of its module `errors`."""
    settings: bool = True
    """It has settings classes; without, the environment is read as it does."""
    login: bool = False
    roles: bool = False


def block_fragment(block: BlockSpec, site: Site, subject: Subject | None = None) -> Fragment:
    """The block's module in the style of the application.

    Raises:
        NotUnderstood: it cannot be had for this resource.
    """
    style = site.style
    kind = "AsyncSession" if style.database != "sqlalchemy_sync" else "Session"
    session = style.session.name if style.session_is_alias else f"Annotated[{kind}, Depends({style.session.name})]"
    user = style.current_user if site.login else None
    values: dict[str, object] = {
        "b": block, "style": style, "problems": site.problems, "settings": site.settings, "router": "router",
        "prefix": style.prefix, "asynchronous": kind == "AsyncSession", "session": session,
        "save": "flush" if style.session_commits else "commit",
        "moment": style.moment.name if style.moment else "dt.datetime",
        "user": user and (user.name if style.user_is_alias else f"Annotated[object, Depends({user.name})]"),
    }  # fmt: skip
    own = [style.session, *(symbol for symbol in (user, style.moment) if symbol)]
    if subject:
        values |= _told(block, subject, site)
        own += [symbol for symbol in (subject.model, subject.create, subject.read) if symbol]
    body = render_python(f"blocks/{block.name}.py.j2", **values)
    own += [Symbol(_below(site.package, "changes"), name) for name in ("Change", "Changes") if block.name != "changes"]
    own += [Symbol(_below(site.package, "security"), "get_current_user")]
    if BLOCKS[block.name].model:
        own.append(Symbol(model_module(block, style), BLOCKS[block.name].model))
    known = {s.name: f"from {s.module} import {s.name}" if s.module else "" for s in own}
    if site.problems:
        known["problem"] = f"from {_below(site.package, 'errors')} import problem"
    return Fragment(imports_for(body, _IMPORTS | known), body)


def missing_names(piece: Fragment, site: Site, subject: Subject | None) -> set[str]:
    """Names the piece uses that stand in the file of the application itself, so that no module can import them."""
    own = [site.style.session, *([site.style.current_user] if site.style.current_user else [])]
    own += [s for s in (subject.model, subject.create, subject.read) if s] if subject else []
    used = {node.id for node in ast.walk(ast.parse(piece.body)) if isinstance(node, ast.Name)}
    return {symbol.name for symbol in own if not symbol.module} & used


def model_module(block: BlockSpec, style: Style) -> str:
    """Module of the ORM class a block brings."""
    name = snake(BLOCKS[block.name].model)
    return module_path(style.model_module, name, f"{name}s")


def model_fragment(block: BlockSpec, style: Style) -> Fragment:
    """The ORM class a block brings."""
    body = render_python(f"blocks/{block.name}_model.py.j2")
    base = {style.base.name: f"from {style.base.module} import {style.base.name}" if style.base.module else ""}
    return Fragment(imports_for(body, _IMPORTS | base), body)


def _below(package: str, module: str) -> str:
    return f"{package}.{module}" if package else module


def _told(block: BlockSpec, subject: Subject, site: Site) -> dict[str, object]:
    style = site.style
    odd = next((name for name in subject.fields if attribute(name) != name), None)
    if odd and block.name == "csv":
        raise NotUnderstood(
            words(odd), f"A column cannot be called {odd} here; leave the table out, or rename the field."
        )
    reads = site.login and "list" in subject.guarded
    if reads and block.name == "websocket" and not site.problems:
        raise NotUnderstood("websocket", "A channel behind a login is offered where the login is greenloop's own.")
    dump = f"exclude={{{', '.join(literal(name) for name in subject.lists)}}}" if subject.lists else ""
    told = {
        "name": subject.name, "plural": subject.plural, "table": subject.table, "fields": subject.fields,
        "model": subject.model.name, "create": subject.create.name if subject.create else "",
        "read": subject.read.name if subject.read else "", "dump": dump,
        "soft": subject.soft,
    }  # fmt: skip
    return {
        "t": told, "path": f"{subject.path.removeprefix(style.prefix)}.csv", "roles": site.roles,
        "reads": reads, "writes": site.login and "create" in subject.guarded,
    }  # fmt: skip


def subject_of(block: BlockSpec, spec: FeatureSpec, style: Style) -> Subject | None:
    """The new resource a block is for; None when it is for none.

    Raises:
        NotUnderstood: it is one that has no list of its own.
    """
    resource = next((r for r in spec.resources if r.name == block.resource and not r.exists), None)
    if resource is None:
        return None
    v = view(resource, spec, style)
    if v.owned and block.name != "retention":
        what = "Counts" if block.name == "schedule" else sentence(words(block.name))
        raise NotUnderstood(words(resource.plural), f"{what} of private items are not offered.")
    if block.name == "outgoing_webhooks" and not {_ACTIONS[name] for name in block.names} & set(v.actions):
        told = " or ".join(block.names)
        raise NotUnderstood(f"webhooks about {words(resource.plural)}", f"Nothing here lets them be {told}.")
    if block.name == "retention" and v.referred:
        raise NotUnderstood(words(resource.plural), "Others need them, so they cannot be deleted by the clock.")
    if block.name in ("csv", "jobs") and (v.nested or not {"create", "list"} <= set(v.actions)):
        raise NotUnderstood(words(resource.plural), "That needs a resource that is created and listed by itself.")
    schemas = module_path(style.schema_module, v.name, v.plural)
    return Subject(
        name=v.name, plural=v.plural, path=v.target.path, table=v.target.table,
        model=v.target.model, create=Symbol(schemas, f"{v.cls}Create"), read=Symbol(schemas, f"{v.cls}Read"),
        fields=(*(f.name for f in fields_of(resource)), *(p.column for p in v.parents)),
        lists=tuple(link.name for link in v.links), guarded=v.guarded, soft=v.soft,
    )  # fmt: skip


def module_of(block: BlockSpec) -> str:
    """Stem of the block's module."""
    return BLOCKS[block.name].module.format(name=block.resource)


def phrase(block: BlockSpec, text: str, plural: str = "") -> str:
    """A text of the catalogue with the resource's words filled in."""
    return text.replace("{words}", words(plural or f"{block.resource}s")).replace("{plural}", plural)


def block_requirements(spec: FeatureSpec) -> tuple[str, ...]:
    """Packages the blocks need beyond FastAPI."""
    return tuple(dict.fromkeys(one for block in spec.blocks for one in BLOCKS[block.name].requires))


def block_env(blocks: Sequence[BlockSpec], plurals: Mapping[str, str]) -> tuple[str, ...]:
    """Lines of `.env.example` for the blocks, each once; `plurals`: of the resources they are for."""
    lines = [
        line.format(b=block, plural=plurals.get(block.resource, "").upper())
        for block in blocks
        for line in BLOCKS[block.name].env
    ]
    return tuple(dict.fromkeys(lines))


def block_needs(blocks: Sequence[BlockSpec]) -> tuple[str, ...]:
    """Variables without which an application with these blocks does not start."""
    return tuple(dict.fromkeys(name for block in blocks for name, _ in BLOCKS[block.name].needs))


def block_endpoints(spec: FeatureSpec, style: Style) -> list[tuple[str, str, str]]:
    """Method, path and purpose of the blocks' routes."""
    found = []
    for block in spec.blocks:
        known = style.known.get(block.resource)
        plural = next((r.plural for r in spec.resources if r.name == block.resource), known.plural if known else "")
        base = known.path if known and known.path else f"/{plural.replace('_', '-')}"
        for method, path, purpose in BLOCKS[block.name].endpoints:
            path = path.replace("{plural}", plural.replace("_", "-"))
            where = f"{style.prefix}{path}" if path.startswith("/") else path.replace("{path}", base)
            found.append((method, where, phrase(block, purpose, plural)))
    return found
