"""Any valid specification gives test files that are valid, complete and clean; values and calls are written right."""

import ast
import asyncio
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path

import pytest

from agents.blueprints.fields import default_literal, server_default
from agents.blueprints.spec import FeatureSpec, FieldSpec, ListingSpec, Relation, ResourceSpec
from agents.contracts import Criterion, Plan, Request, TestSuite
from agents.desk import MemoryDesk
from agents.offline.criteria import topics_of
from agents.offline.payloads import bounds, default_source, edges, refused, sample
from agents.offline.source import argument, docstring, path_before, quoted, short, wrap
from agents.offline.tester import OfflineTester
from agents.profile import AppProfile
from agents.roles import Brief
from agents.suite import file_problems, uncovered
from tests.support.random_specs import CHOICES, random_spec

SEEDS = 300


def written(spec: FeatureSpec, profile: AppProfile | None = None) -> tuple[Plan, TestSuite]:
    profile = profile or AppProfile()
    _, topics = topics_of(spec, profile)
    criteria = tuple(Criterion(id=f"C{n}", text=t.text, guard=t.guard) for n, t in enumerate(topics, 1))
    plan = Plan(summary="x", criteria=criteria, spec=spec.model_dump(mode="json"))
    tester = OfflineTester(read_profile=lambda _: profile)
    return plan, asyncio.run(tester.write_tests(Brief(request=Request(text="x"), desk=MemoryDesk({})), plan))


@cache
def everything_written() -> list[tuple[int, Plan, TestSuite, dict[str, ast.Module]]]:
    """For every seed the plan, the tests and each file's tree; a file that does not compile fails here."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(SEEDS):
            plan, suite = written(random_spec(seed))
            found.append((seed, plan, suite, {f.path: ast.parse(f.content, f.path) for f in suite.files}))
    return found


def functions(tree: ast.Module, prefix: str = "") -> list[ast.FunctionDef]:
    return [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith(prefix)]


def test_any_valid_specification_gives_valid_and_complete_tests() -> None:
    for seed, plan, suite, trees in everything_written():
        assert uncovered(suite.cases, plan) == [], seed
        found = [f"{path}::{test.name}" for path, tree in trees.items() for test in functions(tree, "test_")]
        assert len(found) == len(set(found)), seed
        assert sorted(found) == sorted(c.node_id for c in suite.cases), seed
        assert {criterion for case in suite.cases for criterion in case.criteria} == {c.id for c in plan.criteria}
        for file in suite.files if seed % 10 == 0 else ():
            compile(file.content, file.path, "exec")
            assert file_problems(file.path, file.content, plan) == [], seed


def test_node_ids_are_short_and_parameters_are_told_apart() -> None:
    for seed, _, _, trees in everything_written():
        for path, test in ((path, test) for path, tree in trees.items() for test in functions(tree, "test_")):
            cases = [
                c for d in test.decorator_list for c in ast.walk(d) if isinstance(c, ast.Call) and len(c.args) == 1
            ]
            ids = [k.value.value for c in cases for k in c.keywords if isinstance(k.value, ast.Constant)]
            assert len(ids) == len(set(ids)) and all(ids), (seed, test.name)
            assert len(f"{path}::{test.name}[]") + max((len(str(i)) for i in ids), default=0) < 300


def test_no_test_overwrites_its_parameters_or_calls_what_is_not_there() -> None:
    """What a linter does not see: a variable that replaces a parameter, a call of a helper that was not written."""
    for seed, _, _, trees in everything_written():
        for tree in trees.values():
            there = {f.name for f in functions(tree)}
            for test in functions(tree, "test_"):
                given = {a.arg for a in test.args.args}
                nodes = [n for n in ast.walk(test) if isinstance(n, ast.Name)]
                stored = {n.id for n in nodes if isinstance(n.ctx, ast.Store)}
                assert not stored & (given | there), (seed, test.name)
                assert {n.id for n in nodes if n.id.startswith(("new_", "make_"))} <= there, (seed, test.name)


def test_any_valid_specification_gives_clean_tests(tmp_path: Path) -> None:
    for seed, _, suite, _ in everything_written():
        for file in suite.files:
            path = tmp_path / str(seed) / Path(file.path).name
            path.parent.mkdir(exist_ok=True)
            path.write_text(file.content)
    rules = ["--select", "E,F,I,B,UP,W,C4,SIM", "--ignore", "E501", "--isolated", "--no-cache"]
    command = [sys.executable, "-m", "ruff", "check", *rules, "--target-version", "py311", "--quiet", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-3000:]


@pytest.mark.parametrize("text", [*CHOICES, "\ud800", "'''", '\\"', "a\\"])
def test_literals_mean_the_text(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text
    assert eval(path_before(text, "key", text), {"key": 7}) == f"{text.rstrip('/')}/7{text}"
    spoken = ast.literal_eval(docstring(f"C1: it is {text}."))
    assert "".join(spoken.split()) == "".join(f"C1: it is {text}.".split())


def test_arguments_may_be_called_like_keywords() -> None:
    assert eval(f"dict({argument('class', '1')}, {argument('type', '2')})") == {"class": 1, "type": 2}


def test_long_names_are_cut_and_stay_apart() -> None:
    one, two = short("a" * 200 + "b", 100), short("a" * 200 + "c", 100)
    assert len(one) == len(two) == 100 and one != two
    assert short("book", 100) == "book"


@pytest.mark.parametrize(
    "row",
    [
        f'page = client.get("/{"x" * 90}", headers=login(client)).json()',
        f"assert client.get(f\"/{'x' * 90}/{{a['id']}}\").status_code == 404",
        f'answer = client.post("/books", json=new_book(title="{"é, " * 30}", status="\\"now\\""), headers=login())',
        'answer = client.post("/books", json={"a": [1, 2], "b": ")"} | {"c": ' + "1 + " * 30 + "1})",
    ],
)
def test_long_calls_are_wrapped_and_mean_the_same(row: str) -> None:
    rows = wrap(row)
    assert len(rows) > 2
    assert ast.dump(ast.parse("\n".join(rows))) == ast.dump(ast.parse(row))


@pytest.mark.parametrize("kind", ["int", "float", "decimal"])
@pytest.mark.parametrize(
    "limits", [{"ge": 0.001}, {"gt": 0.001}, {"gt": 0, "lt": 1.5}, {"ge": 2.5, "le": 7.5}, {"lt": 0}]
)
def test_numbers_keep_to_the_limits(kind: str, limits: dict[str, float]) -> None:
    field = FieldSpec.model_validate({"name": "n", "type": kind, **limits})

    def holds(source: str) -> bool:
        value = float(ast.literal_eval(source))
        return (
            (field.ge is None or value >= field.ge) and (field.gt is None or value > field.gt)
            and (field.le is None or value <= field.le) and (field.lt is None or value < field.lt)
        )  # fmt: skip

    low, high = bounds(field)
    assert low is None or high is None or low <= high
    assert all(holds(v.source) for v in edges(field)) and holds(sample(field)) and holds(sample(field, other=True))
    outside = [v.source for v in refused(field) if v.name.startswith("too")]
    assert len(outside) == len(limits) and not any(holds(source) for source in outside)


@pytest.mark.parametrize(
    ("kind", "default", "answered"),
    [
        ("uuid", "ABCDEF12123442348234123456789ABC", '"abcdef12-1234-4234-8234-123456789abc"'),
        ("datetime", "2020-01-02T03:04:05+02:00", '"2020-01-02T01:04:05+00:00"'),
        ("datetime", "2020-01-02 03:04", '"2020-01-02T03:04:00+00:00"'),
        ("date", "20200102", '"2020-01-02"'),
        ("bool", "YES", "True"),
        ("bool", "no", "False"),
        ("email", "Ada@Example.com", '"ada@example.com"'),
        ("str", 'say "hi"', '"say \\"hi\\""'),
    ],
)
def test_defaults_are_compared_as_answers_have_them(kind: str, default: str, answered: str) -> None:
    field = FieldSpec.model_validate({"name": "n", "type": kind, "required": False, "default": default})
    assert default_source(field) == answered


def test_a_datetime_default_is_compared_as_an_instant() -> None:
    field = FieldSpec(name="starts", type="datetime", required=False, default="2020-01-02T03:04:05+02:00")
    _, suite = written(FeatureSpec(resources=(ResourceSpec(name="event", plural="events", fields=(field,)),)))
    assert 'answer.json()["starts"][:16] == "2020-01-02T01:04:05+00:00"[:16]' in suite.files[0].content


COURSE = ResourceSpec(
    name="course",
    plural="courses",
    fields=(FieldSpec(name="title", unique=True), FieldSpec(name="credits", type="int")),
)
STUDENT = ResourceSpec(
    name="student", plural="students", fields=(FieldSpec(name="name"),),
    relations=(Relation(kind="many_to_many", target="course", nested=False),),
)  # fmt: skip


def test_linked_items_that_need_more_than_a_key_are_made_first() -> None:
    spec = FeatureSpec(resources=(COURSE, STUDENT), listings=(ListingSpec(resource="student", filters=("course",)),))
    plan, suite = written(spec)
    text = next(f.content for f in suite.files if f.path.endswith("test_students.py"))
    assert 'make_course(client, unique, title=unique())["title"]' in text
    assert "courses=[unique()]" in text and "test_a_student_with_an_unknown_course_is_refused" in text
    assert not [c for c in plan.criteria if "does not exist is created" in c.text]


def test_linked_items_are_named_by_their_title_when_nothing_is_unique() -> None:
    course = COURSE.model_copy(update={"fields": (FieldSpec(name="title"),)})
    plan, suite = written(FeatureSpec(resources=(course, STUDENT)))
    assert any("list of courses by title" in c.text for c in plan.criteria)
    assert 'row["title"] for row in listed(client, "/courses")' in next(
        f.content for f in suite.files if f.path.endswith("test_students.py")
    )


@pytest.mark.parametrize("name", ["author", "author_id"])
def test_a_filter_named_after_a_parent_asks_for_its_id(name: str) -> None:
    author = ResourceSpec(name="author", plural="authors", fields=(FieldSpec(name="name"),))
    relation = Relation(kind="many_to_one", target="author", nested=False)
    book = ResourceSpec(name="book", plural="books", fields=(FieldSpec(name="title"),), relations=(relation,))
    _, suite = written(FeatureSpec(resources=(author, book), listings=(ListingSpec(resource="book", filters=(name,)),)))
    text = next(f.content for f in suite.files if f.path.endswith("test_books.py"))
    assert "author_id=wanted" in text and "test_books_can_be_filtered_by_author_id" in text
    assert "authors=" not in text


def test_a_resource_called_account_has_its_own_helpers() -> None:
    account = ResourceSpec(name="account", plural="accounts", fields=(FieldSpec(name="name"),))
    _, suite = written(FeatureSpec(resources=(account,), login=True))
    text = next(f.content for f in suite.files if f.path.endswith("test_accounts.py"))
    assert 'return {"name": "Some name"} | changes' in text


@pytest.mark.parametrize("default", ["2020-01-02T03:04:05+02:00", "2020-01-02T01:04:05", "2020-01-02T01:04:05Z"])
def test_the_builder_keeps_a_moment_in_utc_too(default: str) -> None:
    field = FieldSpec(name="seen", type="datetime", required=False, default=default)
    assert default_literal(field) == f"dt.datetime.fromisoformat({default_source(field)})"
    assert server_default(field) == "2020-01-02T01:04:05+00:00"
