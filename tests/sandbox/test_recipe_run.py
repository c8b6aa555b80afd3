"""A repository's own recipe runs in the container alone, and whatever it does wrong is one line."""

from collections.abc import Iterator

import pytest

from sandbox.docker import DockerEngine
from sandbox.protocol import Limits, Sandbox
from sandbox.recipe_run import run_program

pytestmark = pytest.mark.docker
FILES = {"app/a.py": "old = 1\n", "app/b.py": "x = 2\n", "README.md": "é old\n"}
GOOD = """
import re

def refactor(files):
    changed = {p: re.sub("old", "new", t) for p, t in files.items() if p.endswith(".py")}
    return {**changed, "app/b.py": None, "app/c.py": "y = 3\\n"}
"""
WRONG = {
    "def refactor(files):\n    return {p: t + '#' for p, t in files.items()}": ("second time it changes README.md", 0),
    "def refactor(files):\n    return 7": ("has to return a dict", 0),
    "x = 1": ("there is no function refactor", 0),
    "def refactor(files)": ("SyntaxError", 1),
    "import requestz": ("ModuleNotFoundError", 1),
    "def refactor(files):\n    return {'../evil': 'x'}": ("wants to write '../evil'", 0),
    "def refactor(files):\n    return {'.git/hooks/x': 'x'}": ("wants to write '.git/hooks/x'", 0),
    "def refactor(files):\n    return {'.greenloop/recipes/x.py': 'x'}": ("wants to write '.greenloop", 0),
    "import os\nos._exit(3)": ("it gave no answer (exit code 3)", 0),
    "import os\ndef refactor(files):\n    return {'a': files.get('a') or str(os.getpid())}": ("another result", 0),
    "import urllib.request\nurllib.request.urlopen('http://1.1.1.1', timeout=2)": ("URLError", 2),
    "open('/src/x', 'w')": ("Error: ", 1),
}  # fmt: skip


@pytest.fixture(scope="module")
def box(docker_engine: DockerEngine, run_id: str, image: str) -> Iterator[Sandbox]:
    with docker_engine.open(image, run_id=run_id, limits=Limits()) as box:
        yield box


def test_a_program_changes_adds_and_removes(box: Sandbox) -> None:
    done = run_program(box, ".greenloop/recipes/rename.py", GOOD, FILES, "python3")
    assert (done.error, done.line) == ("", 0)
    assert done.changes == {"app/a.py": "new = 1\n", "app/b.py": None, "app/c.py": "y = 3\n"}


@pytest.mark.parametrize("source", WRONG, ids=[text for text, _ in WRONG.values()])
def test_what_a_program_does_wrong_is_one_line(box: Sandbox, source: str) -> None:
    said, line = WRONG[source]
    done = run_program(box, "own.py", source, FILES, "python3")
    assert done.changes == {} and said in done.error and "\n" not in done.error
    assert line in (0, done.line)


def test_what_it_prints_does_not_matter_and_nothing_of_one_run_is_left_for_the_next(box: Sandbox) -> None:
    source = (
        "import os, sys\n"
        "def refactor(files):\n"
        "    print('x' * 100_000)\n"
        "    seen = os.path.exists('/work/mark')\n"
        "    return {'seen.txt': files.get('seen.txt', str(seen))}\n"
    ) + "def mark():\n    open('/work/mark', 'w').write('1')\nimport atexit\nmark_later = atexit.register(mark)\n"
    assert run_program(box, "own.py", source, FILES, "python3").changes == {"seen.txt": "False"}
    assert run_program(box, "own.py", source, FILES, "python3").changes == {"seen.txt": "False"}
