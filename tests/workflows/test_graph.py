"""The graph is drawn in the docs, and the drawing is checked."""

import json
from pathlib import Path

from workflows.feature import build_graph

ROOT = Path(__file__).parents[2]


def test_the_drawing_in_the_docs_is_the_graph() -> None:
    drawn = build_graph().get_graph().draw_mermaid(with_styles=False)
    page = f"# The feature graph\n\n```mermaid\n{drawn.strip()}\n```\n"
    path = ROOT / "docs" / "graph.md"
    assert path.read_text() == page, "draw it again: python scripts/draw_graph.py"


def test_langgraph_json_names_a_compiled_graph_without_a_checkpointer() -> None:
    config = json.loads((ROOT / "langgraph.json").read_text())
    file, name = config["graphs"]["feature"].split(":")
    assert (ROOT / file).exists()
    import workflows.feature as module

    assert getattr(module, name).checkpointer is None


def test_every_node_has_a_bounded_retry_and_timeout() -> None:
    for name, node in build_graph().nodes.items():
        if name == "__start__":
            continue
        assert node.retry_policy, name
        assert all(policy.max_attempts <= 3 for policy in node.retry_policy), name
