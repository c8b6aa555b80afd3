"""What a repository's files say about servers: variables with their values, addresses, images. Text, read as data."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import PurePosixPath

from sandbox.extras.addresses import URL

Read = Callable[[str], bytes | None]
LARGEST = 200_000
"""Bytes of a file that is read; larger ones configure nothing."""
LONGEST_LINE = 1500
MOST_FILES = 1000
_CONFIGURES = re.compile(r"(config|settings|conftest|database|session|env|main|app|/db|^db)[^/]*\.py$")
_TELLING = re.compile(
    rb"postgres|redis|valkey|asyncpg|psycopg|sqlite|(?i:database|db)_?(?i:url|uri|dsn|host|name|user)|PG[A-Z]|DSN"
)
_ASSIGNED = re.compile(
    r"^\s*(?:-\s+)?(?:export\s+|ENV\s+|ARG\s+)?(?:[DRU]:)?[\"']?(?:-\s*)?(?P<name>[A-Za-z][A-Za-z0-9_]*)[\"']?"
    r"\s*[:=]\s*(?P<value>\S.*?)\s*,?\s*$"
)
_INLINE = re.compile(r"\b(?P<name>[A-Z][A-Z0-9_]{2,})=(?P<value>[\"']?[a-z]+(?:\+\w+)?://\S+)")
_IMAGE = re.compile(
    r"(?:image:|-)\s*[\"']?[\w./-]*\b(?P<name>postgres|postgis|pgvector|timescaledb|redis|valkey)\b[\w.-]*(?::|[\"']?\s*$)"
)
_CREATED = re.compile(
    r"(?:create\s+database|\bcreatedb)\s+(?:-\S+\s+)*[\"'`\\]*(?P<name>[A-Za-z_][\w-]*)", re.IGNORECASE
)
_EXPANSION = re.compile(
    r"\$\{\{\s*(?P<github>[^}]*?)\s*\}\}|\$\{(?P<name>\w+)(?::?[-?](?P<default>[^}]*))?\}|\$(?P<bare>\w+)"
)


class Rank(IntEnum):
    """How near a file is to the way tests are really run; the lowest wins."""

    CI = 0
    TESTS = 1
    TEST_ENV = 2
    ENV = 3
    COMPOSE = 4
    CODE = 5


@dataclass(frozen=True, slots=True)
class Assigned:
    """A variable and its value somewhere."""

    name: str
    value: str
    path: str
    rank: Rank


@dataclass(frozen=True, slots=True)
class Seen:
    """An address written out somewhere."""

    url: str
    path: str
    rank: Rank


@dataclass(slots=True)
class Evidence:
    """Everything found."""

    assigned: list[Assigned] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    images: list[tuple[str, str, Rank]] = field(default_factory=list)
    """(postgresql or redis, path, rank)."""
    created: list[str] = field(default_factory=list)
    """Databases that CI makes by a command."""


def rank_of(path: str) -> Rank | None:
    """What kind of configuration a file is; None for one that is none."""
    pure = PurePosixPath(path.lower())
    name, parts = pure.name, pure.parts
    if parts[:2] == (".github", "workflows") or (
        parts[0] in (".circleci", ".gitlab") and pure.suffix in (".yml", ".yaml")
    ):
        return Rank.CI
    if name in (
        ".gitlab-ci.yml",
        ".travis.yml",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        "tox.ini",
        "noxfile.py",
    ):
        return Rank.CI
    if re.fullmatch(r"\.?env([.-][\w.-]*)?|[\w-]+\.env([.-](example|sample))?", name):
        return Rank.TEST_ENV if re.search(r"test|\bci\b", name) else Rank.ENV
    if re.fullmatch(r"(docker-)?compose[\w.-]*\.ya?ml", name):
        return Rank.TEST_ENV if "test" in name else Rank.COMPOSE
    if name in ("pytest.ini", ".pytest.ini", "pyproject.toml", "setup.cfg"):
        return Rank.TESTS
    if name in ("alembic.ini", "makefile", "justfile") or (pure.suffix in (".ini", ".toml") and len(parts) <= 3):
        return Rank.CODE
    return None


def configuration(files: Iterable[str], read: Read) -> Evidence:
    """What configuration files say."""
    found = Evidence()
    for path, text, rank in _texts(files, read):
        read_text(found, path, text, rank)
    everywhere: dict[str, str] = {}
    in_file: dict[str, dict[str, str]] = {}
    for one in found.assigned:
        everywhere.setdefault(one.name, one.value)
        in_file.setdefault(one.path, {}).setdefault(one.name, one.value)
    found.assigned = [replace(o, value=expanded(o.value, everywhere | in_file[o.path])) for o in found.assigned]
    return found


def _texts(files: Iterable[str], read: Read) -> Iterator[tuple[str, str, Rank]]:
    ranked = [(rank, path) for path in sorted(files) if (rank := rank_of(path)) is not None]
    for rank, path in sorted(ranked)[:MOST_FILES]:
        content = read(path)
        if content is not None and len(content) <= LARGEST and _TELLING.search(content):
            yield path, content.decode("utf-8-sig", "replace"), rank


def python_files(files: Iterable[str], read: Read) -> Iterator[tuple[str, str]]:
    """(path, text) of Python files that may name a server, those that sound like it first."""
    ranked = sorted((not _CONFIGURES.search(p), p.count("/"), p) for p in files if p.endswith(".py"))
    for _, _, path in ranked[:MOST_FILES]:
        content = read(path)
        if content is not None and len(content) <= LARGEST and _TELLING.search(content):
            yield path, content.decode("utf-8-sig", "replace")


def read_text(found: Evidence, path: str, text: str, rank: Rank) -> None:
    """Take what one file says."""
    for line in text.splitlines():
        if len(line) > LONGEST_LINE or line.lstrip().startswith(("#", ";")):
            continue
        if image := _IMAGE.search(line):
            found.images.append(("redis" if image["name"] in ("redis", "valkey") else "postgresql", path, rank))
        if rank is Rank.CI and (made := _CREATED.search(line)):
            found.created.append(made["name"])
        for match in (_ASSIGNED.match(line), *_INLINE.finditer(line)):
            if match is not None and (match["name"].isupper() or "env" in path):
                found.assigned.append(Assigned(match["name"], unquoted(match["value"]), path, rank))
    if path.endswith(".ini"):
        found.seen += [Seen(match[0], path, rank) for match in URL.finditer(text)]


def unquoted(value: str) -> str:
    """A value without quotes and without the comment after it."""
    if value[:1] in "\"'" and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return re.split(r"\s+#", value)[0].strip().strip("\"'")


def expanded(value: str, known: dict[str, str], depth: int = 3) -> str:
    """A value with `${NAME}`, `${NAME:-default}`, `$NAME` and GitHub's `${{ ... }}` filled in."""

    def fill(match: re.Match[str]) -> str:
        if match["github"] is not None:
            port = re.search(r"ports\W+(\d+)", match["github"])
            name = match["github"].rpartition(".")[2]
            return port[1] if port else known.get(name, "secret")
        name = match["name"] or match["bare"]
        return known.get(name) or match["default"] or ""

    if depth == 0 or "$" not in value:
        return value
    return expanded(_EXPANSION.sub(fill, value), {k: v for k, v in known.items() if v != value}, depth - 1)
