"""Time of all gates for a one-resource change on a warm sandbox, with the share each takes; mutants left out."""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agents.desk import MemoryDesk  # noqa: E402 - needs the path above
from agents.profile_reader import read_profile, service_for  # noqa: E402
from sandbox.text import clean  # noqa: E402
from tests.e2e.conftest import git  # noqa: E402
from tests.support.blueprint_table import acceptance, built, plan_for  # noqa: E402
from workflows.aside import aside  # noqa: E402
from workflows.gates import run_gates  # noqa: E402
from workflows.lab import Lab  # noqa: E402
from workflows.settings import OFFLINE, load  # noqa: E402

GOAL_S = 15.0
NOTES = "Add notes with text"
BOOKS = "Add books with title (str, 1-200 chars), author, year (int, optional, >= 1450) and isbn (str, unique)"


def written(text: str) -> dict[str, str]:
    """What a request leads to: an application and its acceptance tests."""
    plan = plan_for(text)
    files = built(plan)
    desk = MemoryDesk(files)
    service = service_for(read_profile(desk), desk)
    if service is None:
        raise SystemExit("the application was not recognised")
    return files | acceptance(plan, service)[0]


def committed(folder: Path) -> None:
    """A repository whose second commit adds one resource of four fields and its tests to an application."""
    before, after = written(NOTES), written(f"{NOTES}. {BOOKS}")
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Somebody")
    git(folder, "config", "user.email", "somebody@localhost")
    for files in (before, after):
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "A step")


def measured(lab: Lab, base: str, head: str) -> tuple[float, dict[str, float]]:
    """Seconds of all gates together, and of each."""
    begun = time.perf_counter()
    results = run_gates(lab, lab.gates, base=base, head=head)
    whole = time.perf_counter() - begun
    bad = [
        f"{r.gate.name}: {clean(r.gate.evidence)[:200]}"
        for r in results
        if "not measured" in r.gate.evidence or (r.gate.blocking and not r.gate.passed)
    ]
    if bad:
        raise SystemExit("a gate is not clean, so its time means nothing: " + "; ".join(bad))
    return whole, {result.gate.name: result.gate.seconds for result in results}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strict", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        repo = Path(scratch) / "repo"
        committed(repo)
        loaded = load(repo, {"state_dir": Path(scratch) / "state", "verdict_cache": False})
        with aside(repo, "time the gates", loaded, OFFLINE, lambda: False) as context:
            head = context.lab.prepare()
            base = git(repo, "rev-parse", "HEAD~1")
            measured(context.lab, base, head)  # builds the images
            rounds = [measured(context.lab, base, head) for _ in range(given.rounds)]
    whole = statistics.median(total for total, _ in rounds)
    names = list(rounds[0][1])
    each = {name: statistics.median(found.get(name, 0.0) for _, found in rounds) for name in names}
    each["reading, starting, documents"] = max(0.0, whole - sum(each.values()))
    for name, took in sorted(each.items(), key=lambda pair: -pair[1]):
        print(f"{name:<30} {took:6.2f} s  {took / whole:5.0%}")
    state = "met" if whole <= GOAL_S else "MISSED"
    print(f"{'all gates':<30} {whole:6.2f} s  goal {GOAL_S:.0f} s: {state}")
    return 1 if given.strict and whole > GOAL_S else 0


if __name__ == "__main__":
    sys.exit(main())
