"""Candidates for a repair tried in a second, beside a plain `pytest` process for each.

Both arms run the failing tests, in the same container, two at a time, on the same two programs; the plain one does not
even have to copy the changed file. Arms take turns; a ratio is the median of the rounds' own ratios.
"""

import argparse
import itertools
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agents.repair.candidate import Candidate  # noqa: E402 - needs the path above
from agents.repair.candidates import Candidates  # noqa: E402
from agents.repair.hunt import Bug, Hunt  # noqa: E402
from sandbox import tars  # noqa: E402
from sandbox.container import DockerSandbox  # noqa: E402
from sandbox.docker import DockerEngine  # noqa: E402
from sandbox.manifest import read_manifest  # noqa: E402
from sandbox.protocol import SOURCE, Command, Limits  # noqa: E402
from sandbox.pytest_config import own_config  # noqa: E402
from sandbox.pytest_run import PROJECT_PYTHON, project_env, run_in_process  # noqa: E402
from sandbox.trial_job import Suite  # noqa: E402
from sandbox.trials import Trials  # noqa: E402
from sandbox.workers import Workers  # noqa: E402
from tests.support.trees import images  # noqa: E402

RUN = "benchmark-candidates"
GOAL = 20.0
"""Times as many as with a process for each."""
SHOP = ROOT / "benchmarks/suites/shop"
WORDS = {
    "words.py": """def split_words(text):
    words, current = [], ""
    for letter in text:
        if letter.isalpha():
            current += letter
        elif current:
            words.append(current)
            current = ""
    return words


def longest(text):
    return max(split_words(text), key=len, default="")
""",
    "test_words.py": """from words import longest, split_words


def test_split():
    assert split_words("one, two!") == ["one", "two"]


def test_the_last_word():
    assert split_words("one two") == ["one", "two"]


def test_longest():
    assert longest("a bcd ef.") == "bcd" and longest("") == ""
""",
}


@dataclass(frozen=True)
class Program:
    """A program with a planted bug, in a sandbox of its own."""

    name: str
    files: dict[str, str]
    code: str
    box: DockerSandbox
    hunt: Hunt


def shop_files() -> dict[str, str]:
    files = {path.name: path.read_text() for path in SHOP.iterdir() if path.is_file()}
    right = "article.stock -= body.amount"
    assert right in files["shop.py"]
    return files | {"shop.py": files["shop.py"].replace(right, "article.stock = body.amount")}


def opened(engine: DockerEngine, name: str, files: dict[str, str], code: str) -> Program:
    """The program in a warm sandbox, measured."""
    read = {path: text.encode() for path, text in files.items()}
    manifest = read_manifest(sorted(shop_files()), lambda path: shop_files()[path].encode())
    box = engine.open(images().ensure(manifest).tag, run_id=RUN, limits=Limits())
    box.put(tars.build(read), SOURCE)
    config = own_config(read.get)
    report = run_in_process(box, timeout_s=120, ini=config.ini, options=config.options)
    failing = [one.node_id for one in report.failures()]
    tests = {path: text for path, text in files.items() if path.startswith("test_")}
    bug = Bug(sources={code: files[code]}, tests=tests, failing=failing, passing=sorted(report.passed()))
    hunt = Hunt(Trials(Workers(box), Suite(ini=config.ini, options=config.options)), bug)
    assert hunt.failing, f"{name}: nothing fails"
    return Program(name, files, code, box, hunt)


def plain(program: Program, count: int) -> float:
    """Candidates a second with a process for each."""
    argv = (PROJECT_PYTHON, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *program.hunt.failing)
    command = Command(argv=argv, timeout_s=120, cwd=SOURCE, env=project_env({"PYTHONPATH": SOURCE}))
    begun = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: program.box.run(command), range(count)))
    assert all(outcome.exit_code == 1 for outcome in outcomes), outcomes[0]
    return count / (time.perf_counter() - begun)


def forked(program: Program, batch: Sequence[Candidate], ends: Counter[str]) -> float:
    """Candidates a second in forks."""
    begun = time.perf_counter()
    trials = program.hunt.ask(batch, until_s=600, enough=len(batch), wide=False)
    assert None not in trials
    ends.update(f"{trial.how}, forked when {trial.where or 'compiled'}" for trial in trials if trial)
    return len(batch) / (time.perf_counter() - begun)


def measured(program: Program, rounds: int, count: int) -> float:
    """Print both arms; the ratio."""
    suspects, hints = program.hunt.suspects(), program.hunt.hints()
    offered = itertools.cycle(list(Candidates(program.hunt.bug.sources, suspects, hints).known()))
    ends: Counter[str] = Counter()
    plain(program, 2)
    rows = []
    for _ in range(rounds):
        slow = plain(program, 6)
        rows.append((slow, forked(program, list(itertools.islice(offered, count)), ends)))
    ratio = statistics.median(fast / slow for slow, fast in rows)
    medians = [statistics.median(row[n] for row in rows) for n in (0, 1)]
    print(f"{program.name:28} {medians[0]:8.2f}/s plain {medians[1]:8.1f}/s forked   ratio {ratio:.0f}")
    print("   ", ", ".join(f"{number} {what}" for what, number in ends.most_common()))
    return ratio


def main() -> int:
    """Exit code 1 when a goal is missed and `--strict` is given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--candidates", type=int, default=200, help="in a batch")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a goal is missed")
    options = parser.parse_args()
    engine = DockerEngine()
    ratios = []
    try:
        for name, files, code in (
            ("words, 3 tests", WORDS, "words.py"),
            ("FastAPI, 25 tests", shop_files(), "shop.py"),
        ):
            program = opened(engine, name, files, code)
            ratios.append(measured(program, options.rounds, options.candidates))
            program.box.close()
    finally:
        engine.remove_run(RUN)
        engine.close()
    print(f"goal: {GOAL:.0f} times as many")
    return 1 if options.strict and min(ratios) < GOAL else 0


if __name__ == "__main__":
    sys.exit(main())
