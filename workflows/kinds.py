"""Which graph carries which kind of request."""

from collections.abc import Callable, Mapping
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from workflows import feature, fix, refactor
from workflows.graphs import Graph

BUILDERS: Mapping[str, Callable[[BaseCheckpointSaver[Any] | None], Graph]] = {
    "feature": feature.build_graph,
    "fix": fix.build_graph,
    "refactor": refactor.build_graph,
}


def graph_of(kind: str, saver: BaseCheckpointSaver[Any]) -> Graph:
    """The compiled graph for a request of this kind, saving its checkpoints with `saver`."""
    return BUILDERS[kind](saver)


def page() -> str:
    """Every graph drawn, as the documentation shows it."""
    parts = ["# The graphs"]
    for kind, build in BUILDERS.items():
        drawn = build(None).get_graph().draw_mermaid(with_styles=False).strip()
        parts.append(f"## {kind}\n\n```mermaid\n{drawn}\n```")
    return "\n\n".join(parts) + "\n"
