"""The server applications are started with, put beside the code of a repository that does not ask for one."""

import re
from collections.abc import Collection

from sandbox.manifest import Manifest, packages_of

SERVER = "uvicorn"
ABSENT = f"{SERVER} is not among the dependencies"
LACKS = (
    f"{ABSENT}: the sandbox takes its own to start the application, whoever deploys it needs one (add {SERVER} to them)"
)
OTHERS = frozenset({"hypercorn", "granian", "daphne", "mangum"})
"""What serves such an application as well."""
_BRINGS = re.compile(r"(?i)^\s*fastapi\s*\[[^\]]*\b(standard|all)\b")


def lacks_server(manifest: Manifest) -> bool:
    """The repository asks for FastAPI and not, as far as its own files tell, for what starts it in the sandbox."""
    names = {name for name, _ in packages_of(manifest)}
    brought = any(_BRINGS.match(line) for line in manifest.requirements)
    return "fastapi" in names and not brought and not names & {SERVER, "fastapi-cli", "uvicorn-worker"}


def serves_otherwise(manifest: Manifest) -> bool:
    """It asks for another server."""
    return bool({name for name, _ in packages_of(manifest)} & OTHERS)


def needs_a_server(manifest: Manifest) -> bool:
    """It lacks one, and asks for no other that would do."""
    return lacks_server(manifest) and not serves_otherwise(manifest)


def is_missed_in(said: str) -> bool:
    """An interpreter says that it is not installed."""
    return re.search(rf"No module named '?{SERVER}\b", said) is not None


def tools_for(manifest: Manifest, tools: Collection[str]) -> tuple[str, ...]:
    """What is installed beside what a manifest asks for: the tools, and the server where it lacks one."""
    return (*tools, SERVER) if lacks_server(manifest) else tuple(tools)
