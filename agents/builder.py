"""The builder on a chat model: edits the tree with tools until the tests pass or it says why they cannot."""

from agents.contracts import Change, Plan
from agents.errors import Contradiction
from agents.excerpts import cut
from agents.masking import mask
from agents.opening import Desks
from agents.placing_tool import PlaceBlueprint
from agents.roles import Brief
from agents.toolloop import Bounds, Loop
from agents.tools import EDITING, READING, Finish, ReportContradiction, RunTests, Tool

TOOLS: tuple[type[Tool], ...] = (*READING, *EDITING, PlaceBlueprint, RunTests, Finish, ReportContradiction)
SUBJECT_CHARS = 72
ENDINGS = {
    "turns": "The builder used all its turns.",
    "seconds": "The builder used all its time.",
    "tokens": "The builder used all its tokens.",
    "repeats": "The builder went round in circles and was stopped.",
    "unusable": "The builder's answers became unusable.",
    "talked": "The builder stopped without saying that it is done.",
}


class ModelBuilder:
    """Plays `roles.Builder`."""

    def __init__(self, desks: Desks, bounds: Bounds | None = None) -> None:
        self._desks = desks
        self._bounds = bounds or Bounds(turns=60)

    async def build(self, brief: Brief, plan: Plan) -> Change:
        """Work at the desk; however the work ends, what was changed is kept and judged by the sandbox.

        Raises:
            Contradiction: the builder shows, asked twice, that no code can satisfy request and tests.
        """
        messages = self._desks.opening("builder", brief, plan)
        loop = Loop(self._desks.caller, "builder", brief.step, brief.desk, TOOLS, messages, self._bounds)
        ended = await loop.run()
        if ended.why == "contradiction":
            raise Contradiction(ended.text)
        said, _, rest = mask(ended.text.strip()).partition("\n")
        if ended.why != "finished":
            brief.tell(ENDINGS[ended.why])
            said, rest = plan.summary, f"{ENDINGS[ended.why]} {ended.text}".strip()
        return Change(message=subject(said), edits=ended.edits, note=cut(mask(rest.strip()), 4_000))


def subject(text: str) -> str:
    """A commit's subject line: one line, no final stop, not too long."""
    line = " ".join(text.split()).rstrip(".") or "Change the application"
    return line if len(line) <= SUBJECT_CHARS else f"{line[: SUBJECT_CHARS - 3].rstrip()}..."
