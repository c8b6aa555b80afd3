"""A published project's own tests before and after the recipes, in environments of their own in a scratch folder.

scripts/recipes_on_real.py [NAME...] [--into FOLDER]   prints one table for each project
"""

import argparse
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agents.recipes.apply import apply
from agents.recipes.catalog import recipe
from agents.recipes.recipe import Note, Outcome

Files = dict[str, bytes]


@dataclass(frozen=True)
class Project:
    """A published source archive with its tests, and what they are run with."""

    package: str
    recipes: tuple[str, ...]
    with_packages: tuple[str, ...]
    after: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Recipe -> packages its result is run with, where they are others."""
    tests: tuple[str, ...] = ()
    """Arguments for pytest."""
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Recipe (empty: every other) -> where it works; everywhere but in tests when there is none."""

    by_hand: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Recipe -> file, old and new text of what is changed by hand before it."""
    added: dict[str, str] = field(default_factory=dict)
    """Tests of ours, where the archive has none."""
    by_design: str = ""
    """Ids of the tests that ask for what a recipe says it changes."""

    def paths_of(self, recipe: str) -> tuple[str, ...]:
        """Where a recipe works."""
        return self.paths.get(recipe, self.paths.get("", ()))


TOOLS = ("pytest<8", "pytest-asyncio<0.22", "pytest-mock", "asgi_lifespan", "respx")
TUTORIAL = (
    "fastapi[all]==0.115.6", "starlette==0.41.3", "pytest<9", "dirty-equals==0.6.0", "sqlmodel==0.0.22", "flask<4",
    "anyio[trio]<4.9", "PyJWT==2.8.0", "pyyaml", "inline-snapshot==0.13.0", "httpx<0.28", "pydantic==2.10.4",
    "click<8.2",
)  # fmt: skip
OLDER = (
    "starlette<0.37", "pytest<8", "dirty-equals==0.6.0", "sqlalchemy>=1.4,<1.4.43", "databases[sqlite]<0.7", "orjson<4",
    "ujson<6", "python-multipart<0.1", "flask<3", "anyio[trio]<4", "pyyaml", "passlib[bcrypt]==1.7.4", "bcrypt<4",
    "httpx<0.28", "pydantic==2.6.4", "pydantic-settings<2.3", "email-validator<3", "jinja2", "itsdangerous",
    "typing-extensions", "werkzeug<3", "uvicorn<0.30", "peewee<4", "setuptools<70",
)  # fmt: skip
VALUES = """\
import importlib
import pytest
from inngest.experimental.dev_server import dev_server

@pytest.mark.parametrize("given, value", [(None, "latest"), ("1.2", "1.2"), ("", "")])
def test_value(monkeypatch, given, value):
    if given is None:
        monkeypatch.delenv("DEV_SERVER_VERSION", raising=False)
    else:
        monkeypatch.setenv("DEV_SERVER_VERSION", given)
    assert "site-packages" not in dev_server.__file__
    assert importlib.reload(dev_server)._dev_server_version == value
"""
"""For a package published without its tests: what a variable comes to, before and after."""
IN_PARTS = """\
    query = db.query(TodoItem)
    if completed is not None:
        query = query.filter(TodoItem.completed == completed)
    return query.order_by(TodoItem.created_at.desc()).all()
"""
AT_ONCE = """\
    wanted = () if completed is None else (TodoItem.completed == completed,)
    return db.query(TodoItem).filter(*wanted).order_by(TodoItem.created_at.desc()).all()
"""
PROJECTS = {
    "fastapi-users": Project(
        "fastapi-users==10.4.2",
        (
            "annotated", "aware-utcnow", "lifespan", "dead-code", "pydantic-v2", "current-typing",
            "rename:fastapi_users.jwt.generate_jwt=make_jwt",
        ),
        (
            *TOOLS, "fastapi==0.95.2", "httpx<0.24", "pydantic<2", "passlib[bcrypt]==1.7.4", "email-validator<1.4",
            "pyjwt[crypto]==2.6.0", "python-multipart==0.0.6", "makefun==1.15.0", "httpx-oauth<0.12", "redis<5",
            "bcrypt<4", "setuptools<70", "requests", "fastapi-users-db-sqlalchemy==4.0.3",
        ),
        {
            "pydantic-v2": (
                *TOOLS, "fastapi==0.115.0", "httpx<0.28", "pydantic>=2,<3", "passlib[bcrypt]==1.7.4",
                "email-validator>=2", "pyjwt[crypto]==2.6.0", "python-multipart", "makefun==1.15.0",
                "httpx-oauth<0.12", "redis<5", "bcrypt<4", "setuptools<70", "requests",
            )
        },
        paths={"pydantic-v2": ("fastapi_users/**", "tests/**")},
        by_hand={"current-typing": ("pyproject.toml", 'requires-python = ">=3.7"', 'requires-python = ">=3.10"')},
    ),
    "fastapi": Project(
        "fastapi==0.115.6",
        ("annotated", "fastapi-names", "logging", "pwdlib"),
        (*TUTORIAL, "passlib[bcrypt]==1.7.4", "bcrypt<4"),
        {"pwdlib": (*TUTORIAL, "pwdlib[bcrypt]")},
        tests=("-W", "ignore", "tests/test_tutorial"),
        paths={"": ("docs_src/**",)},
    ),
    "fastapi-0.110": Project(
        "fastapi==0.110.0",
        ("response-models", "routers", "pyjwt"),
        (*OLDER, "python-jose[cryptography]==3.3.0"),
        {"pyjwt": (*OLDER, "pyjwt[crypto]>=2.8,<3")},
        tests=("-W", "ignore", "tests"),
        paths={"": ("docs_src/**",), "routers": ("tests/main.py",)},
        by_design=r"(response-models|all that run) .*openapi",
    ),
    "fastapi-0.110-sql": Project(  # its tests of databases are skipped on pydantic 2
        "fastapi==0.110.0",
        ("sqlalchemy-select", "async-sessions"),
        (*(one for one in OLDER if not one.startswith(("pydantic", "databases"))), "pydantic<2"),
        tests=("-W", "ignore", "tests/test_tutorial/test_sql_databases"),
        paths={"": ("docs_src/sql_databases/**",)},
    ),
    "pytest-httpserver": Project(
        "pytest-httpserver==1.0.8",
        ("requests-to-httpx",),
        ("pytest<8", "werkzeug<3", "requests<2.32", "httpx>=0.27,<0.28", "setuptools<70"),
        tests=("-p", "pytest_httpserver.pytest_plugin", "tests", "--ignore", "tests/test_release.py"),
        paths={"": ("tests/**", "*.py")},
    ),
    "inngest": Project(
        "inngest==0.5.19",
        ("pydantic-settings",),
        ("inngest==0.5.19", "pytest<9", "pydantic>=2.11", "httpx", "jcs", "typing-extensions", "pydantic-settings>=2"),
        tests=("check_values.py",),
        added={"check_values.py": VALUES},
    ),
    "todolist": Project(
        "todolist_fastapi==1.0.5",
        ("sqlalchemy-select", "aware-utcnow", "sqlalchemy-select then async-sessions"),
        ("fastapi==0.115.6", "sqlalchemy==2.0.36", "pytest<9", "httpx<0.28", "aiosqlite>=0.20", "greenlet>=3"),
        tests=("-W", "ignore", "tests"),
        by_hand={"sqlalchemy-select then async-sessions": ("src/fastapi_todo_list/crud.py", IN_PARTS, AT_ONCE)},
    ),
}  # fmt: skip


def fetch(package: str, into: Path) -> Path:
    """Unpack a package's source archive."""
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*pip, "-d", into, package], check=True)
    archive = next(into.glob("*.tar.gz"))
    with tarfile.open(archive) as opened:
        opened.extractall(into, filter="data")
    return next(path for path in into.iterdir() if path.is_dir())


def environment(folder: Path, packages: tuple[str, ...]) -> Path:
    """A new environment with these packages; returns its Python."""
    uv = str(Path(sys.executable).parent / "uv")
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", folder / "bin/python", *packages], check=True)
    return folder / "bin/python"


def read(root: Path) -> Files:
    """Every file of a project."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def results(python: Path, files: Mapping[str, str | bytes], arguments: tuple[str, ...]) -> dict[str, str]:
    """Test id -> passed, failed or error (what is skipped does not count), of the tests of a tree laid down anew."""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            place = Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else content.encode())
        command = [python, "-B", "-m", "pytest", "-q", "-rA", "--tb=no", "-p", "no:cacheprovider", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return {name: word for word, name in re.findall(r"(?m)^(PASSED|FAILED|ERROR) (\S+)", done.stdout)}


def counted(found: dict[str, str]) -> str:
    """`511 passed, 2 failed`."""
    return ", ".join(
        f"{list(found.values()).count(word)} {word.lower()}" for word in ("PASSED", "FAILED", "ERROR")
        if word in found.values()
    )  # fmt: skip


def row(name: str, outcome: Outcome, before: dict[str, str], after: dict[str, str], by_design: str = "") -> str:
    """One line of the table."""
    worse = sorted(test for test, word in before.items() if word == "PASSED" and after.get(test) != "PASSED")
    meant = [test for test in worse if by_design and re.search(by_design, f"{name} {test}")]
    worse = [test for test in worse if test not in meant]
    left = sum(note.left_out for note in outcome.notes)
    verdict = "the same" if before == after else f"worse: {len(worse)}" if worse else "no worse"
    verdict += f", {len(meant)} ask for what the recipe changes" if meant else ""
    return f"| {name} | {len(outcome.changes)} | {left} | {counted(after)} | {verdict} |" + "".join(
        f"\n  {test}" for test in worse[:5]
    )


def done_by(name: str, files: Mapping[str, str | bytes], project: Project) -> Outcome:
    """What a recipe does, or several in turn (`one then another`)."""
    tree = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    changes: dict[str, str | None] = {}
    notes: list[Note] = []
    for one in name.split(" then "):
        found = apply(recipe(one), tree, project.paths_of(name))
        changes |= found.changes
        notes += found.notes
        tree |= {path: text.encode() for path, text in found.changes.items() if text is not None}
    return Outcome(changes, tuple(notes))


def measure(project: Project, folder: Path) -> None:
    """Print the table of one project."""
    root = fetch(project.package, folder / "source")
    files = {**read(root), **{path: text.encode() for path, text in project.added.items()}}
    python = environment(folder / "before", project.with_packages)
    before = results(python, files, project.tests)
    if "PASSED" not in before.values():
        sys.exit(
            f"{project.package}: no test passes before, so nothing can be measured ({counted(before) or 'no test'})"
        )
    print(f"\n{project.package}: {counted(before)} before\n")
    print("| recipe | files changed | places left out | tests after | against before |")
    print("|---|---|---|---|---|", flush=True)
    pythons = {name: environment(folder / name, packages) for name, packages in project.after.items()}
    everything: dict[str, str | bytes] = dict(files)
    for name in project.recipes:
        given = files
        if name in project.by_hand:
            path, old, new = project.by_hand[name]
            assert old.encode() in files[path], path
            given = {**files, path: files[path].replace(old.encode(), new.encode())}
        outcome = done_by(name, given, project)
        changed = {p: t for p, t in {**given, **outcome.changes}.items() if t is not None}
        after = results(pythons.get(name, python), changed, project.tests)
        print(row(name, outcome, before, after, project.by_design), flush=True)
        again = done_by(name, changed, project)
        assert not again.changes, f"{name} changes {', '.join(again.changes)} a second time"
        if name not in project.after:
            everything |= {p: t for p, t in done_by(name, everything, project).changes.items() if t is not None}
    together = Outcome({p: str(t) for p, t in everything.items() if files.get(p) != t})
    if len(project.recipes) > 1:
        print(
            row(
                "all that run with the same packages",
                together,
                before,
                results(python, everything, project.tests),
                project.by_design,
            )
        )


def main() -> None:
    """Measure the named projects, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*PROJECTS, []])
    parser.add_argument("--into", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for name in given.names or PROJECTS:
            place = (given.into or Path(scratch)) / name
            (place / "source").mkdir(parents=True)
            measure(PROJECTS[name], place)


if __name__ == "__main__":
    main()
