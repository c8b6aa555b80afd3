"""How long `greenloop --help` takes, against a bare interpreter in the same run. Goal: under 0.3 s."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOAL_S = 0.3
REPEATS = 15


def seconds(*arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    floors, helps = [], []
    seconds("-m", "workflows", "--help")
    for _ in range(REPEATS):
        floors.append(seconds("-c", "pass"))
        helps.append(seconds("-m", "workflows", "--help"))
    floor, measured = statistics.median(floors), statistics.median(helps)
    state = "met" if measured <= GOAL_S else "MISSED"
    print(
        f"greenloop --help  {measured:.3f} s  ({measured / floor:.1f} x a bare interpreter)  goal {GOAL_S} s: {state}"
    )


if __name__ == "__main__":
    main()
