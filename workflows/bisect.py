"""Which commit brought a bug: a search over the commits between one without it and one with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Verdict = bool | None
"""True: the bug is there. False: it is not. None: this commit cannot be asked (it does not start, say)."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a bisection came to."""

    first_bad: str = ""
    """The commit that brought the bug; empty when it was there from the start."""
    suspects: tuple[str, ...] = ()
    """More than one when commits in between could not be asked; `first_bad` is the last of them."""
    asked: int = 0


def bisect(good: str, later: Sequence[str], is_bad: Callable[[str], Verdict]) -> Found:
    """Search `later` (oldest first, the last one known to be bad) for the first bad commit after `good`.

    `good` is asked too. A commit that cannot be asked is passed over for its neighbours.
    """
    known: dict[str, Verdict] = {later[-1]: True}

    def asked(commit: str) -> Verdict:
        if commit not in known:
            known[commit] = is_bad(commit)
        return known[commit]

    if asked(good):
        return Found(asked=len(known) - 1)
    low, high = -1, len(later) - 1
    while high - low > 1:
        middle = (low + high) // 2
        around = sorted(range(low + 1, high), key=lambda n: (abs(n - middle), n))
        told = next((n for n in around if asked(later[n]) is not None), None)
        if told is None:
            break
        if known[later[told]]:
            high = told
        else:
            low = told
    return Found(later[high], tuple(later[low + 1 : high + 1]), len(known) - 1)
