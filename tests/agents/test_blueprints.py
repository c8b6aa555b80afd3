"""Rendered code before it runs: it parses, is formatted and lint-clean, in every style; what cannot be is refused."""

import ast
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agents.blueprints.assemble import import_block
from agents.blueprints.fragments import Known, Style, Symbol
from agents.blueprints.migration import migration
from agents.blueprints.names import article, attribute, literal, model_class, module_path, parameter
from agents.blueprints.new_app import NEW_APP_STYLE, new_app
from agents.blueprints.resource import resource_fragments
from agents.blueprints.spec import FeatureSpec, FieldSpec, GuardSpec, ListingSpec, Relation, ResourceSpec
from agents.blueprints.summary import endpoints, requirements
from agents.blueprints.wrap import WIDTH, wrap_lines
from agents.errors import NotUnderstood
from tests.support.blueprint_apps import ONE_FILE, one_module
from tests.support.blueprint_specs import ACCOUNTS, ALL, BOOK, EVERYTHING, LIBRARY, NOTES, PRIVATE, REVIEW, TAG

RULES = "E,F,I,UP,B,S,ANN,ASYNC,FAST"
STYLES = {
    "new application": NEW_APP_STYLE,
    "one synchronous file": ONE_FILE,
    "one asynchronous file": replace(
        ONE_FILE, database="sqlalchemy_async", session=Symbol("", "Db"), session_is_alias=True
    ),
    "synchronous package": Style(database="sqlalchemy_sync", prefix="/api/v1", timestamps=False),
    "router without repository": Style(repository_module=None, current_user=Symbol("shop.auth", "CurrentUser")),
}


def ruff(*arguments: str) -> str:
    """Complaints of ruff, empty when there are none."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def write(folder: Path, files: dict[str, str]) -> None:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


@pytest.mark.parametrize("name", ALL)
def test_a_new_application_is_formatted_and_clean(name: str, tmp_path: Path) -> None:
    write(tmp_path, new_app(ALL[name], name="some-shop"))
    assert ruff("format", "--no-cache", "--check", str(tmp_path)) == ""
    assert ruff("format", "--no-cache", "--check", "--line-length", "88", str(tmp_path)) == ""
    assert ruff("check", "--no-cache", str(tmp_path)) == ""


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("spec", [LIBRARY, EVERYTHING, ACCOUNTS], ids=["library", "everything", "accounts"])
def test_a_resource_is_formatted_in_every_style(name: str, spec: FeatureSpec, tmp_path: Path) -> None:
    source = one_module(spec, STYLES[name])
    (tmp_path / "module.py").write_text(source)
    assert ruff("format", "--no-cache", "--isolated", "--check", str(tmp_path)) == ""
    one_file = STYLES[name].model_module == ""
    ignored = "E501,I001,F821,F811" if one_file else "E501,I001,F811,FAST003"
    assert ruff("check", "--no-cache", "--isolated", "--select", RULES, "--ignore", ignored, str(tmp_path)) == ""
    assert ("await " in source) == (STYLES[name].database != "sqlalchemy_sync")


def test_a_synchronous_file_needs_nothing_it_does_not_define_itself() -> None:
    tree = ast.parse(one_module(LIBRARY, ONE_FILE))
    imported = {a.asname or a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
    assert not {"Base", "Book", "BookCreate", "get_db", "get_current_user", "AsyncSession"} & imported
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef | ast.Await)]


def test_without_a_named_symbol_the_known_module_is_imported() -> None:
    style = replace(NEW_APP_STYLE, known={"book": Known(Symbol("shop.orm", "BookRow"), "book_rows", path="/v2/books")})
    pieces = resource_fragments(REVIEW, FeatureSpec(resources=(REVIEW,)), style)
    assert 'ForeignKey("book_rows.id", ondelete="CASCADE")' in pieces.model.body
    assert '@router.post(\n    "/v2/books/{book_id}/reviews",' in pieces.routes.body
    assert pieces.repository and "from shop.orm import BookRow" in pieces.repository.imports


def test_a_parent_that_is_softly_deleted_is_no_parent_any_more() -> None:
    known = {"book": Known(Symbol("app.models.book", "Book"), "books", soft=True)}
    plain = FeatureSpec(resources=(REVIEW,))
    style = replace(NEW_APP_STYLE, known=known)
    pieces = resource_fragments(REVIEW, plain, style)
    assert pieces.repository
    assert pieces.repository.body.count("Book.deleted_at.is_(None)") == 2, "has_book, and get"
    single = resource_fragments(REVIEW, plain, replace(style, repository_module=None)).routes.body
    assert "known_book is None or known_book.deleted_at is not None" in single
    assert single.count("Book.deleted_at.is_(None)") == 1
    linked = REVIEW.model_copy(update={"relations": (Relation(kind="many_to_many", target="book"),)})
    with pytest.raises(NotUnderstood, match="links to them are not offered"):
        resource_fragments(linked, FeatureSpec(resources=(linked,)), style)


def test_login_comes_before_everything_else() -> None:
    tree = ast.parse(new_app(LIBRARY)["app/routers/book.py"])
    handlers = {n.name: n for n in tree.body if isinstance(n, ast.AsyncFunctionDef)}
    for name in ("create_book", "delete_book"):
        assert ast.unparse(handlers[name].args.args[0]) == "_: CurrentUser"
    for name in ("read_book", "update_book", "list_books"):
        assert "CurrentUser" not in ast.unparse(handlers[name])


def test_nothing_secret_is_in_the_code() -> None:
    files = new_app(LIBRARY)
    assert "SECRET_KEY=\n" in files[".env.example"]
    assert 'secret_key: SecretStr = SecretStr("")' in files["app/settings.py"]
    assert "secret_key" not in new_app(NOTES)["app/settings.py"].lower()


@pytest.mark.parametrize("spec", [LIBRARY, NOTES], ids=["login", "no login"])
def test_containers_are_given_what_they_need(spec: FeatureSpec) -> None:
    files = new_app(spec)
    kept = {line.removeprefix("!") for line in files[".dockerignore"].splitlines() if line.startswith("!")}
    copied = [w for line in files["Dockerfile"].splitlines() if line.startswith("COPY ") for w in line.split()[1:-1]]
    assert {one for one in copied if not one.startswith(("--", "/"))} == kept
    assert all(any(path == one or path.startswith(f"{one}/") for path in files) for one in kept)
    assert "USER service" in files["Dockerfile"] and "HEALTHCHECK" in files["Dockerfile"]
    asked = set(re.findall(r"\$\{(\w+)", files["compose.yaml"]))
    assert asked == {"POSTGRES_PASSWORD", "CORS_ORIGINS"} | ({"SECRET_KEY"} if spec.login else set())
    assert asked <= {line.partition("=")[0] for line in files[".env.example"].splitlines()}


def test_packages_follow_what_is_used() -> None:
    assert requirements(NOTES) == ()
    assert {r.split(">")[0] for r in requirements(LIBRARY)} >= {"pyjwt", "pwdlib[argon2]", "python-multipart"}
    assert "pyjwt" not in new_app(NOTES)["pyproject.toml"]


def test_endpoints_are_listed() -> None:
    listed = {(method, path) for method, path, _ in endpoints(LIBRARY, NEW_APP_STYLE)}
    assert {("GET", "/health"), ("POST", "/auth/token"), ("PATCH", "/reviews/{review_id}")} <= listed
    assert {("POST", "/books/{book_id}/reviews"), ("GET", "/books")} <= listed
    assert ("GET", "/reviews") not in listed


def test_actions_that_were_not_asked_for_are_not_there() -> None:
    only = BOOK.model_copy(update={"actions": ("read",)})
    routes = resource_fragments(only, FeatureSpec(resources=(only,)), NEW_APP_STYLE).routes.body
    assert routes.count("@router.") == 1 and "read_book" in routes


def test_migration_of_additions_keeps_existing_rows(tmp_path: Path) -> None:
    fields = (
        FieldSpec(name="stock", type="int", required=False, default="0"),
        FieldSpec(name="code", unique=True),
        FieldSpec(name="subtitle", required=False),
    )
    links = (Relation(kind="many_to_many", target="tag"), Relation(kind="many_to_one", target="shop", nested=False))
    more = ResourceSpec(name="book", plural="books", exists=True, fields=fields, relations=links)
    shop = ResourceSpec(name="shop", plural="shops", fields=(FieldSpec(name="name"),))
    spec = FeatureSpec(resources=(more, TAG, shop))
    text = migration(spec, NEW_APP_STYLE, revision="0002", down_revision="0001", message="add tags")
    (tmp_path / "0002.py").write_text(text)
    assert ruff("format", "--no-cache", "--isolated", "--check", str(tmp_path)) == ""
    assert 'sa.Column("stock", sa.Integer(), server_default="0", nullable=False)' in text
    assert 'sa.Column("code", sa.String(255), nullable=True)' in text
    assert 'op.create_index(op.f("ix_books_code"), "books", ["code"], unique=True)' in text
    up, down = text.split("def downgrade")
    assert up.index('"tags"') < up.index('"book_tags"') < len(up)
    assert down.index('op.drop_table("book_tags")') < down.index('op.drop_table("tags")')
    for created in ("tags", "shops", "book_tags"):
        assert f'op.create_table(\n        "{created}"' in up and f'op.drop_table("{created}")' in down


def refused(*resources: ResourceSpec, **more: object) -> str:
    spec = FeatureSpec(resources=resources, **more)  # type: ignore[arg-type]
    with pytest.raises(NotUnderstood) as caught:
        new_app(spec)
    return caught.value.quote


def thing(*fields: FieldSpec, name: str = "thing", relations: tuple[Relation, ...] = ()) -> ResourceSpec:
    return ResourceSpec(name=name, plural=f"{name}s", fields=fields, relations=relations)


TEXT = FieldSpec(name="title")


def test_what_cannot_be_rendered_is_quoted() -> None:
    assert refused(thing(FieldSpec(name="id", type="uuid"))) == "id (uuid)"
    assert refused(thing(TEXT, TEXT)) == "title"
    assert refused(thing(FieldSpec(name="size", type="int", default="big"))) == "size (int, default big)"
    assert refused(thing(FieldSpec(name="state", type="enum"))) == "state (enum)"
    assert refused(thing(FieldSpec(name="on", type="bool", default="perhaps"))) == "on (bool, default perhaps)"
    assert refused(thing(TEXT, name="user"), login=True) == "users"
    assert refused(thing(TEXT, name="user"), guards=(GuardSpec(resource="user", actions=("read",)),)) == "users"
    assert refused(thing(TEXT, name="health")) == "healths"
    assert refused(thing(TEXT), thing(TEXT)) == "things"
    unknown = (Relation(kind="many_to_one", target="ghost"),)
    assert refused(thing(TEXT, relations=unknown)) == "ghost"
    nameless = thing(FieldSpec(name="size", type="int"), name="box")
    assert refused(nameless, thing(TEXT, relations=(Relation(kind="many_to_many", target="box"),))).startswith("things")
    assert refused(thing(TEXT, relations=(Relation(kind="many_to_many", target="thing"),))) == "things of things"
    assert refused(thing(TEXT), listings=(ListingSpec(resource="thing", filters=("colour",)),)) == "colour"
    assert refused(thing(TEXT), listings=(ListingSpec(resource="thing", order_by="colour"),)) == "colour"


def test_an_owner_needs_a_resource_that_stands_alone() -> None:
    book = BOOK.model_copy(update={"owned": True})
    assert refused(book, REVIEW, login=True) == "reviews of books"
    assert refused(REVIEW.model_copy(update={"owned": True}), BOOK, login=True) == "own reviews"


def test_an_owner_is_in_every_query_of_a_style_without_repositories(tmp_path: Path) -> None:
    source = one_module(PRIVATE, STYLES["router without repository"])
    (tmp_path / "module.py").write_text(source)
    assert ruff("format", "--no-cache", "--isolated", "--check", str(tmp_path)) == ""
    assert source.count("Book.owner_id == user.id") == 2 and "owner_id=user.id" in source
    assert "session.get(Book" not in source


def test_id_and_created_at_are_there_without_being_asked_for() -> None:
    fields = (FieldSpec(name="id", type="int"), FieldSpec(name="created_at", type="datetime"), TEXT)
    assert new_app(FeatureSpec(resources=(thing(*fields),))) == new_app(FeatureSpec(resources=(thing(TEXT),)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("title", "title"), ("class", "class_"), ("metadata", "metadata_"), ("json", "json_"), ("type", "type")],
)
def test_attributes_avoid_what_is_taken(name: str, expected: str) -> None:
    assert attribute(name) == expected


def test_names() -> None:
    assert (parameter("type"), parameter("limit"), parameter("author")) == ("type_", "limit_", "author")
    assert (model_class("order_item"), model_class("table")) == ("OrderItem", "TableRecord")
    assert module_path("app.models.{name}", "class", "classes") == "app.models.class_"
    assert [article(w) for w in ("book", "order item", "user", "hour")] == [
        "a book",
        "an order item",
        "a user",
        "an hour",
    ]


@pytest.mark.parametrize(
    "text", ["plain", 'say "hi"', "it's", "both \"'", "back\\slash", "new\nline", "\u202e", "é", "\U0001f600"]
)
def test_literals_mean_the_text(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text


def test_long_lines_are_broken_and_mean_the_same() -> None:
    line = (
        'found = call(first="a, (b", second=[one, two, three], third=other(deep, "]"), fourth={"key": value}, last=1)\n'
    )
    broken = wrap_lines(line)
    assert max(map(len, broken.splitlines())) <= WIDTH < len(line)
    assert ast.dump(ast.parse(broken)) == ast.dump(ast.parse(line))
    assert wrap_lines(broken) == broken


def test_lines_that_cannot_be_broken_safely_stay() -> None:
    text = f'"""{"word " * 30}"""\n'
    generator = f"total = sum({'x' * 90} for x in items)\n"
    assert wrap_lines(text) == text
    assert ast.dump(ast.parse(wrap_lines(generator))) == ast.dump(ast.parse(generator))


def test_imports_are_merged_and_sorted(tmp_path: Path) -> None:
    statements = [
        "from app.db import Base",
        "import datetime as dt",
        "from fastapi import status",
        "from fastapi import APIRouter",
        "from sqlalchemy import func, select, String",
        "from typing import Any",
        "import app.models",
        "from fastapi import status",
    ]
    assert import_block(statements) == (
        "import datetime as dt\nfrom typing import Any\n\n"
        "from fastapi import APIRouter, status\nfrom sqlalchemy import String, func, select\n\n"
        "import app.models\nfrom app.db import Base\n"
    )


def test_what_others_belong_to_is_not_deleted_softly() -> None:
    soft = BOOK.model_copy(update={"traits": ("soft_delete",)})
    assert refused(soft, REVIEW) == "soft deleted books"
    assert "deleted_at" in "".join(new_app(FeatureSpec(resources=(soft,))).values())


def test_bulk_creation_needs_no_relations() -> None:
    assert refused(BOOK, REVIEW.model_copy(update={"traits": ("bulk",)})) == "reviews in bulk"
