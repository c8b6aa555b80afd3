"""Which graph carries which kind of request."""

from collections.abc import Callable, Mapping
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from workflows import feature
from workflows.graphs import Graph

BUILDERS: Mapping[str, Callable[[BaseCheckpointSaver[Any]], Graph]] = {
    "feature": feature.build_graph,
}


def graph_of(kind: str, saver: BaseCheckpointSaver[Any]) -> Graph:
    """The compiled graph for a request of this kind, saving its checkpoints with `saver`."""
    return BUILDERS[kind](saver)
