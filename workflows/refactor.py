"""The refactoring graph: in steps that each change nothing for anybody; what breaks something is left out."""

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START

from workflows import routing
from workflows.graphs import Graph, builder_with
from workflows.nodes import (
    apply_step,
    approve,
    characterise,
    check_step,
    clarify,
    hand_over,
    narrow,
    plan,
    prepare,
    prove,
)


def build_graph(checkpointer: BaseCheckpointSaver[str] | None = None) -> Graph:
    """The compiled graph; `checkpointer` is required for every run that may stop to ask."""
    builder = builder_with(
        prepare, plan, clarify, approve, characterise, apply_step, check_step, narrow, prove, hand_over
    )
    builder.add_edge(START, "prepare").add_edge("prepare", "plan")
    builder.add_conditional_edges("plan", routing.after_refactoring_plan)
    builder.add_edge("clarify", "plan")
    builder.add_conditional_edges("approve", routing.after_refactoring_approved)
    builder.add_edge("characterise", "apply_step").add_edge("apply_step", "check_step")
    builder.add_conditional_edges("check_step", routing.after_checked_step)
    builder.add_conditional_edges("narrow", routing.after_checked_step, {"apply_step": "apply_step", "prove": "prove"})
    builder.add_conditional_edges("prove", routing.after_proof)
    builder.add_edge("hand_over", END)
    return builder.compile(checkpointer=checkpointer)


graph = build_graph()
"""For `langgraph.json`: compiled without a checkpointer, as its server brings one."""
