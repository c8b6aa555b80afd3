"""The graph is drawn in the docs, and the drawing is checked."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from workflows.kinds import BUILDERS, page

ROOT = Path(__file__).parents[2]


def test_the_drawings_in_the_docs_are_the_graphs() -> None:
    path = ROOT / "docs" / "graph.md"
    assert path.read_text() == page(), "draw them again: python scripts/draw_graph.py"


@pytest.mark.parametrize("kind", BUILDERS)
def test_langgraph_json_names_compiled_graphs_without_a_checkpointer(kind: str) -> None:
    config = json.loads((ROOT / "langgraph.json").read_text())
    file, name = config["graphs"][kind].split(":")
    assert (ROOT / file).exists()
    module = import_module(file.removeprefix("./").removesuffix(".py").replace("/", "."))
    assert getattr(module, name).checkpointer is None


@pytest.mark.parametrize("kind", BUILDERS)
def test_every_node_has_a_bounded_retry_and_timeout(kind: str) -> None:
    for name, node in BUILDERS[kind](None).nodes.items():
        if name == "__start__":
            continue
        assert node.retry_policy, name
        assert all(policy.max_attempts <= 3 for policy in node.retry_policy), name
