"""`python examples/campaign/generate.py FOLDER`: 24 small repositories with planted differences, and a campaign.

What each repository has that the others have not is in `PLANTED`, with the ending that is right for it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
REQUIREMENTS = "fastapi==0.115.6\nuvicorn\nhttpx\npytest\n"

OLD = """\
from datetime import datetime
from typing import Dict, List, Optional

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel

app = FastAPI()


class {Item}(BaseModel):
    id: int
    title: str
    note: Optional[str] = None


{ITEMS}: Dict[int, {Item}] = {{}}


def page(limit: int = Query(10, ge=1, le=100), offset: int = 0) -> Dict[str, int]:
    return {{"limit": limit, "offset": offset}}


@app.get("/{items}")
def list_{items}(bounds: Dict[str, int] = Depends(page)) -> List[{Item}]:
    found = sorted({ITEMS}.values(), key=lambda one: one.id)
    return found[bounds["offset"] : bounds["offset"] + bounds["limit"]]


@app.post("/{items}", status_code=201)
def add_{item}(new: {Item}) -> {Item}:
    {ITEMS}[new.id] = new
    return new


@app.get("/{items}/{{key}}")
def get_{item}(key: int) -> {Item}:
    if key not in {ITEMS}:
        raise HTTPException(404)
    return {ITEMS}[key]


def stamp() -> str:
    return datetime.utcnow().date().isoformat()
"""

MODERN = """\
from typing import Annotated

from fastapi import FastAPI, Query

app = FastAPI()


@app.get("/double")
def double(number: Annotated[int, Query(ge=0)]) -> dict[str, int]:
    return {"double": 2 * number}
"""

TESTS = """\
from fastapi.testclient import TestClient

from main import {ITEMS}, app, stamp

client = TestClient(app)


def test_add_and_get() -> None:
    {ITEMS}.clear()
    assert client.post("/{items}", json={{"id": 1, "title": "one"}}).status_code == 201
    assert client.get("/{items}/1").json() == {{"id": 1, "title": "one", "note": None}}
    assert client.get("/{items}/2").status_code == 404


def test_pages() -> None:
    {ITEMS}.clear()
    for number in range(12):
        client.post("/{items}", json={{"id": number, "title": "x"}})
    assert [one["id"] for one in client.get("/{items}?offset=10").json()] == [10, 11]
    assert len(client.get("/{items}").json()) == 10
    assert client.get("/{items}?limit=0").status_code == 422


def test_stamp() -> None:
    assert len(stamp()) == 10
"""

FAILING = (
    TESTS
    + """

def test_that_fails_since_long_ago() -> None:
    assert client.get("/{items}/99").status_code == 200
"""
)

FLAKY = (
    TESTS
    + """

def test_that_is_flaky() -> None:
    import os

    assert os.urandom(1)[0] % 2 == 0
"""
)

STARTUP = """

@app.on_event("startup")
def fill() -> None:
    {ITEMS}[0] = {Item}(id=0, title="first")
"""


def named(text: str, item: str) -> str:
    """A text about this kind of thing."""
    return text.format(item=item, items=f"{item}s", Item=item.capitalize(), ITEMS=f"{item.upper()}S")


@dataclass(frozen=True)
class Planted:
    """One repository."""

    what: str
    """What it has that the others have not."""
    ending: str
    """The right one."""
    item: str = "book"
    main: str = OLD
    tests: str = TESTS
    requirements: str = REQUIREMENTS
    files: dict[str, str] = field(default_factory=dict)
    before: Callable[[Path], None] = lambda _: None
    """Done before everything is committed."""
    after: Callable[[Path], None] = lambda _: None
    """Done afterwards."""
    git: bool = True


def dirty(repo: Path) -> None:
    (repo / "main.py").write_text((repo / "main.py").read_text() + "# not committed\n")


def merging(repo: Path) -> None:
    run(repo, "checkout", "-q", "-b", "other")
    (repo / "README.md").write_text("other\n")
    run(repo, "commit", "-q", "-a", "-m", "Other")
    run(repo, "checkout", "-q", "main")
    (repo / "README.md").write_text("main\n")
    run(repo, "commit", "-q", "-a", "-m", "Main")
    subprocess.run(["git", "-C", str(repo), "merge", "-q", "other"], capture_output=True, check=False)


def uncommitted(repo: Path) -> None:
    run(repo, "update-ref", "-d", "HEAD")


def linked(repo: Path) -> None:
    (repo / "notes.md").symlink_to("README.md")


PLANTED: dict[str, Planted] = {
    "books": Planted("old idioms, tested", "delivered"),
    "albums": Planted("the same of another kind", "delivered", item="album"),
    "tasks": Planted("the same of another kind", "delivered", item="task"),
    "users": Planted("the same of another kind", "delivered", item="user"),
    "orders": Planted("an event at startup", "delivered", item="order", main=OLD + STARTUP, tests=TESTS),
    "untested": Planted("no tests", "delivered", item="photo", tests=""),
    "untested-too": Planted("no tests", "delivered", item="video", tests=""),
    "failing": Planted("a test that fails already", "delivered", item="letter", tests=FAILING),
    "failing-too": Planted("a test that fails already", "delivered", item="parcel", tests=FAILING),
    "flaky": Planted("a test that passes half of the time", "delivered", item="coin", tests=FLAKY),
    "huge": Planted(
        "a file of 2 MB", "delivered", item="city",
        files={"data.py": "CITIES = [\n" + "".join(f'    ("city-{n}", {n}),\n' for n in range(90_000)) + "]\n"},
    ),
    "linked": Planted("a symbolic link", "delivered", item="link", before=linked),
    "long-history": Planted("two hundred commits", "delivered", item="entry", after=lambda repo: commits(repo, 200)),
    "spaces": Planted("odd names", "delivered", item="word", files={"docs/a b ü.md": "# Odd\n"}),
    "modern": Planted("nothing to do", "unchanged", main=MODERN, tests=""),
    "broken": Planted("a module with a syntax error", "delivered", item="rule", files={"draft.py": "def half(:\n"}),
    "broken-main": Planted("an application with a syntax error", "unchanged", main="app = FastAPI(\n", tests=""),
    "unknown-package": Planted(
        "asks for a package nobody has", "refused", item="wish",
        requirements=REQUIREMENTS + "no-such-package-of-greenloop==1.0\n",
    ),
    "flask": Planted("not FastAPI", "filtered", main="import flask\n", tests="", requirements="flask\n"),
    "library": Planted("no dependencies at all", "filtered", main="X = 1\n", tests="", requirements=""),
    "dirty": Planted("a change that is not committed", "refused", item="plate", after=dirty),
    "merging": Planted("a merge in progress", "refused", item="lane", after=merging),
    "unborn": Planted("files and no commit", "refused", item="egg", after=uncommitted),
    "folder": Planted("no git repository", "refused", item="box", git=False),
}  # fmt: skip


def run(repo: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(repo), *arguments], check=True, capture_output=True)


def commits(repo: Path, count: int) -> None:
    for number in range(count):
        run(repo, "commit", "-q", "--allow-empty", "-m", f"Step {number}")


def plant(repo: Path, planted: Planted) -> None:
    """Make one repository."""
    told = {
        "README.md": f"# {repo.name}\n\n{planted.what}\n",
        "requirements.txt": planted.requirements,
        **planted.files,
    }
    told["main.py"] = named(planted.main, planted.item) if "{ITEMS}" in planted.main else planted.main
    if planted.tests:
        told["tests/test_main.py"] = named(planted.tests, planted.item)
        told["tests/conftest.py"] = (
            "import sys\nfrom pathlib import Path\n\nsys.path.insert(0, str(Path(__file__).parents[1]))\n"
        )
    for name, content in told.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(content)
    planted.before(repo)
    if planted.git:
        run(repo, "init", "-q", "-b", "main")
        run(repo, "config", "user.name", "Somebody")
        run(repo, "config", "user.email", "somebody@localhost")
        run(repo, "add", "-A")
        run(repo, "commit", "-q", "-m", "Start")
    planted.after(repo)


def generate(folder: Path, names: list[str] | None = None) -> Path:
    """Make the repositories (all, or these) and the campaign; returns its file."""
    chosen = {name: PLANTED[name] for name in names or PLANTED}
    for name, planted in chosen.items():
        plant(folder / "repositories" / name, planted)
    (folder / "expected.json").write_text(json.dumps({n: p.ending for n, p in chosen.items()}, indent=1))
    path = folder / "campaign.yaml"
    path.write_text((HERE / "campaign.yaml").read_text())
    return path


def main() -> None:
    if len(sys.argv) != 2 or os.path.lexists(sys.argv[1]):
        sys.exit("usage: python examples/campaign/generate.py NEW-FOLDER")
    path = generate(Path(sys.argv[1]))
    print(f"{len(PLANTED)} repositories; now: greenloop campaign run {path}")


if __name__ == "__main__":
    main()
