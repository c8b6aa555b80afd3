"""From what a review has proven to the request for a run that repairs it."""

from agents.contracts import Request
from workflows.review.findings import Review
from workflows.review.own_tests import NAME as OWN_TESTS


def fix_request(review: Review) -> Request | None:
    """One request for every proven finding that a test shows, None when none does.

    Tests of the repository are named, new ones are handed over as they are.
    """
    shown = [f for f in review.proven() if f.proof is not None and f.proof.test is not None]
    own = [f for f in shown if f.gate == OWN_TESTS]
    new = [f for f in shown if f.gate != OWN_TESTS]
    if new:
        text = "\n".join(" ".join(f.message.split()) for f in new)
        return Request(kind="fix", text=text, proof=tuple(f.proof.test for f in new if f.proof and f.proof.test))
    if own:
        tests = tuple(f.proof.ran.removeprefix("pytest ") for f in own if f.proof is not None)
        return Request(kind="fix", text="\n".join(f.message for f in own), tests=tests)
    return None
