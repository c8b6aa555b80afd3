"""The tester by rule: what it writes is held against an application that keeps to the conventions, and damaged ones."""

import ast
import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agents.blueprints.spec import FieldSpec
from agents.contracts import Blame, Plan, Request, TestSuite
from agents.offline.planner import OfflinePlanner
from agents.offline.tester import OfflineTester
from agents.profile import AppProfile, ExistingResource, Login, Place, Route
from agents.roles import Brief
from agents.suite import file_problems, uncovered
from agents.testkit import acceptance_conftest
from sandbox.reports import Service, TestResult
from tests.support.desk import desk_with

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = Path(__file__).with_name("library_app.py")
PLACE = Place(file="main.py", line=1, name="x")
LOGIN = Login(current_user=None, token_path="/token", register_path="/register")
REQUEST = (
    "Add books with title (str, 1-200 chars), author (str), year (int, optional, >= 1450), isbn (str, unique), "
    "price (decimal, > 0), status: draft, published (default draft). Add reviews of books with rating 1-5 and text. "
    "Add tags to books and filter by tag. A book has one category. "
    "List books by author and year, newest first, paginated. Search books by title. "
    "Require login to create or delete books."
)
SHOP = AppProfile(
    exists=True,
    target="main:app",
    resources=(
        ExistingResource(
            name="product", plural="products", path="/products",
            fields=(FieldSpec(name="name", max_length=120), FieldSpec(name="price", type="float", gt=0)),
        ),
        ExistingResource(
            name="order", plural="orders", path="/orders",
            fields=(FieldSpec(name="product_id", type="int"), FieldSpec(name="customer")),
        ),
    ),
    routes=tuple(
        Route(method=m, path=p, handler=PLACE)
        for m, p in (
            ("GET", "/products"), ("POST", "/products"), ("PATCH", "/products/{id}"),
            ("GET", "/orders"), ("POST", "/orders"),
        )
    ),
)  # fmt: skip
REQUESTS = [
    (REQUEST, AppProfile()),
    ("Add read-only logs with message. Add a health check.", AppProfile()),
    ("Add notes with text, only create and list. Notes are sorted by text.", AppProfile()),
    ("Add clients with request and answer (str, unique). "
     "Add invoices of clients with client and total (decimal, 0-10).",
     AppProfile()),
    ("Add events with name, date, starts_at, url, token (uuid), level (int, 1-3), public (bool, default true), "
     "email (unique), code (str, exactly 4 chars, unique), weight (float, < 9), kind (one of a/b). "
     "List events by date and public and kind and level, sort by date descending.", AppProfile()),
    ("Add students with name and courses with title. Students and courses are many-to-many. "
     "Filter students by course.", AppProfile()),
    ("add tags to products and filter by tag", SHOP),
    ("add reviews of products with rating 1-5 and text", SHOP),
    ("let users list products by name with pagination, newest first", SHOP),
    ("add weight to products (decimal, > 0). protect all writes with JWT", SHOP),
    ("add refunds of orders with reason", SHOP),
    ("a product belongs to a category", SHOP),
    ("Add orders with title. Send signed webhooks when orders are created, updated or deleted. Count orders every 2 "
     "seconds. Require login to list orders", AppProfile()),
    ("require login to create orders", SHOP.model_copy(update={"login": LOGIN})),
]  # fmt: skip


def brief(text: str, **more: object) -> Brief:
    class NoFiles:
        def files(self) -> list[str]:
            return []

    return Brief(request=Request(text=text), desk=NoFiles(), **more)  # type: ignore[arg-type]


async def suite_for(text: str, profile: AppProfile, **more: object) -> tuple[Plan, TestSuite]:
    plan = await OfflinePlanner(read_profile=lambda _: profile).plan(brief(text))
    return plan, await OfflineTester(read_profile=lambda _: profile).write_tests(brief(text, **more), plan)


@pytest.mark.parametrize(("text", "profile"), REQUESTS, ids=[t[:40] for t, _ in REQUESTS])
def test_what_is_written_is_complete_and_clean(text: str, profile: AppProfile, tmp_path: Path) -> None:
    plan, suite = asyncio.run(suite_for(text, profile))
    assert uncovered(suite.cases, plan) == []
    written = {f"{f.path}::{n.name}" for f in suite.files for n in ast.parse(f.content).body
               if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")}  # fmt: skip
    assert written == {c.node_id for c in suite.cases}
    assert len(written) == len(suite.cases)
    guards = {c.id for c in plan.criteria if c.guard}
    assert all(c.guard == (set(c.criteria) <= guards) for c in suite.cases)
    for file in suite.files:
        assert file_problems(file.path, file.content, plan) == []
        (tmp_path / Path(file.path).name).write_text(file.content)
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or "ruff"
    lint = [
        "--select",
        "E,F,I,B,UP,W,C4,SIM",
        "--line-length",
        "130",
        "--isolated",
        "--no-cache",
        "--target-version",
        "py311",
    ]
    found = subprocess.run([ruff, "check", *lint, str(tmp_path)], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


async def test_every_docstring_names_its_criterion() -> None:
    _, suite = await suite_for(REQUEST, AppProfile())
    by_id = {c.node_id: c.criteria for c in suite.cases}
    for file in suite.files:
        for test in ast.parse(file.content).body:
            if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
                cited = re.match(r"(C\d+): .+\.$", ast.get_docstring(test) or "")
                assert cited and (cited[1],) == by_id[f"{file.path}::{test.name}"]


async def test_tests_that_passed_before_become_guards() -> None:
    feedback = (
        "these tests pass before the change, so they prove nothing: "
        "tests/acceptance/test_books.py::test_a_book_can_be_read, "
        "tests/acceptance/test_books.py::test_a_book_with_an_invalid_title_is_refused[too-long]"
    )
    _, suite = await suite_for(REQUEST, AppProfile(), feedback=feedback)
    guards = {c.node_id.rpartition("::")[2] for c in suite.cases if c.guard}
    assert guards == {"test_a_book_can_be_read", "test_a_book_with_an_invalid_title_is_refused"}


@pytest.mark.parametrize(
    ("failure", "feedback", "fault"),
    [
        (TestResult(node_id="tests/acceptance/t.py::a", outcome="failed", message="assert 404 == 201"), "", "code"),
        (
            TestResult(node_id="tests/acceptance/t.py::a", outcome="error", message="fixture 'cleint' not found"),
            "",
            "test",
        ),
        (TestResult(node_id="tests/test_app.py::a", outcome="error", message="ImportError: app"), "", "code"),
        (None, "the service did not start: ImportError", "code"),
        (None, "", "code"),
    ],
)
async def test_failures_are_read_by_rule(failure: TestResult | None, feedback: str, fault: str) -> None:
    tester = OfflineTester(read_profile=lambda _: AppProfile())
    given = brief("x", failures=(failure,) if failure else (), feedback=feedback)
    blame = await tester.triage(given, Plan(summary="", criteria=()))
    assert blame.fault == fault
    assert blame.reason
    assert blame.tests == ((failure.node_id,) if failure and fault == "test" else ())


OLD = "tests/acceptance/test_products.py"
OLD_TESTS = """
def every(client, path, headers=None):
    return client.get(path, headers=headers).json()["items"]


def test_products_are_listed(client):
    assert every(client, "/products") == []


def test_a_product_is_made(client):
    assert client.post("/products", json={}).status_code == 201


def test_orders_are_listed(client):
    assert every(client, "/orders") == []
"""


async def blamed(text: str, *failures: tuple[str, str], cases: tuple[str, ...] = ()) -> Blame:
    plan, _ = await suite_for(text, SHOP)
    results = tuple(TestResult(node_id=f"{OLD}::{name}", outcome="failed", message=told) for name, told in failures)
    given = Brief(
        request=Request(text=f"It is for staff. {text}"),
        desk=desk_with({OLD: OLD_TESTS}),
        failures=results,
        cases=frozenset(f"{OLD}::{name}" for name in cases),
    )
    return await OfflineTester(read_profile=lambda _: SHOP).triage(given, plan)


async def test_old_tests_that_the_request_locks_out_need_a_person() -> None:
    text = "Require login to list or create products"
    made, listed = ("test_a_product_is_made", "assert 401 == 201"), ("test_products_are_listed", "KeyError: 'items'")
    blame = await blamed(text, made, listed)
    assert blame.fault == "request"
    for part in (f'"{text}"', f"{OLD}::{made[0]}", f"{OLD}::{listed[0]}", "change or remove those tests", "open."):
        assert part in blame.reason
    assert (await blamed(text, listed)).fault == "code", "nothing shows a refusal"
    assert (await blamed(text, made, ("test_orders_are_listed", "KeyError: 'items'"))).fault == "code"
    assert (await blamed(text, made, listed, cases=(listed[0],))).fault == "code", "one of this run's own fails too"


async def test_a_request_that_breaks_clients_needs_a_person() -> None:
    plan, _ = await suite_for("Require login to list products", SHOP)
    broken = TestResult(node_id="gate contract: breaking", outcome="failed", message="GET /products: needs a login now")
    other = TestResult(
        node_id="gate attacks: mass-assignment", outcome="failed", message="answered 401 to a forged token"
    )
    tester = OfflineTester(read_profile=lambda _: SHOP)
    blame = await tester.triage(brief("x", failures=(broken,)), plan)
    assert blame.fault == "request" and broken.message in blame.reason and "--allow-breaking" in blame.reason
    for failures in ((broken, other), (other,)):
        assert (await tester.triage(brief("x", failures=failures), plan)).fault == "code"


async def test_old_tests_without_a_field_that_is_required_now_need_a_person() -> None:
    text = "Add weight (int, required) to products"
    blame = await blamed(text, ("test_a_product_is_made", "assert 422 == 201"))
    assert blame.fault == "request" and "weight" in blame.reason and "make weight optional" in blame.reason
    assert (await blamed(text, ("test_products_are_listed", "assert 422 == 200"))).fault == "code"
    assert (
        await blamed("Add weight (int) to products", ("test_a_product_is_made", "assert 422 == 201"))
    ).fault == "code"


async def written(folder: Path) -> Path:
    _, suite = await suite_for(REQUEST, AppProfile())
    service = Service(argv=("python", "-m", "uvicorn", "main:app", "--port", "{port}"))
    for file in suite.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.content)
    (folder / "tests/acceptance/conftest.py").write_text(acceptance_conftest(service))
    return folder


def outcomes(folder: Path, *options: str) -> tuple[int, int, str]:
    """How many passed and failed, and the output."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", "-c", "/dev/null"]
    done = subprocess.run(
        [*command, "--rootdir", str(folder), *options, "tests"],
        cwd=folder,
        env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # what a sandbox has
        capture_output=True,
        text=True,
        timeout=120,
    )
    count = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout.splitlines()[-1])}
    return count.get("passed", 0), count.get("failed", 0) + count.get("error", 0), done.stdout


@pytest.mark.e2e
async def test_an_application_that_keeps_to_the_conventions_is_green(tmp_path: Path) -> None:
    folder = await written(tmp_path)
    shutil.copy(LIBRARY, folder / "main.py")
    passed, failed, output = outcomes(folder)
    assert failed == 0, output
    assert passed > 150


@pytest.mark.e2e
async def test_every_test_is_red_on_an_empty_application(tmp_path: Path) -> None:
    folder = await written(tmp_path)
    (folder / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    passed, failed, output = outcomes(folder)
    assert passed == 0, output
    assert failed > 150


DAMAGE = [
    ("Field(ge=1450)", "Field(ge=1451)"),
    ("Field(ge=1450)", "Field(ge=1449)"),
    ("max_length=200", "max_length=201"),
    ("min_length=1, max_length=200", "max_length=200"),
    ("Field(gt=0,", "Field(ge=0,"),
    ("Field(ge=1, le=5)", "Field(ge=1, le=6)"),
    ('extra="forbid"', 'extra="ignore"'),
    ('"books", body.model_dump(), "isbn"', '"books", body.model_dump()'),
    ('change("books", key, body, "isbn")', 'change("books", key, body)'),
    ("exclude_unset=True", "exclude_unset=False"),
    ("reversed(tables", "list(tables"),
    ("author in (None, row", "True or author in (None, row"),
    ("tag in row", "tag not in row"),
    ("q.lower() in row", "q in row"),
    ("found[offset : offset + limit]", "found[:limit]"),
    ("ge=1, le=100)] = 20", "ge=1, le=100)] = 25"),
    ('sorted(set(values["tags"]))', 'sorted(values["tags"])'),
    ('find("categories", values["category_id"])', "pass"),
    (', status_code=201, dependencies=[Depends(logged_in)]', ", status_code=201"),
    (', status_code=204, dependencies=[Depends(logged_in)]', ", status_code=204"),
    ('{"WWW-Authenticate": "Bearer"})\n    text', "{})\n    text"),
    ("not hmac.compare_digest", "False and hmac.compare_digest"),
    ("if r[\"book_id\"] != key", ""),
    ("if row[\"book_id\"] == book", ""),
    ('status: Literal["draft", "published"] = "draft"', 'status: str = "draft"'),
    ("min_length=8", "min_length=5"),
    ('"ok"', '"fine"'),
]  # fmt: skip


@pytest.mark.e2e
@pytest.mark.parametrize(("old", "new"), DAMAGE, ids=[f"{n}-{old[:24]}" for n, (old, _) in enumerate(DAMAGE)])
async def test_damage_is_noticed(old: str, new: str, tmp_path: Path) -> None:
    folder = await written(tmp_path)
    text = LIBRARY.read_text()
    assert old in text
    (folder / "main.py").write_text(text.replace(old, new))
    passed, failed, output = outcomes(folder, "--maxfail=1")
    if not passed:  # the first test of all noticed it
        passed, failed, output = outcomes(folder)
    assert failed > 0, "nothing noticed the damage"
    assert passed > 0, output
