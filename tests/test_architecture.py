"""The structure is a promise: one-way imports, no cycles, small files and functions, one reader of the environment."""

import ast
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("workflows", "agents", "sandbox")
FILE_MEDIAN, FILE_MAX = 120, 350
FUNCTION_P90, FUNCTION_MAX = 30, 60


@cache
def sources() -> tuple[Path, ...]:
    return tuple(_sources())


def _sources() -> Iterator[Path]:
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            if "templates" not in path.parts:
                yield path


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file, the tree itself first."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_imports_point_one_way() -> None:
    wrong = []
    for path in sources():
        layer = path.relative_to(ROOT).parts[0]
        above = LAYERS[: LAYERS.index(layer)]
        wrong += [f"{path}: {name}" for name in imports(path) if name.split(".")[0] in above]
    assert wrong == []


def test_the_sandbox_knows_no_model_and_no_graph() -> None:
    banned = ("langchain", "langgraph", "openai", "pydantic_settings", "typer", "rich")
    wrong = [
        f"{path}: {name}"
        for path in (ROOT / "sandbox").rglob("*.py")
        for name in imports(path)
        if name.startswith(banned)
    ]
    assert wrong == []


def test_no_import_cycles() -> None:
    graph = {module_name(p): imports(p) for p in sources()}
    edges = {name: {n for n in targets if n in graph and n != name} for name, targets in graph.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for target in sorted(edges[name]):
                visit(target, (*trail, name))
            done.add(name)

    for name in sorted(edges):
        visit(name, ())


def test_files_are_small() -> None:
    sizes = {p: len(p.read_text().splitlines()) for p in sources()}
    assert {str(p): n for p, n in sizes.items() if n > FILE_MAX} == {}
    assert statistics.median(n for p, n in sizes.items() if n >= 5) <= FILE_MEDIAN


def test_functions_are_small() -> None:
    sizes = {
        f"{path}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in sources()
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: n for name, n in sizes.items() if n > FUNCTION_MAX} == {}
    assert statistics.quantiles(sizes.values(), n=10)[8] <= FUNCTION_P90


def test_the_environment_is_read_in_one_file() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in sources()
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
    }
    assert readers <= {"workflows/settings.py"}


@pytest.mark.parametrize("path", sources(), ids=str)
def test_every_broad_except_says_why(path: Path) -> None:
    lines = path.read_text().splitlines()
    for node in nodes_of(path):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
            )
            assert not broad or "#" in lines[node.lineno - 1], f"{path}:{node.lineno}: broad except without a reason"
