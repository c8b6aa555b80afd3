"""The OpenAPI document a service publishes, read over HTTP by another user than the service's."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from sandbox import stream
from sandbox.errors import SandboxError
from sandbox.jobs import Job, Starter
from sandbox.protocol import SCRATCH, Sandbox
from sandbox.reports import Service
from sandbox.service import PORT, TOOLS_PYTHON, beside
from sandbox.text import last_line

READER = ("reporter", "ready", "openapi")
MOST = 600_000
"""Largest document (bytes)."""
WITHIN_S = 30.0


class NoDocument(SandboxError, ValueError):
    """The service does not start, or publishes nothing that can be read; the message says which."""


def published(
    sandbox: Sandbox, service: Service, *, path: str = "/openapi.json", starter: Starter | None = None
) -> Mapping[str, Any]:
    """The document of the tree in `/src`.

    Raises:
        NoDocument: there is none.
        EngineFault: the engine was lost.
    """
    nonce = secrets.token_hex(16)
    task = {
        "nonce": nonce,
        "port": PORT,
        "ready_path": service.ready_path,
        "start_timeout_s": service.start_timeout_s,
        "path": path,
        "most": MOST,
    }
    job = Job(
        python=TOOLS_PYTHON, parts=READER, task=task, user="tests", cwd=SCRATCH,
        env={"HOME": SCRATCH, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
        timeout_s=service.start_timeout_s + WITHIN_S,
    )  # fmt: skip
    outcome, served, _ = beside(sandbox, service, job, starter)
    records = list(stream.records(outcome.stdout, nonce))
    end = next((record for record in records if record["k"] == "end"), None)
    if end is None:
        said = last_line(served.stderr) or last_line(served.stdout) or "it printed nothing"
        raise NoDocument(f"the service did not start: {said}")
    text = "".join(str(record["text"]) for record in records if record["k"] == "piece")
    return _parsed(text, int(end["status"]), path)


def _parsed(text: str, status: int, path: str) -> Mapping[str, Any]:
    if status != 200:
        raise NoDocument(f"{path} answers {status or text[:200]}")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise NoDocument(f"{path} is no JSON, or longer than {MOST} bytes") from None
    if not isinstance(found, dict) or not isinstance(found.get("paths"), dict):
        raise NoDocument(f"{path} is no OpenAPI document")
    return found
