"""The feature graph: nodes and edges, nothing else."""

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START

from workflows import routing
from workflows.graphs import Graph, builder_with
from workflows.nodes import (
    approve,
    build,
    check,
    clarify,
    deliver,
    diagnose,
    plan,
    prepare,
    prove_red,
    review,
    verify,
    write_tests,
)


def build_graph(checkpointer: BaseCheckpointSaver[str] | None = None) -> Graph:
    """The compiled graph; `checkpointer` is required for every run that may stop to ask."""
    builder = builder_with(
        prepare, plan, clarify, approve, write_tests, prove_red, build, check, diagnose, verify, review, deliver
    )
    builder.add_edge(START, "prepare").add_edge("prepare", "plan")
    builder.add_conditional_edges("plan", routing.after_plan)
    builder.add_edge("clarify", "plan")
    builder.add_conditional_edges("approve", routing.after_approve)
    builder.add_edge("write_tests", "prove_red")
    builder.add_conditional_edges("prove_red", routing.after_red)
    builder.add_edge("build", "check")
    builder.add_conditional_edges("check", routing.after_check)
    builder.add_conditional_edges("diagnose", routing.after_diagnose)
    builder.add_conditional_edges("verify", routing.after_verify)
    builder.add_conditional_edges("review", routing.after_review)
    builder.add_edge("deliver", END)
    return builder.compile(checkpointer=checkpointer)


graph = build_graph()
"""For `langgraph.json`: compiled without a checkpointer, as its server brings one."""
