"""Every finding of the house rules in real applications, as a list to be read by a person.

scripts/precision.py FOLDER...            prints all findings
scripts/precision.py --sample 100 FOLDER  a sample, the same for the same findings
scripts/precision.py --fetch PACKAGE==VERSION --into FOLDER   unpack a package without installing it
"""

import argparse
import random
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agents.findings import Finding
from agents.rules.check import check
from tests.support.sources import folder

SEED = 20


def fetch(package: str, into: Path) -> None:
    """Download a wheel and unpack it; nothing of it is installed or run."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--only-binary=:all:",
            "-d",
            scratch,
            package,
        ]
        subprocess.run(command, check=True)
        for wheel in Path(scratch).glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(into / package.partition("==")[0])


def shown(root: Path, finding: Finding) -> str:
    """One finding with the line it is about."""
    line = (root / finding.path).read_text("utf-8", "replace").splitlines()[finding.line - 1].strip()
    return f"{root.name} | {finding.rule} | {finding.path}:{finding.line} | {line[:110]} | {finding.message}"


def main() -> None:
    """Print the findings and how many each rule has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--fetch", action="append", default=[])
    parser.add_argument("--into", type=Path, default=Path("projects"))
    given = parser.parse_args()
    for package in given.fetch:
        fetch(package, given.into)
    found = [(root, finding) for root in given.folders for finding in check(folder(root))]
    listed = random.Random(SEED).sample(found, given.sample) if 0 < given.sample < len(found) else found
    for root, finding in sorted(listed, key=lambda pair: (pair[1].rule, pair[0].name, pair[1].path, pair[1].line)):
        print(shown(root, finding))
    counts = Counter(finding.rule for _, finding in found)
    print(f"{len(found)} findings: {', '.join(f'{rule} {number}' for rule, number in sorted(counts.items()))}")


main()
