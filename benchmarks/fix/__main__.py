"""Planted bugs through the repair search with no model: `python -m benchmarks.fix --half test`.

The search gets the program, its visible suite and the names of the failing tests; the hidden suite judges.
"""

import argparse
import json
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from agents.repair.hunt import Bounds
from benchmarks.fix.arena import BROKEN, NOT_FOUND, SOLVED, WRONG, Arena, Result
from benchmarks.fix.corpus import PRACTICE, TEST, TUNE, bugs

GOAL_SOLVED, GOAL_WRONG, GOAL_SECONDS = 0.60, 0.05, 60.0
WHICH = "which bugs: a half, both (all), or the set that rules are developed on (default: %(default)s)"


def main() -> int:
    """Run it and print the table; 1 with `--strict` when a goal is missed."""
    given = _arguments()
    half = None if given.half == "all" else given.half
    kinds = {"programs": (False,), "services": (True,), "all": (False, True)}[given.kind]
    chosen = [bug for bug in bugs(half) if given.only in bug.name and bug.program.is_service in kinds]
    if not chosen:
        print(f"no bug is called like {given.only!r}; see benchmarks/fix/*/*/bugs.toml", file=sys.stderr)
        return 2
    results: list[Result] = []
    with Arena(Bounds(seconds=given.seconds, candidates=given.candidates)) as arena:
        if given.check:
            flaws = list(dict.fromkeys(flaw for bug in chosen for flaw in arena.flaws(bug)))
            print("\n".join(flaws) or f"{len(chosen)} bugs: both suites pass without them and fail with them")
            return 1 if flaws else 0
        for bug in chosen:
            results.append(arena.run(bug))
            print(_line(results[-1]), flush=True)
    if given.json:
        given.json.write_text(json.dumps([asdict(one) for one in results], indent=1))
    print("\n" + table(results))
    return 0 if not given.strict or reached(results) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fix", description=__doc__)
    parser.add_argument("--half", choices=(TUNE, TEST, PRACTICE, "all"), default=TEST, help=WHICH)
    parser.add_argument("--kind", choices=("programs", "services", "all"), default="all", help="which programs")
    parser.add_argument("--only", default="", help="only bugs whose name has this in it")
    parser.add_argument("--seconds", type=float, default=60.0, help="most seconds of a search (default: %(default)s)")
    parser.add_argument("--candidates", type=int, default=20000, help="most candidates (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write every result to this file")
    parser.add_argument("--check", action="store_true", help="no search: prove that the corpus is what it says")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a goal is missed")
    return parser.parse_args()


def _line(one: Result) -> str:
    sure = "" if one.sure or one.word == NOT_FOUND else " (not sure)"
    about = f"{one.family}: {one.says}" if one.says else one.note
    return (
        f"{one.bug:32} {one.word + sure:30} {one.seconds:6.1f} s {one.tried:6} tried {one.per_second:6.1f}/s  {about}"
    )


def table(results: Sequence[Result]) -> str:
    """How many of each kind, and how fast."""
    lines = [f"{'':12}{'bugs':>6}{SOLVED:>9}{WRONG:>22}{NOT_FOUND:>12}{'median s':>10}{'candidates/s':>14}"]
    groups = {"programs": [r for r in results if not r.service], "services": [r for r in results if r.service]}
    for name, group in {**groups, "together": list(results)}.items():
        if group:
            words = Counter(one.word for one in group)
            seconds = statistics.median(one.seconds for one in group)
            searched = [one.per_second for one in group if one.tried]
            speed = statistics.median(searched) if searched else 0.0
            lines.append(
                f"{name:12}{len(group):6}{words[SOLVED]:9}{words[WRONG]:22}{words[NOT_FOUND]:12}{seconds:10.1f}{speed:14.1f}"
            )
    words = Counter(one.word for one in results)
    share = {word: 100 * words[word] / len(results) for word in (SOLVED, WRONG, NOT_FOUND, BROKEN)}
    lines.append(", ".join(f"{word} {percent:.1f} %" for word, percent in share.items() if percent))
    return "\n".join(lines)


def reached(results: Sequence[Result]) -> bool:
    """Whether the goals are met."""
    words = Counter(one.word for one in results)
    median = statistics.median(one.seconds for one in results)
    enough = words[SOLVED] >= GOAL_SOLVED * len(results)
    return enough and words[WRONG] < GOAL_WRONG * len(results) and median < GOAL_SECONDS


if __name__ == "__main__":
    sys.exit(main())
