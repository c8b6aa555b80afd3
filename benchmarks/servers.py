"""What PostgreSQL and Redis beside the code cost: at the start of a sandbox, and for a clean start before every run."""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sandbox.docker import DockerEngine  # noqa: E402 - needs the path above
from sandbox.extras.values import NONE, Extras, plain  # noqa: E402
from sandbox.manifest import Manifest  # noqa: E402
from sandbox.protocol import Limits  # noqa: E402
from tests.support.trees import images  # noqa: E402

RUN = "benchmark-servers"
GOAL_S = 0.5
"""A sandbox with servers may be ready that much later than one without; a clean start takes no longer either."""
AHEAD_S = 1.0


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def one_round(engine: DockerEngine, image: str, extras: Extras) -> dict[str, float]:
    """Seconds of each arm in one sandbox."""
    begun = time.perf_counter()
    with engine.open(image, run_id=RUN, limits=Limits(), extras=extras) as box:
        box.sweep()
        found = {"ready": time.perf_counter() - begun, "sweep": seconds(box.sweep)}
        box.renew_ahead()
        time.sleep(AHEAD_S)
        return found | {"sweep, renewed ahead": seconds(box.wipe)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--strict", action="store_true")
    given = parser.parse_args()
    engine, both = DockerEngine(), plain("postgresql", "redis")
    image = images().ensure(Manifest(), extras=both).tag
    arms = {"none": NONE, "PostgreSQL": plain("postgresql"), "Redis": plain("redis"), "both": both}
    measured: dict[tuple[str, str], list[float]] = {}
    for _ in range(given.rounds):
        for name, extras in arms.items():
            for what, took in one_round(engine, image, extras).items():
                measured.setdefault((name, what), []).append(took)
    median = {key: statistics.median(values) for key, values in measured.items()}
    missed = 0
    for (name, what), took in median.items():
        more = took - median["none", what]
        state = "met" if more <= GOAL_S else "MISSED"
        missed += state == "MISSED"
        figures = f"{took * 1000:5.0f} ms  {more * 1000:+5.0f} ms  goal {GOAL_S * 1000:+.0f} ms: {state}"
        print(f"{name:<11} {what:<21} {figures}")
    return 1 if given.strict and missed else 0


if __name__ == "__main__":
    sys.exit(main())
