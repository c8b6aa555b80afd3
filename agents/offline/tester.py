"""The tester by rule: acceptance tests from the plan's machine-readable reading, and a reading of failures."""

import re
from collections.abc import Callable, Sequence

from agents.blueprints.block_catalog import BLOCKS
from agents.blueprints.spec import FeatureSpec
from agents.contracts import Blame, Plan, TestSuite
from agents.offline.criteria import topics_of
from agents.offline.denied import denied_by_request
from agents.offline.placing import beside
from agents.offline.topics import Topic
from agents.offline.writing import write_suite
from agents.profile import AppProfile, Source
from agents.roles import Brief
from sandbox.text import counted

_TEST_FAULT = re.compile(r"fixture '|NameError|SyntaxError|IndentationError|ImportError|ModuleNotFoundError")
_NO_START = re.compile(r"did not start|no FastAPI application|cannot import|Error loading ASGI", re.IGNORECASE)


class OfflineTester:
    """Plays `agents.roles.Tester` with no model."""

    def __init__(self, read_profile: Callable[[Source], AppProfile]) -> None:
        self._read_profile = read_profile

    async def write_tests(self, brief: Brief, plan: Plan) -> TestSuite:
        """One test per behaviour of each criterion; tests that proved nothing before become guards or go."""
        spec = FeatureSpec.model_validate(plan.spec)
        world, topics = topics_of(spec, self._read_profile(brief.desk))
        files, cases = write_suite(world, _with_ids(topics, plan))
        named = (
            set(re.findall(r"\btest_\w+(?=\[|,|\s|$)", brief.feedback))
            if "before the change" in brief.feedback
            else set()
        )
        cases = tuple(
            c.model_copy(update={"guard": True}) if c.node_id.rpartition("::")[2] in named else c for c in cases
        )
        brief.tell(f"{counted(len(cases), 'acceptance test')} in {counted(len(files), 'file')}")
        settings = dict(pair for block in spec.blocks for pair in BLOCKS[block.name].needs)
        return beside(TestSuite(files=files, cases=cases, settings=settings), plan, brief.desk)

    async def triage(self, brief: Brief, plan: Plan) -> Blame:
        """By rule: a test that cannot run is the test's fault, everything else the code's."""
        if _NO_START.search(brief.feedback):
            return Blame(fault="code", reason="the service does not start")
        if denied := denied_by_request(brief, plan, self._read_profile(brief.desk)):
            return denied
        broken = [f for f in brief.failures if f.outcome == "error" and _TEST_FAULT.search(f.message + f.details)]
        ours = [f.node_id for f in broken if "tests/acceptance" in f.node_id]
        if ours:
            return Blame(fault="test", reason=f"the tests break by themselves: {broken[0].message}", tests=tuple(ours))
        if brief.failures:
            first = brief.failures[0]
            return Blame(fault="code", reason=f"{first.node_id}: {first.message}")
        return Blame(fault="code", reason=brief.feedback or "the change does not do what the plan says")


def _with_ids(topics: Sequence[Topic], plan: Plan) -> list[tuple[str, Topic]]:
    """Each topic with its criterion, those of the same words in order."""
    ids: dict[str, list[str]] = {}
    for criterion in plan.criteria:
        ids.setdefault(criterion.text, []).append(criterion.id)
    return [(ids[t.text].pop(0), t) for t in topics if ids.get(t.text)]
