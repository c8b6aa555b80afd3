"""The fix graph: a bug is shown, traced, repaired by rule or by a model, and the repair is proven."""

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START

from workflows import routing
from workflows.graphs import Graph, builder_with
from workflows.nodes import (
    approve,
    check,
    clarify,
    deliver,
    diagnose,
    locate,
    patch,
    plan,
    prepare,
    prove_red,
    repair,
    review,
    since,
    verify,
    write_tests,
)


def build_graph(checkpointer: BaseCheckpointSaver[str] | None = None) -> Graph:
    """The compiled graph; `checkpointer` is required for every run that may stop to ask."""
    builder = builder_with(
        prepare, plan, clarify, approve, write_tests, prove_red, since, locate, repair, patch, check, diagnose, verify,
        review, deliver,
    )  # fmt: skip
    builder.add_edge(START, "prepare").add_edge("prepare", "plan")
    builder.add_conditional_edges("plan", routing.after_plan)
    builder.add_edge("clarify", "plan")
    builder.add_conditional_edges("approve", routing.after_approve)
    builder.add_edge("write_tests", "prove_red")
    builder.add_conditional_edges("prove_red", routing.after_reproduction)
    builder.add_edge("since", "locate").add_edge("locate", "repair")
    builder.add_conditional_edges("repair", routing.after_repair)
    builder.add_edge("patch", "check")
    builder.add_conditional_edges("check", routing.after_check)
    builder.add_conditional_edges("diagnose", routing.after_diagnosed_fix)
    builder.add_conditional_edges("verify", routing.after_verify)
    builder.add_conditional_edges("review", routing.after_review, {"build": "patch", "deliver": "deliver"})
    builder.add_edge("deliver", END)
    return builder.compile(checkpointer=checkpointer)


graph = build_graph()
"""For `langgraph.json`: compiled without a checkpointer, as its server brings one."""
