"""Whole runs with no model: into an empty folder, onto the result, and into an application somebody else wrote."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.docker import DockerEngine
from sandbox.images import Images
from sandbox.manifest import read_manifest
from sandbox.protocol import Limits
from sandbox.pytest_run import run_in_process
from sandbox.trust import arrange
from sandbox.workspace import Workspace
from tests.e2e import notes
from tests.e2e.conftest import ROOT, Greenloop, git
from tests.e2e.session import make_repo
from workflows.endings import MEANING, Ending

pytestmark = [pytest.mark.docker, pytest.mark.e2e]

BOOKS = """\
Add books with title (str, 1-200 chars), author (str), year (int, optional, >= 1450) and isbn (str, unique).
Add reviews of books with rating 1-5 and text. List books by author, newest first, paginated.
Require login to create or delete books.
"""
SHOP = "Add reviews of products with rating 1-5 and text. List products by category, newest first, paginated."


def own_tests_pass(repo: Path, tmp_path: Path) -> None:
    """The delivered repository's tests as its owner runs them: plain pytest, the service started by the tests."""
    from workflows.engines import images_for
    from workflows.settings import load

    workspace = Workspace.create(tmp_path / "look", repo)
    images: Images = images_for(load(None, {}))
    files = workspace.files()
    image = images.ensure(read_manifest(files, lambda path: workspace.read(path) if path in files else None))
    arrangement = arrange(workspace.export(workspace.base), workspace.export(workspace.base))
    with DockerEngine().open(image.tag, run_id="own-tests", limits=Limits()) as box:
        box.put(arrangement.source, "/src")
        box.put(arrangement.tests, "/src")
        report = run_in_process(box, node_ids=["tests"], timeout_s=240)
    assert report.word == "green", f"{report.reason}\n{report.output}"
    assert len(report.results) > 80


def test_books_then_tags(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = tmp_path / "bookshop"
    first = greenloop("feature", "--spec", "-", "--repo", str(repo), stdin=BOOKS)
    assert first.code == 0, first.text
    assert "88 of 88 tests" in first.out or "tests in a fresh container" in first.out
    assert git(repo, "for-each-ref", "--format=%(refname)") == f"refs/heads/{greenloop.last()['branch']}"
    assert greenloop("merge", "last").code == 0
    log = git(repo, "log", "--format=%s").splitlines()
    assert log[-2:] == ["Add acceptance tests", "Start of a new repository"]

    second = greenloop("feature", "Add tags to books and filter by tag.", "--repo", str(repo), "--record-decisions")
    assert second.code == 0, second.text
    (page,) = git(repo, "ls-tree", "--name-only", str(greenloop.last()["branch"]), "docs/decisions/").splitlines()
    assert page.startswith("docs/decisions/0001-")
    assert "many-to-many" in git(repo, "show", f"{greenloop.last()['branch']}:{page}")
    assert greenloop("merge", "last").code == 0
    assert git(repo, "status", "--porcelain") == ""
    assert len(list((repo / "alembic" / "versions").glob("*.py"))) == 2
    own_tests_pass(repo, tmp_path)

    third = greenloop("feature", "Require login to list tags.", "--repo", str(repo), "--allow-breaking")
    assert third.code == MEANING[Ending.NEEDS_HUMAN][0], third.text
    assert '"Require login to list tags" closes GET /tags' in third.out and "test_tags_are_listed" in third.out
    assert "change or remove those tests" in third.out and "Building" not in third.out


def test_an_application_laid_out_differently(greenloop: Greenloop, git_repo: Callable[[Path], Path]) -> None:
    repo = git_repo(ROOT / "examples" / "shop")
    before = (
        git(repo, "rev-parse", "HEAD"),
        git(repo, "status", "--porcelain"),
        (repo / ".git" / "index").read_bytes(),
    )
    done = greenloop("feature", SHOP, "--repo", str(repo))
    assert done.code == 0, done.text
    after = (git(repo, "rev-parse", "HEAD"), git(repo, "status", "--porcelain"), (repo / ".git" / "index").read_bytes())
    assert after == before
    branch = str(greenloop.last()["branch"])
    changed = git(repo, "diff", "--name-only", "main", branch).splitlines()
    assert [path for path in changed if not path.startswith("tests/acceptance/")] == ["main.py"]
    assert "repository's own tests: 8 of 8" in done.out
    assert "def list_products(" in git(repo, "show", f"{branch}:main.py")


FACTORY = """\
from fastapi import FastAPI


def create_app(debug: bool = False) -> FastAPI:
    # tracebacks for developers only
    if debug:
        return FastAPI(title="Shelf", debug=True)
    return FastAPI(title="Shelf")
"""
OWN = """\
from fastapi.testclient import TestClient

from shelf.main import create_app


def test_the_documents_are_served() -> None:
    for app in (create_app(), create_app(debug=True)):
        assert TestClient(app).get("/openapi.json").json()["info"]["title"] == "Shelf"
"""


def test_an_application_that_a_function_returns_without_a_name(greenloop: Greenloop, tmp_path: Path) -> None:
    packages = (ROOT / "examples" / "shop" / "requirements.txt").read_text()
    repo = make_repo(tmp_path / "repo", **{"shelf/__init__.py": "", "shelf/main.py": FACTORY, "tests/test_own.py": OWN,
                                           "requirements.txt": packages})  # fmt: skip
    done = greenloop("feature", "Add books with title. Add a health check. Add ETags.", "--repo", str(repo))
    assert done.code == 0, done.text
    assert "repository's own tests: 1 of 1" in done.out
    made = git(repo, "show", f"{greenloop.last()['branch']}:shelf/main.py")
    assert made.count("FastAPI(title=") == 2
    for line in ("return app", "app.include_router(books.router)", "add_etags(app)"):
        assert made.count(line) == 1, line


@pytest.mark.parametrize(
    ("text", "ending", "says"),
    [
        ("Add books with title. Send each author a postcard at midnight.", "not_understood", "postcard"),
        ("Make the service blazingly fast", "not_understood", "blazingly"),
        ("Add books with year (int, >= 2000, <= 1900)", "needs_human", "year"),
    ],
)
def test_what_is_not_understood_is_said_and_nothing_is_built(
    greenloop: Greenloop, tmp_path: Path, text: str, ending: str, says: str
) -> None:
    done = greenloop("feature", text, "--repo", str(tmp_path / "repo"))
    assert done.code == MEANING[ending][0], done.text  # type: ignore[index]
    assert says in done.out
    assert not (tmp_path / "repo").exists()


def test_a_document_that_asks_for_more_than_the_rules_build_is_refused_before_anything_is_built(
    greenloop: Greenloop, tmp_path: Path
) -> None:
    contract = tmp_path / "contract.yaml"
    contract.write_text(
        "openapi: 3.1.0\npaths:\n  /books:\n    get:\n      responses:\n        '200': {}\n"
        "  /shelves:\n    get:\n      responses:\n        '200': {}\n"
    )
    done = greenloop("feature", "Add books with title", "--repo", str(tmp_path / "repo"), "--openapi", str(contract))
    assert done.code == MEANING["not_understood"][0], done.text
    assert '"GET /shelves"' in done.out
    assert not (tmp_path / "repo").exists()


def test_a_dirty_repository_is_refused_or_taken_as_it_is(
    greenloop: Greenloop, git_repo: Callable[[Path], Path]
) -> None:
    repo = git_repo(ROOT / "examples" / "shop")
    readme = repo / "README.md"
    readme.write_text(readme.read_text() + "\nA line nobody committed.\n")
    refused = greenloop("feature", "Add suppliers with name (str, unique)", "--repo", str(repo))
    assert refused.code == MEANING["refused"][0], refused.text
    assert "README.md" in refused.out
    assert "--include-dirty" in refused.out
    taken = greenloop("feature", "Add suppliers with name (str, unique)", "--repo", str(repo), "--include-dirty")
    assert taken.code == 0, taken.text
    assert "A line nobody committed." in git(repo, "show", f"{greenloop.last()['branch']}:README.md")
    assert git(repo, "status", "--porcelain") == "M README.md"


@pytest.mark.parametrize(
    ("branch", "code", "says"),
    [("main", MEANING[Ending.REFUSED][0], "exists already"), ("-x", 2, "not a valid"), ("a..b", 2, "not a valid")],
)
def test_a_branch_that_cannot_be_made_is_refused_before_any_work(
    greenloop: Greenloop, git_repo: Callable[[Path], Path], branch: str, code: int, says: str
) -> None:
    repo = git_repo(ROOT / "examples" / "shop")
    done = greenloop("feature", "Add suppliers with name", "--repo", str(repo), f"--branch={branch}")
    assert done.code == code, done.text
    assert says in done.text
    assert "Planning" not in done.out


def test_what_the_repositorys_tests_deny_ends_with_the_contradiction(greenloop: Greenloop, tmp_path: Path) -> None:
    test = "from fastapi.testclient import TestClient\nfrom main import app\n\n\ndef test_made():\n"
    test += '    assert TestClient(app).post("/notes", json={"text": "x"}).status_code == 201\n'
    repo = make_repo(tmp_path / "repo", **{"main.py": notes.APP, "tests/test_notes.py": test})
    done = greenloop("feature", "Require login to create notes", "--repo", str(repo), "--engine", "offline")
    assert done.code == MEANING[Ending.NEEDS_HUMAN][0], done.text
    assert "closes POST /notes" in done.out and "tests/test_notes.py:6 (test_made)" in done.out
