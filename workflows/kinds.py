"""Which graph carries which kind of request."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from workflows.graphs import Graph

Build = Callable[["BaseCheckpointSaver[Any] | None"], "Graph"]


def _feature(saver: "BaseCheckpointSaver[Any] | None") -> "Graph":
    from workflows.feature import build_graph

    return build_graph(saver)


def _fix(saver: "BaseCheckpointSaver[Any] | None") -> "Graph":
    from workflows.fix import build_graph

    return build_graph(saver)


def _refactor(saver: "BaseCheckpointSaver[Any] | None") -> "Graph":
    from workflows.refactor import build_graph

    return build_graph(saver)


BUILDERS: Mapping[str, Build] = {"feature": _feature, "fix": _fix, "refactor": _refactor}
"""Each imports what its graph needs when it is called: a run needs one of them, and a list of names none."""


def graph_of(kind: str, saver: "BaseCheckpointSaver[Any]") -> "Graph":
    """The compiled graph for a request of this kind, saving its checkpoints with `saver`."""
    return BUILDERS[kind](saver)


def page() -> str:
    """Every graph drawn, as the documentation shows it."""
    parts = ["# The graphs"]
    for kind, build in BUILDERS.items():
        drawn = build(None).get_graph().draw_mermaid(with_styles=False).strip()
        parts.append(f"## {kind}\n\n```mermaid\n{drawn}\n```")
    return "\n\n".join(parts) + "\n"
