"""The repository map: the definitions that matter for a request, as signatures, within a budget of tokens."""

from collections.abc import Mapping

from agents.errors import EditRefused
from agents.profile import Source
from agents.ranking import Ranked, rank_definitions, words_of
from agents.symbol_index import SymbolIndex
from agents.symbols import Definition, FileSymbols

CHARS_PER_TOKEN = 4
BYTES_MAX = 1_000_000
"""A larger file is not mapped."""
MISSES_MAX = 100
"""After so many definitions in a row that no longer fit, the map is full."""
SKIPPED_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".venv",
        ".tox",
        ".nox",
        "venv",
        "env",
        "virtualenv",
        "site-packages",
        "node_modules",
        "__pycache__",
    }
    | {"build", "dist", "vendor", "vendored", "_vendor", "_vendored", "third_party", "generated", ".eggs"}
)
GENERATED_ENDINGS = ("_pb2.py", "_pb2_grpc.py", ".generated.py", "_generated.py")


def repository_map(
    source: Source, index: SymbolIndex, request: str, budget_tokens: int, blobs: Mapping[str, str] | None = None
) -> str:
    """Signatures of the most important definitions, by file; empty when nothing fits or there is no Python.

    `blobs` maps paths to git blob ids; a path without one is read. A token is taken for four characters. The same tree,
    request and budget give the same text in every process.
    """
    paths = [path for path in source.files() if is_mapped(path)]
    symbols = index.load(paths, blobs or {}, lambda path: _content(source, path))
    return render(symbols, rank_definitions(symbols, words_of(request)), budget_tokens * CHARS_PER_TOKEN)


def is_mapped(path: str) -> bool:
    """A Python file that somebody wrote here."""
    folders = path.split("/")[:-1]
    return path.endswith(".py") and not path.endswith(GENERATED_ENDINGS) and not SKIPPED_FOLDERS & set(folders)


def render(symbols: Mapping[str, FileSymbols], ranked: list[Ranked], chars: int) -> str:
    """The best definitions that fit into so many characters: files by their best definition, lines in file order."""
    chosen: dict[str, set[int]] = {}
    left, misses = chars, 0
    for entry in ranked:
        definitions = symbols[entry.path].definitions
        have = chosen.get(entry.path, set())
        wanted = _with_parents(definitions, entry.number) - have
        cost = sum(len(_line(definitions, number)) + 1 for number in wanted) + (0 if have else len(entry.path) + 2)
        if cost > left:
            misses += 1
            if misses > MISSES_MAX:
                break
            continue
        misses, left = 0, left - cost
        chosen.setdefault(entry.path, set()).update(wanted)
    lines: list[str] = []
    for path, numbers in chosen.items():
        lines += [f"{path}:", *(_line(symbols[path].definitions, number) for number in sorted(numbers))]
    return "\n".join(lines)


def _with_parents(definitions: tuple[Definition, ...], number: int) -> set[int]:
    found: set[int] = set()
    while number >= 0:
        found.add(number)
        number = definitions[number].parent
    return found


def _line(definitions: tuple[Definition, ...], number: int) -> str:
    depth = len(_with_parents(definitions, number))
    return "  " * depth + definitions[number].signature


def _content(source: Source, path: str) -> bytes | None:
    try:
        content = source.read(path).encode("utf-8", "replace")
    except EditRefused:
        return None
    return content if len(content) <= BYTES_MAX else None
