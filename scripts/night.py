"""`python scripts/night.py [--runs 60] [--sqlite]`: workers are killed every few seconds, the database once.

The same as the test of it (`tests/e2e/test_farm.py`), only longer. Prints the counts; fails when they do not add up.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.chaos import night


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between kills")
    parser.add_argument("--sqlite", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="greenloop-night-") as folder:
        counts = night(
            Path(folder), runs=chosen.runs, workers=chosen.workers, every_s=chosen.every, postgres=not chosen.sqlite,
            docker=True, within_s=3600,
        )  # fmt: skip
    print(json.dumps(counts, indent=1))


if __name__ == "__main__":
    main()
