"""The feature graph: nodes and edges, nothing else."""

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import RetryPolicy, TimeoutPolicy

from sandbox.errors import EngineFault
from workflows import routing
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
from workflows.state import Context, RunState

RECURSION_LIMIT = 200
NODE_TIMEOUT_S = 3 * 3600.0
"""A last resort far above the sandbox's and the model's own clocks."""

Graph = CompiledStateGraph[RunState, Context, RunState, RunState]


def build_graph(checkpointer: BaseCheckpointSaver[str] | None = None) -> Graph:
    """The compiled graph; `checkpointer` is required for every run that may stop to ask."""
    builder = StateGraph(RunState, context_schema=Context)
    builder.set_node_defaults(
        retry_policy=RetryPolicy(max_attempts=3, initial_interval=1.0, retry_on=EngineFault),
        timeout=TimeoutPolicy(run_timeout=NODE_TIMEOUT_S),
    )
    for module in (
        prepare,
        plan,
        clarify,
        approve,
        write_tests,
        prove_red,
        build,
        check,
        diagnose,
        verify,
        review,
        deliver,
    ):
        builder.add_node(module.__name__.rsplit(".", 1)[-1], module.run)
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
