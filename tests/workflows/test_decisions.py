"""The page of decisions: what it says, and where it goes."""

from agents.contracts import Decision, Plan
from workflows.decisions import page_of

PLAN = Plan(
    summary="Add books.",
    criteria=(),
    decisions=(Decision(choice="pages by limit\nand offset", reason="a client can go to any page."),),
    assumptions=("year is int.",),
)


def test_a_page_has_each_decision_with_its_reason() -> None:
    assert page_of(PLAN) == (
        "# Add books\n\nAccepted, together with the change that brought it.\n\n"
        "## pages by limit and offset\n\nBecause a client can go to any page.\n\n"
        "## Assumed\n\n- year is int\n"
    )
