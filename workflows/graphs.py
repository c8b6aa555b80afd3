"""What every graph shares: how nodes are retried and bounded."""

from types import ModuleType

from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import RetryPolicy, TimeoutPolicy

from sandbox.errors import EngineFault
from workflows.state import Context, RunState

RECURSION_LIMIT = 200
NODE_TIMEOUT_S = 3 * 3600.0
"""A last resort far above the sandbox's and the model's own clocks."""

Graph = CompiledStateGraph[RunState, Context, RunState, RunState]
Builder = StateGraph[RunState, Context, RunState, RunState]


def builder_with(*modules: ModuleType) -> Builder:
    """A graph of these nodes, without edges; each node is called after its module."""
    builder = StateGraph(RunState, context_schema=Context)
    builder.set_node_defaults(
        retry_policy=RetryPolicy(max_attempts=3, initial_interval=1.0, retry_on=EngineFault),
        timeout=TimeoutPolicy(run_timeout=NODE_TIMEOUT_S),
    )
    for module in modules:
        builder.add_node(module.__name__.rsplit(".", 1)[-1], module.run)
    return builder
