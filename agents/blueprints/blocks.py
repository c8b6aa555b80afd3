"""Building blocks beside resources and login: a module each, included as a router or added to the application."""

from dataclasses import dataclass

from agents.blueprints.fragments import Fragment, Style
from agents.blueprints.imports import KNOWN_IMPORTS, imports_for
from agents.blueprints.render import render_python
from agents.blueprints.spec import BlockName, BlockSpec, FeatureSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one block is made of; its template has the block's name."""

    module: str
    """Stem of the module it goes into."""
    says: str
    """The module's docstring."""
    title: str
    """What a commit's subject calls it."""
    choice: str
    reason: str
    """The decision a plan records."""
    install: str = ""
    """A function called with the application; empty: the module has a `router`."""
    requires: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    """Lines of `.env.example`."""


BLOCKS: dict[BlockName, Block] = {
    "rate_limit": Block(
        module="rate_limit",
        says="How many requests a client may send.",
        title="a rate limit",
        choice="a limit of requests for each client in a window of time, counted by each process",
        reason="it needs no other service, and the machine itself stays free; for several processes count in Redis",
        install="add_rate_limit",
        env=("RATE_LIMIT_REQUESTS={b.amount}", "RATE_LIMIT_SECONDS={b.seconds}"),
    ),
    "etag": Block(
        module="etags",
        says="ETags: what a client has already is not sent again.",
        title="ETags",
        choice="ETags computed from JSON answers, up to 1 MB",
        reason="every list and item gets them, and nothing has to be invalidated; the database is still asked",
        install="add_etags",
    ),
    "cors": Block(
        module="cors",
        says="Origins that may call from a browser.",
        title="CORS",
        choice="CORS for named origins, without credentials",
        reason="tokens travel in a header, so a browser's cookies need not be let in",
        install="add_cors",
    ),
}

_STARLETTE = {
    "ASGIApp": "from starlette.types import ASGIApp",
    "Headers": "from starlette.datastructures import Headers",
    "Message": "from starlette.types import Message",
    "MutableHeaders": "from starlette.datastructures import MutableHeaders",
    "Receive": "from starlette.types import Receive",
    "Scope": "from starlette.types import Scope",
    "Send": "from starlette.types import Send",
}
_IMPORTS = {
    **KNOWN_IMPORTS,
    **_STARLETTE,
    "BaseSettings": "from pydantic_settings import BaseSettings",
    "CORSMiddleware": "from fastapi.middleware.cors import CORSMiddleware",
    "FastAPI": "from fastapi import FastAPI",
    "JSONResponse": "from fastapi.responses import JSONResponse",
    "ceil": "from math import ceil",
    "hashlib": "import hashlib",
    "os": "import os",
    "re": "import re",
    "time": "import time",
}


def block_fragment(
    block: BlockSpec, style: Style, *, package: str = "app", problems: bool = False, settings: bool = True
) -> Fragment:
    """The block's module in the style of the application.

    Args:
        package: dotted package of the application, empty when it has none.
        problems: the application answers errors by `problem` of its module `errors`.
        settings: it has settings classes; without, the environment is read as it does.
    """
    body = render_python(f"blocks/{block.name}.py.j2", b=block, style=style, problems=problems, settings=settings)
    own = {"problem": f"from {package}.errors import problem"} if problems else {}
    return Fragment(imports_for(body, _IMPORTS | own), body)


def block_requirements(spec: FeatureSpec) -> tuple[str, ...]:
    """Packages the blocks need beyond FastAPI."""
    found = [one for block in spec.blocks for one in BLOCKS[block.name].requires]
    return tuple(dict.fromkeys(found))


def block_env(spec: FeatureSpec) -> tuple[str, ...]:
    """Lines of `.env.example` for the blocks of a new application."""
    return tuple(line.format(b=block) for block in spec.blocks for line in BLOCKS[block.name].env)


def block_endpoints(spec: FeatureSpec, style: Style) -> list[tuple[str, str, str]]:
    """Method, path and purpose of the blocks' routes."""
    del style
    found: list[tuple[str, str, str]] = []
    del spec
    return found
