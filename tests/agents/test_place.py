import ast
import difflib
import re
from functools import cache
from pathlib import Path

import pytest

from agents.blueprints.fragments import Style
from agents.blueprints.new_app import NEW_APP_STYLE, new_app
from agents.blueprints.place import place
from agents.blueprints.place_files import new_migration
from agents.blueprints.place_readme import new_readme
from agents.blueprints.spec import (
    Action,
    BlockSpec,
    FeatureSpec,
    FieldSpec,
    GuardSpec,
    ListingSpec,
    Relation,
    ResourceSpec,
)
from agents.desk import MemoryDesk
from agents.errors import NotUnderstood
from agents.profile import AppProfile
from agents.profile_reader import read_profile

ROOT = Path(__file__).resolve().parents[2]


def folder(path: str) -> dict[str, str]:
    root = ROOT / path
    return {
        p.relative_to(root).as_posix(): p.read_text() for p in root.rglob("*") if p.suffix in (".py", ".txt", ".md")
    }


SHOP = folder("examples/shop")
LIBRARY = folder("tests/agents/apps/library")


def resource(name: str, *fields: FieldSpec, relations: tuple[Relation, ...] = (), exists: bool = False) -> ResourceSpec:
    return ResourceSpec(name=name, plural=f"{name}s", fields=fields, relations=relations, exists=exists)


NAME = FieldSpec(name="name", unique=True, max_length=50)


def reviews(of: str) -> FeatureSpec:
    parent = (Relation(kind="many_to_one", target=of),)
    rating, text = FieldSpec(name="rating", type="int", ge=1, le=5), FieldSpec(name="text", type="text")
    return FeatureSpec(resources=(resource("review", rating, text, relations=parent),))


def tags(of: str) -> FeatureSpec:
    links = (Relation(kind="many_to_many", target="tag", nested=False),)
    return FeatureSpec(
        resources=(resource("tag", NAME), resource(of, relations=links, exists=True)),
        listings=(ListingSpec(resource=of, filters=("tag",)),),
    )


def field(of: str, *fields: FieldSpec) -> FeatureSpec:
    return FeatureSpec(resources=(resource(of, *fields, exists=True),))


def guard(of: str, *actions: Action) -> FeatureSpec:
    return FeatureSpec(guards=(GuardSpec(resource=of, actions=actions),), login=True)


def listing(of: str, **how: object) -> FeatureSpec:
    return FeatureSpec(listings=(ListingSpec.model_validate({"resource": of, **how}),))


PUBLISHERS = FeatureSpec(
    resources=(
        resource("publisher", NAME),
        resource("book", relations=(Relation(kind="many_to_one", target="publisher", required=False, nested=False),),
                 exists=True),
    )
)  # fmt: skip


def placed(files: dict[str, str], *specs: FeatureSpec) -> dict[str, str]:
    """The files after the features were placed one after the other; every Python file parses."""
    for spec in specs:
        desk = MemoryDesk(files)
        changes = place(spec, read_profile(desk), desk)
        assert None not in changes.values()
        files = files | {path: text for path, text in changes.items() if text is not None}
    for path, text in files.items():
        if path.endswith(".py"):
            ast.parse(text)
    return files


def profile(files: dict[str, str]) -> AppProfile:
    return read_profile(MemoryDesk(files))


def removed(before: str, after: str) -> list[str]:
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    return [line[1:] for line in lines if line.startswith("-") and line != "-"]


def routes(files: dict[str, str]) -> set[tuple[str, str]]:
    return {(r.method, r.path) for r in profile(files).routes}


SHOP_REQUESTS = {
    "reviews": reviews("product"),
    "list": listing("product", filters=["category"], order_by="created_at", descending=True, paginated=True),
    "tags": tags("product"),
    "flag": field("product", FieldSpec(name="discontinued", type="bool", required=False, default="false")),
    "login": guard("product", "create", "delete"),
    "suppliers": FeatureSpec(resources=(resource("supplier", NAME, FieldSpec(name="email", type="email")),)),
}


@cache
def shop_after(request_name: str) -> dict[str, str]:
    return placed(SHOP, SHOP_REQUESTS[request_name])


@pytest.mark.parametrize("request_name", SHOP_REQUESTS)
def test_a_single_file_app_stays_one_file(request_name: str) -> None:
    after = shop_after(request_name)
    changed = {path for path in after if SHOP.get(path) != after[path]}
    assert changed <= {"main.py", "requirements.txt"}
    assert routes(SHOP) <= routes(after)


@pytest.mark.parametrize(
    ("request_name", "allowed"),
    [
        ("reviews", r"(from|import) |$^"),
        ("suppliers", r"(from|import) |$^"),
        ("list", r"from fastapi|def list_products|    return db\.query\(Product\)\.all\(\)"),
        ("flag", r"from sqlalchemy import|    pass"),
        (
            "tags",
            r"from |    pass|def list_products|    return db\.query|    product = Product\(|    for key, value in",
        ),
        ("login", r"from |@app\.(post|delete)\(\"/products"),
    ],
)
def test_only_the_lines_that_must_change_do(request_name: str, allowed: str) -> None:
    lines = removed(SHOP["main.py"], shop_after(request_name)["main.py"])
    assert [line for line in lines if not re.match(allowed, line)] == []


def test_all_requests_one_after_the_other() -> None:
    after = placed(shop_after("reviews"), *(spec for name, spec in SHOP_REQUESTS.items() if name != "reviews"))
    result = profile(after)
    assert (result.layout, result.target) == ("single_file", "main:app")
    product = result.resource("product")
    assert product and product.guarded == ("create", "delete")
    assert {f.name for f in product.fields} >= {"name", "price", "discontinued"}
    assert [(r.kind, r.target) for r in product.relations] == [("many_to_many", "tag")]
    assert result.login and result.login.token_path == "/auth/token"
    assert routes(after) >= {
        ("POST", "/products/{product_id}/reviews"),
        ("GET", "/tags"),
        ("DELETE", "/suppliers/{supplier_id}"),
    }
    assert after["main.py"].count("def in_utc(") == 1


def test_models_are_made_before_the_tables_are() -> None:
    main = shop_after("reviews")["main.py"]
    assert main.index("class Review(Base)") < main.index("Base.metadata.create_all")
    assert main.index("class ReviewRead(") < main.index("app = FastAPI(")
    assert main.index("def delete_review(") < main.index('if __name__ == "__main__"')


def test_login_brings_its_packages_once() -> None:
    after = placed(SHOP, guard("product", "create"), guard("order", "create"))
    added = removed(after["requirements.txt"], SHOP["requirements.txt"])
    assert [re.split(r"[\[>=]", line)[0] for line in added] == [
        "email-validator",
        "pwdlib",
        "pyjwt",
        "python-multipart",
    ]
    assert after["requirements.txt"].startswith(SHOP["requirements.txt"])
    order = profile(after).resource("order")
    assert order and order.guarded == ("create",)


def test_a_package_gets_new_router_modules_beside_the_old() -> None:
    after = placed(LIBRARY, tags("book"), PUBLISHERS, reviews("book"))
    new = set(after) - set(LIBRARY)
    assert new == {f"api/routers/{name}.py" for name in ("tags", "publishers", "reviews")}
    assert "app.include_router(tags.router, prefix=settings.api_prefix)" in after["api/main.py"]
    assert "from .routers import authors, books, publishers, reviews, tags, users" in after["api/main.py"]
    assert "from ..models import Tag" in after["api/routers/tags.py"]
    assert routes(after) >= {
        ("POST", "/api/v1/books/{book_id}/reviews"), ("GET", "/api/v1/reviews/{review_id}"), ("GET", "/api/v1/tags"),
        ("DELETE", "/api/v1/publishers/{publisher_id}"),
    }  # fmt: skip
    assert removed(LIBRARY["api/main.py"], after["api/main.py"]) == ["from .routers import authors, books, users"]


def test_filters_are_passed_from_the_route_to_the_query() -> None:
    after = placed(LIBRARY, listing("book", filters=["author", "pages"], search=["title"], order_by="title"))
    assert "crud.list_books(session, author_id=author_id, pages=pages, q=q)" in after["api/routers/books.py"]
    crud = after["api/crud.py"]
    assert "models.Book.author_id == author_id" in crud
    assert "models.Book.title.icontains(q, autoescape=True)" in crud
    assert "order_by(models.Book.title, models.Book.id)" in crud
    assert removed(LIBRARY["api/crud.py"], crud) == [
        "def list_books(session: Session) -> list[models.Book]:",
        "    return list(session.scalars(select(models.Book)))",
    ]


@pytest.mark.parametrize(
    ("column", "bounds"),
    [
        ("Column(Numeric(10, 3))", "max_digits=10, decimal_places=3"),
        ("Column(Numeric(precision=9, asdecimal=True), index=True)", "max_digits=9, decimal_places=0"),
        ("Column(Numeric)", ""),
    ],
)
def test_a_filter_by_a_decimal_is_held_to_the_digits_of_its_column(column: str, bounds: str) -> None:
    main = SHOP["main.py"].replace("price = Column(Float, nullable=False)", f"price = {column}")
    main = main.replace("import Column,", "import Column, Numeric,").replace("price: float", "price: Decimal")
    main = main.replace("from datetime import", "from decimal import Decimal\nfrom datetime import", 1)
    files = {**SHOP, "main.py": main.replace("Optional[float]", "Optional[Decimal]")}
    assert f"price = {column}" in files["main.py"]
    after = placed(files, listing("product", filters=["price"]))["main.py"]
    wanted = f"price: Optional[Decimal] = Query(None, {bounds})" if bounds else "price: Optional[Decimal] = None"
    assert wanted in after


def test_an_existing_login_is_used() -> None:
    after = placed(LIBRARY, guard("author", "create"), reviews("book").model_copy(
        update={"guards": (GuardSpec(resource="review", actions=("create",)),)}))  # fmt: skip
    assert set(after) - set(LIBRARY) == {"api/routers/reviews.py"}
    result = profile(after)
    assert result.login and result.login.current_user and result.login.current_user.name == "get_current_user"
    author, review = result.resource("author"), result.resource("review")
    assert author and author.guarded == ("create",)
    assert review and review.guarded == ("create",)


def test_an_optional_parent_is_checked_and_filtered() -> None:
    after = placed(LIBRARY, PUBLISHERS)
    book = profile(after).resource("book")
    assert book and ("publisher", False) in [(r.target, r.required) for r in book.relations]
    router = after["api/routers/books.py"]
    assert "session.get(Publisher, data.publisher_id) is None" in router
    assert "publisher_id=publisher_id" in router


BOOKS = FeatureSpec(
    resources=(
        resource("book", FieldSpec(name="title", max_length=200), FieldSpec(name="isbn", unique=True)),
        *reviews("book").resources,
    ),
    guards=(GuardSpec(resource="book", actions=("create",)),),
    login=True,
    health=True,
)


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return new_app(BOOKS)


@pytest.fixture(scope="module")
def extended(generated: dict[str, str]) -> dict[str, str]:
    return placed(generated, tags("book"), PUBLISHERS, listing("book", search=["title"]))


def endpoint_rows(files: dict[str, str]) -> list[str]:
    return [line for line in files["README.md"].splitlines() if line.startswith(("| GET", "| P", "| DELETE"))]


def test_the_endpoint_table_of_our_own_application_grows(generated: dict[str, str], extended: dict[str, str]) -> None:
    before, after = endpoint_rows(generated), endpoint_rows(extended)
    assert after[: len(before)] == before
    assert "| POST | `/tags` | create a tag |" in after and "| GET | `/publishers` | list publishers |" in after
    paths = {path for _, path in routes(extended)} - {"/docs", "/openapi.json"}
    assert {row.split("`")[1] for row in after} == paths
    assert len(after) == len(set(after))
    assert len(removed(extended["README.md"], generated["README.md"])) == len(after) - len(before)


def test_the_endpoint_table_says_what_needs_a_login_now(generated: dict[str, str]) -> None:
    desk = MemoryDesk(generated)
    changes = place(guard("review", "list", "delete"), read_profile(desk), desk)
    rows = endpoint_rows({"README.md": str(changes["README.md"])})
    assert "| GET | `/books/{book_id}/reviews` | list reviews (login needed) |" in rows
    assert "| DELETE | `/reviews/{review_id}` | delete a review (login needed) |" in rows
    assert "| POST | `/books/{book_id}/reviews` | create a review |" in rows


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("## Endpoints", "## Routes"),
        ("| method | path | purpose |", "| verb | path | purpose |"),
        ("`/health` |", "`/up` |"),
    ],
)
def test_a_readme_that_is_not_ours_is_left_alone(generated: dict[str, str], old: str, new: str) -> None:
    assert old in generated["README.md"]
    supplier = FeatureSpec(resources=(resource("supplier", NAME),))
    ours, other = (
        MemoryDesk({"README.md": t}) for t in (generated["README.md"], generated["README.md"].replace(old, new))
    )
    assert "/suppliers" in new_readme(ours, supplier, NEW_APP_STYLE, login=False)["README.md"]
    assert new_readme(other, supplier, NEW_APP_STYLE, login=False) == {}


def test_our_own_application_can_be_extended(extended: dict[str, str]) -> None:
    after = extended
    assert {"app/models/tag.py", "app/schemas/tag.py", "app/repositories/tag.py", "app/routers/tag.py"} <= set(after)
    assert "app.include_router(tag.router)" in after["app/main.py"]
    assert '"Publisher", "Review", "Tag", "User"' in after["app/models/__init__.py"]
    assert "await self._session.get" not in after["app/routers/book.py"]
    assert routes(after) >= {("GET", "/tags/{tag_id}"), ("POST", "/publishers")}
    assert "repository.find(tag=tag, publisher_id=publisher_id, q=q)" in after["app/routers/book.py"]


def test_migrations_are_chained(generated: dict[str, str], extended: dict[str, str]) -> None:
    after = extended
    new = sorted(path for path in after if path.startswith("alembic/versions/") and path not in generated)
    assert len(new) == 2
    assert 'revision: str = "0002"' in after[new[0]] and 'down_revision: str | None = "0001"' in after[new[0]]
    assert 'down_revision: str | None = "0002"' in after[new[1]]
    assert '"book_tags"' in after[new[0]]
    assert "publisher_id" in after[new[1]]


def test_two_heads_are_refused() -> None:
    versions = {f"v/{n}.py": f'revision = "{n}"\ndown_revision = None\n' for n in ("a", "b")}
    with pytest.raises(NotUnderstood, match="2 heads"):
        new_migration(MemoryDesk(versions), "v", reviews("book"), Style(), users=False)


BARE = {
    "main.py": 'from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get("/")\ndef index():\n    return {}\n',
    "requirements.txt": "fastapi\nuvicorn",
}


def test_an_application_without_a_database_gets_one() -> None:
    after = placed(BARE, FeatureSpec(resources=(resource("book", NAME),)))
    result = profile(after)
    assert result.database == "sqlalchemy_sync"
    assert ("POST", "/books") in routes(after)
    assert after["requirements.txt"] == "fastapi\nuvicorn\nsqlalchemy>=2.0\n"
    assert after["main.py"].index("class Book(Base)") < after["main.py"].index("Base.metadata.create_all(engine)")


MADE = """\
from fastapi import FastAPI


def create_app(debug: bool = False) -> FastAPI:
    # quiet in production
    {body}
"""
ENDS = '    app.include_router(tags.router)\n\n    @app.get("/health", tags=["health"])\n'
SHAPES = {
    'return FastAPI(title="x")  # kept': 'def create_app(debug: bool = False) -> FastAPI:\n    # quiet in production\n'
    '    app = FastAPI(title="x")  # kept\n    add_etags(app)\n',
    "if debug:\n        return FastAPI(debug=True)\n\n    return FastAPI(\n        title='x',  # kept\n    )":
    "    # quiet in production\n    if debug:\n        app = FastAPI(debug=True)\n    else:\n        app = FastAPI(\n"
    "            title='x',  # kept\n        )\n    add_etags(app)\n",
    "if debug:\n        return FastAPI(debug=True)\n    elif debug is None:\n        return FastAPI()\n    else:\n"
    "        return FastAPI(title='x')":
    "    elif debug is None:\n        app = FastAPI()\n    else:\n        app = FastAPI(title='x')\n"
    "    add_etags(app)\n",
}  # fmt: skip
IN_FACTORY = FeatureSpec(resources=(resource("tag", NAME),), health=True, blocks=(BlockSpec(name="etag"),))


@pytest.mark.parametrize("body", SHAPES)
def test_an_application_that_is_returned_gets_a_name_where_something_is_added(body: str) -> None:
    files = placed({"app/__init__.py": "", "app/main.py": MADE.format(body=body)}, IN_FACTORY)
    main = files["app/main.py"]
    assert SHAPES[body] in main and ENDS in main and main.endswith('    return {"status": "ok"}\n\n    return app\n'), (
        main
    )
    assert {("POST", "/tags"), ("GET", "/health")} <= routes(files)
    more = placed(files, FeatureSpec(resources=(resource("shelf", NAME),)))["app/main.py"]
    assert "    app.include_router(tags.router)\n    app.include_router(shelfs.router)\n" in more


def test_a_factory_on_one_line_is_unfolded() -> None:
    made = "from fastapi import FastAPI\n\n\ndef create_app() -> FastAPI: return FastAPI()\n"
    main = placed({"app/__init__.py": "", "app/main.py": made}, IN_FACTORY)["app/main.py"]
    assert "def create_app() -> FastAPI:\n    app = FastAPI()\n    add_etags(app)\n" in main and ENDS in main


@pytest.mark.parametrize(
    "body",
    [
        "try:\n        return FastAPI()\n    except ValueError:\n        return FastAPI(debug=True)",
        "if debug:\n        return FastAPI()\n    return make()",
        "for _ in range(3):\n        if debug:\n            return FastAPI()\n    return FastAPI()",
    ],
)
def test_a_factory_with_ways_out_that_have_no_one_end_is_refused(body: str) -> None:
    with pytest.raises(NotUnderstood, match=r"app/main\.py:4: .*return"):
        placed({"app/__init__.py": "", "app/main.py": MADE.format(body=body)}, IN_FACTORY)


def explicit(files: dict[str, str]) -> dict[str, str]:
    """The shop with handlers that name every field."""
    main = files["main.py"]
    main = main.replace("Product(**data.model_dump())", "Product(name=data.name, price=data.price)")
    loop = "    for key, value in data.model_dump(exclude_unset=True).items():\n        setattr(product, key, value)\n"
    assert loop in main
    main = main.replace(loop, "    if data.name is not None:\n        product.name = data.name\n")
    answer = "    p = find_product(product_id, db)\n    return ProductOut(id=p.id, name=p.name)\n"
    main = main.replace("    return find_product(product_id, db)\n", answer)
    return files | {"main.py": main}


def test_handlers_that_name_every_field_name_the_new_one() -> None:
    spec = field("product", FieldSpec(name="weight", type="float", required=False, ge=0))
    main = placed(explicit(SHOP), spec)["main.py"]
    assert "Product(name=data.name, price=data.price, weight=data.weight)" in main
    assert "    if data.weight is not None:\n        product.weight = data.weight\n" in main
    assert "ProductOut(id=p.id, name=p.name, weight=p.weight)" in main


def test_a_taken_unique_value_becomes_a_conflict() -> None:
    sku = FieldSpec(name="sku", unique=True, required=False)
    main = placed(SHOP, field("product", sku))["main.py"]
    assert main.count("except IntegrityError as error:") == 2
    assert main.count('detail="A product with this sku already exists"') == 2
    assert removed(SHOP["main.py"], main) == ["    db.commit()", "    db.commit()"]


def test_a_required_field_is_optional_for_old_rows() -> None:
    main = placed(SHOP, field("product", FieldSpec(name="weight", type="float", gt=0)))["main.py"]
    assert "weight = Column(Float)" in main
    assert re.search(r"class ProductCreate\(ProductBase\):\n    weight: float = Field\(gt=0", main)
    assert re.search(r"class ProductOut.*?    weight: Optional\[float\]", main, re.S)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (listing("product", filters=["colour"]), r"main\.py:\d+: Product has no column colour"),
        (field("product", FieldSpec(name="price", type="float")), r"main\.py:\d+: Product has `price` already"),
        (guard("order", "delete"), r"/orders has no route to delete orders"),
        (reviews("customer"), "No resource of that name"),
        (FeatureSpec(resources=(resource("product", NAME),)), "/products is served already"),
        (listing("supplier", paginated=True), "it has: orders, products"),
    ],
)
def test_what_cannot_be_placed_is_named(spec: FeatureSpec, said: str) -> None:
    with pytest.raises(NotUnderstood, match=said):
        placed(SHOP, spec)


def test_a_name_that_is_taken_is_refused() -> None:
    taken = {"main.py": SHOP["main.py"].replace("def find_product", "class Review: ...\n\n\ndef find_product")}
    with pytest.raises(NotUnderstood, match=r"main\.py:\d+: `Review` is something else"):
        placed(SHOP | taken, reviews("product"))


def test_another_way_to_store_data_is_refused() -> None:
    main = "from fastapi import FastAPI\nfrom sqlmodel import SQLModel\n\napp = FastAPI()\n"
    with pytest.raises(NotUnderstood, match="SQLAlchemy"):
        placed({"main.py": main}, reviews("product"))
