"""The request grammar: English in, a feature spec out; every word understood or quoted."""

import time

import pytest

from agents.blueprints.fields import longest
from agents.blueprints.spec import FeatureSpec, FieldSpec
from agents.contracts import Answer
from agents.errors import Contradiction, NotUnderstood
from agents.offline.grammar import read, read_request
from agents.offline.reading import nearest
from agents.profile import AppProfile, ExistingResource, Login, Route
from agents.profile import Place as P

NEW = AppProfile()
PLACE = P(file="main.py", line=1, name="x")
SHOP = AppProfile(
    exists=True,
    target="main:app",
    layout="single_file",
    resources=(
        ExistingResource(
            name="product",
            plural="products",
            path="/products",
            fields=(
                FieldSpec(name="name", max_length=120),
                FieldSpec(name="price", type="float", gt=0),
                FieldSpec(name="category", required=False),
            ),
        ),
        ExistingResource(name="order", plural="orders", path="/orders", fields=(FieldSpec(name="customer"),)),
    ),
    routes=(
        Route(method="GET", path="/products", handler=PLACE),
        Route(method="POST", path="/products", handler=PLACE),
        Route(method="DELETE", path="/products/{product_id}", handler=PLACE),
        Route(method="GET", path="/orders", handler=PLACE),
        Route(method="POST", path="/orders", handler=PLACE),
    ),
)
LETTER = {"create": "c", "read": "r", "list": "l", "update": "u", "delete": "d"}


def field(spec: FieldSpec) -> str:
    """`year:int? ge=1450` in one line."""
    parts = [f"{spec.name}:{spec.type}{'' if spec.required else '?'}"]
    parts += ["unique"] if spec.unique else []
    for name in ("min_length", "max_length", "ge", "gt", "le", "lt"):
        value = getattr(spec, name)
        parts += [f"{name}={value:g}"] if value is not None else []
    parts += ["|".join(spec.choices)] if spec.choices else []
    parts += [f"default={spec.default}"] if spec.default is not None else []
    return " ".join(parts)


def short(spec: FeatureSpec) -> list[str]:
    """A spec in lines a person can compare."""
    lines = []
    for r in spec.resources:
        parts = [field(f) for f in r.fields]
        for relation in r.relations:
            kind = "<->" if relation.kind == "many_to_many" else ("below" if relation.nested else "->")
            need = "" if relation.kind == "many_to_many" or relation.required else "?"
            parts.append(f"{kind} {relation.target}{need}")
        actions = "" if len(r.actions) == 5 else f" [{''.join(LETTER[a] for a in r.actions)}]"
        lines.append(f"{'+' if r.exists else ''}{r.name}/{r.plural}{actions}: {', '.join(parts)}")
    for item in spec.listings:
        parts = [f"by {' '.join(item.filters)}"] if item.filters else []
        parts += [f"order {'-' if item.descending else ''}{item.order_by}"] if item.order_by else []
        parts += ["pages"] if item.paginated else []
        parts += [f"search {' '.join(item.search)}"] if item.search else []
        lines.append(f"list {item.resource}: {', '.join(parts)}")
    lines += [f"guard {g.resource}: {''.join(LETTER[a] for a in g.actions)}" for g in spec.guards]
    return lines + (["login"] if spec.login else [])


BOOK = "Add books with title, author and year. "
BOOK_LINE = "book/books: title:str, author:str, year:int"
UNDERSTOOD: list[tuple[str, list[str]]] = [
    (
        "Add books with title (str, 1-200 chars), author (str), year (int, optional, >= 1450), isbn (str, unique)",
        ["book/books: title:str min_length=1 max_length=200, author:str, year:int? ge=1450, isbn:str unique"],
    ),
    ("ADD BOOKS WITH TITLE (STR), AUTHOR (STR)", ["book/books: title:str, author:str"]),
    ("Please add a books resource with title and author.", ["book/books: title:str, author:str"]),
    ("Build a REST API for books with title and author", ["book/books: title:str, author:str"]),
    ("We need endpoints for managing products with name and price", ["product/products: name:str, price:decimal"]),
    ("I want to store recipes with title and ingredients", ["recipe/recipes: title:str, ingredients:text"]),
    ("Create a FastAPI backend that stores books with title", ["book/books: title:str"]),
    ("books: title (str, 1-200 chars), author", ["book/books: title:str min_length=1 max_length=200, author:str"]),
    ("books (title, author)", ["book/books: title:str, author:str"]),
    ("Add a book model with title: str and year: int", ["book/books: title:str, year:int"]),
    ("Books have a title, an author and an optional year", ["book/books: title:str, author:str, year:int?"]),
    ("Build a todo API with title and done", ["todo/todos: title:str, done:bool"]),
    ("Build me an API for a library with books (title) and members (email)",
     ["book/books: title:str", "member/members: email:email"]),
    ("Add people with name, children with age, boxes with size and statuses with label",
     ["person/people: name:str", "child/children: age:int", "box/boxes: size:int", "status/statuses: label:str"]),
    ("Add `order items` with \"unit price\" (decimal)", ["order_item/order_items: unit_price:decimal"]),
    ("add categories with name and addresses with street",
     ["category/categories: name:str", "address/addresses: street:str"]),
    ("Create CRUD endpoints for order items with quantity (int, at least 1) and note (text, optional)",
     ["order_item/order_items: quantity:int ge=1, note:text?"]),
    ("Add books with:\n- title (str, 1-200 chars)\n- author (str)\n- year: int, optional",
     ["book/books: title:str min_length=1 max_length=200, author:str, year:int?"]),
    ("# Library\n\n## Books\n- title (str)\n- author (str)\n\n## Rules\n- list books by author\n"
     "- require login to delete books",
     ["book/books: title:str, author:str", "list book: by author", "guard book: d", "login"]),
    # fields
    ("add posts with status: draft, published or archived and title",
     ["post/posts: status:enum draft|published|archived, title:str"]),
    ("add posts with status (one of draft/published, default draft)",
     ["post/posts: status:enum? draft|published default=draft"]),
    ("add posts with status in (draft, published)", ["post/posts: status:enum draft|published"]),
    ("add tasks with title and priority (low, medium or high)",
     ["task/tasks: title:str, priority:enum low|medium|high"]),
    ("add events with name, starts_at, date and a public flag",
     ["event/events: name:str, starts_at:datetime, date:date, public:bool"]),
    ("add products with price (decimal, > 0) and stock (int, >= 0, default 0)",
     ["product/products: price:decimal gt=0, stock:int? ge=0 default=0"]),
    ("add users2 with email (unique), website, token (uuid)",
     ["users2/users2s: email:email unique, website:url, token:uuid"]),
    ("add movies with score (0.5-9.5) and rating 1..5",
     ["movie/movies: score:float ge=0.5 le=9.5, rating:int ge=1 le=5"]),
    ("add movies with rating from one to ten", ["movie/movies: rating:int ge=1 le=10"]),
    ("add movies with rating between 1 and 5 and title of at most 80 characters",
     ["movie/movies: rating:int ge=1 le=5, title:str max_length=80"]),
    ("add books with title (string, mandatory, max 200), pages (positive int), price (non-negative decimal)",
     ["book/books: title:str max_length=200, pages:int gt=0, price:decimal ge=0"]),
    ("add codes with value (exactly 5 characters), label (up to 20 chars) and weight (float, less than 10)",
     ["code/codes: value:str min_length=5 max_length=5, label:str max_length=20, weight:float lt=10"]),
    ("add books with an optional integer year and a required title", ["book/books: year:int?, title:str"]),
    ("Add books with title and year. The title is unique. Year must be at least 1450.",
     ["book/books: title:str unique, year:int ge=1450"]),
    ("Add posts with title and status. Status is one of draft or published. Title and status are required.",
     ["post/posts: title:str, status:enum draft|published"]),
    ("Add books with title. Book titles are unique.", ["book/books: title:str unique"]),
    # relations
    ("Add books with title. Add reviews of books with rating 1-5 and text",
     ["book/books: title:str", "review/reviews: rating:int ge=1 le=5, text:text, below book"]),
    ("Add books with title. Books have many reviews. Reviews have a rating.",
     ["book/books: title:str", "review/reviews: rating:int, below book"]),
    ("Add books with title and reviews with rating. Each review belongs to a book.",
     ["book/books: title:str", "review/reviews: rating:int, below book"]),
    ("Add books with title. A book can have several reviews with rating 1-5 and text",
     ["book/books: title:str", "review/reviews: rating:int ge=1 le=5, text:text, below book"]),
    ("Add books with title. Users can add reviews with rating to books",
     ["book/books: title:str", "review/reviews: rating:int, below book"]),
    ("Add books with title. Add tags to books and filter by tag",
     ["tag/tags: name:str unique min_length=1 max_length=50", "book/books: title:str, <-> tag", "list book: by tag"]),
    ("Add books with title and tags", ["tag/tags: name:str unique min_length=1 max_length=50",
                                       "book/books: title:str, <-> tag"]),
    ("Add books with title. A book has one category. List books by category.",
     ["category/categories: name:str unique min_length=1 max_length=50", "book/books: title:str, -> category",
      "list book: by category_id"]),
    ("Add books with title. Books may belong to a category",
     ["category/categories: name:str unique min_length=1 max_length=50", "book/books: title:str, -> category?"]),
    ("Add authors with name. Add books with title and author",
     ["author/authors: name:str", "book/books: title:str, -> author"]),
    ("Add students with name and courses with title. A student has many courses and a course has many students.",
     ["course/courses: title:str unique", "student/students: name:str, <-> course"]),
    ("Add students with name and courses with title. Students and courses are many-to-many.",
     ["course/courses: title:str unique", "student/students: name:str, <-> course"]),
    # lists
    (BOOK + "List books by author, newest first, paginated",
     [BOOK_LINE, "list book: by author, order -created_at, pages"]),
    (BOOK + "Filter books by author and year", [BOOK_LINE, "list book: by author year"]),
    (BOOK + "Search books by title", [BOOK_LINE, "list book: search title"]),
    (BOOK + "Sort by year descending", [BOOK_LINE, "list book: order -year"]),
    (BOOK + "Oldest first. Paginated.", [BOOK_LINE, "list book: order created_at, pages"]),
    (BOOK + "Let users list books by author with pagination", [BOOK_LINE, "list book: by author, pages"]),
    (BOOK + "Page through books", [BOOK_LINE, "list book: pages"]),
    (BOOK + "Books can be filtered by author and sorted by title", [BOOK_LINE, "list book: by author, order title"]),
    (BOOK + "I need an endpoint to list the newest books first", [BOOK_LINE, "list book: order -created_at"]),
    (BOOK + "Add filtering by year to books and add pagination to the book list",
     [BOOK_LINE, "list book: by year, pages"]),
    (BOOK + "Search books", [BOOK_LINE, "list book: search title author"]),
    # login
    (BOOK + "Require login to create or delete books", [BOOK_LINE, "guard book: cd", "login"]),
    (BOOK + "Only logged-in users can add books", [BOOK_LINE, "guard book: c", "login"]),
    (BOOK + "Protect all writes with JWT", [BOOK_LINE, "guard book: cud", "login"]),
    (BOOK + "Users must sign in to update books", [BOOK_LINE, "guard book: u", "login"]),
    (BOOK + "Creating, updating and deleting books requires authentication", [BOOK_LINE, "guard book: cud", "login"]),
    (BOOK + "Everyone can list books but deleting books needs a token", [BOOK_LINE, "guard book: d", "login"]),
    ("Add books with title and author, list them by author and require login to delete them",
     ["book/books: title:str, author:str", "list book: by author", "guard book: d", "login"]),
    ("Add user registration and login with JWT", ["login"]),
    ("Add books with title and with login", ["book/books: title:str", "guard book: cud", "login"]),
    # actions
    ("Add read-only books with title", ["book/books [rl]: title:str"]),
    (BOOK + "Books are read-only", [BOOK_LINE.replace(":", " [rl]:", 1)]),
    ("Add books with title, no delete", ["book/books [crlu]: title:str"]),
    ("Add books with title without deleting or updating", ["book/books [crl]: title:str"]),
    ("Add logs with message, only create and list", ["log/logs [cl]: message:text"]),
    ("Add logs with message. Logs cannot be updated or deleted.", ["log/logs [crl]: message:text"]),
    ("List and create books with title", ["book/books [cl]: title:str"]),
    ("Add a health check", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), UNDERSTOOD, ids=[t[:60] for t, _ in UNDERSTOOD])
def test_requests_are_understood(text: str, expected: list[str]) -> None:
    assert short(read_request(text, NEW)) == expected


IN_THE_SHOP: list[tuple[str, list[str]]] = [
    ("add tags to products and filter by tag",
     ["tag/tags: name:str unique min_length=1 max_length=50", "+product/products [cld]: <-> tag",
      "list product: by tag"]),
    ("let users list products by category with pagination", ["list product: by category, pages"]),
    ("add reviews of products with rating 1-5 and text",
     ["review/reviews: rating:int ge=1 le=5, text:text, below product"]),
    ("add a `published` flag (bool, default false) to products",
     ["+product/products [cld]: published:bool? default=false"]),
    ("add weight to products (decimal, > 0)", ["+product/products [cld]: weight:decimal? gt=0"]),
    ("add a colour (str, required) to products", ["+product/products [cld]: colour:str"]),
    ("products belong to a department",
     ["department/departments: name:str unique min_length=1 max_length=100",
      "+product/products [cld]: -> department?"]),
    ("protect all writes with JWT", ["guard product: cd", "guard order: c", "login"]),
    ("require login to create orders", ["guard order: c", "login"]),
    ("search products by name, newest first", ["list product: order -created_at, search name"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), IN_THE_SHOP, ids=[t for t, _ in IN_THE_SHOP])
def test_an_existing_application_is_extended(text: str, expected: list[str]) -> None:
    assert short(read_request(text, SHOP)) == expected


NOT_UNDERSTOOD: list[tuple[str, str]] = [
    ("Add books with title and email notifications", "email notifications"),
    ("Add books with title and a picture upload", "a picture upload"),
    ("make it fast", "make it fast"),
    ("Send an email when a book is created", "Send an email when a book is created"),
    ("Add books with title. Users can only delete their own books", "Users can only delete their own books"),
    ("Add books with title. Only editors can delete books", "Only editors can delete books"),
    ("Add books with title in PostgreSQL", "title in PostgreSQL"),
    ("Add a GraphQL API for books", "Add a GraphQL API for books"),
    ("Add books with title (str, encrypted) and author", "title (str, encrypted)"),
    ("Add books with title. Books should be cached for five minutes", "books should be cached for five minutes"),
    ("Rate limit the API to 100 requests per fortnight", "Rate limit the API to 100 requests per fortnight"),
    ("Login with Google", "Login with Google"),
    ("Add books with cover image", "cover image"),
    (BOOK + "List books published after 2000", "List books published after 2000"),
    ("Add books with title, push notifications", "push notifications"),
    ("Deploy to Kubernetes", "Deploy to Kubernetes"),
    ("import books from CSV", "import books from CSV"),
    ("Add books with year (int, must be in the past)", "year (int, must be in the past)"),
    ("Add books with authors", "authors"),
    ("Add books with title and tags as JSON", "tags as JSON"),
    ("Add books with title; books turn yellow after 30 days", "books turn yellow after 30 days"),
    ("Add login with two-factor authentication", "two-factor authentication"),
    ("Add books with title sorted nicely", "title sorted nicely"),
    (BOOK + "list books 20 per page", "list books 20 per page"),
    (BOOK + "List books by publisher", "List books by publisher"),
    (BOOK + "Search books by year", "Search books by year"),
    (BOOK + "Require login to create cars", "Require login to create cars"),
    ("Add reviews of movies. Title is unique.", "Title is unique"),
    ("filter by tag", "filter by tag"),
    ("Add books with title and metadata", "metadata"),
    ("Add books with id (uuid) and title", "id (uuid)"),
    ("Add users with name. Add login.", "users"),
    ("Add books with status (enum)", "status (enum)"),
    ("Build a library API", "Build a library API"),
    ("Add posts with text. Add comments to posts and photos", "photos"),
    ("Add books with title and nothing else", "nothing else"),
    ("Add books with pages (int, 0.5-9)", "pages (int, 0.5-9)"),
    ("Add books with title. Delete old books", "Delete old books"),
    ("Add books with title or author", "title or author"),
    ("Add books with title. Write a poem", "Write a poem"),
]


@pytest.mark.parametrize(("text", "quote"), NOT_UNDERSTOOD, ids=[t for t, _ in NOT_UNDERSTOOD])
def test_what_is_not_understood_is_quoted(text: str, quote: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        read_request(text, NEW)
    assert caught.value.quote.lower() == quote.lower()
    assert caught.value.nearest


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("Make it nicer", ""),
        ("Remove the body of notes", ""),
        ("Send each author a postcard at midnight", ""),
        ("Add a GraphQL endpoint", ""),
        ("let users reset passwords by SMS", "users can change their password"),
        ("only admin may remove the notes please", "only admins can delete books"),
        ("make notes searchable by the phase of the moon", "search books by title"),
    ],
)
def test_only_what_is_near_is_offered(text: str, offer: str) -> None:
    told = nearest(text)
    assert f'understands: "{offer}"' in told if offer else "docs/offline.md" in told and "nearest" not in told


@pytest.mark.parametrize("profile", [NEW, SHOP])
def test_a_field_that_is_said_to_be_two_things_is_a_contradiction(profile: AppProfile) -> None:
    with pytest.raises(Contradiction, match="name is said to be both str and int"):
        read_request("Add products with name (str) and name (int)", profile)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("add reviews of books with rating", "add reviews of books with rating"),
        ("add name (str, 1-50 chars) to products", "name (str, 1-50 chars)"),
        ("products are read-only", "products are read-only"),
        ("require login to update orders", "require login to update orders"),
        ("add pagination", "add pagination"),
        ("price is unique", "price is unique"),
        ("orders have products", "products"),
        ("remove the price from products", "remove the price from products"),
        ("delete products", "delete products"),
    ],
)
def test_an_existing_application_is_not_bent(text: str, quote: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        read_request(text, SHOP)
    assert caught.value.quote == quote


def test_what_is_there_already_is_no_request() -> None:
    with pytest.raises(NotUnderstood, match="already"):
        read_request("add a category to products", SHOP)


@pytest.mark.parametrize(
    "text",
    [
        "add books with title (required, optional)",
        "add books with rating 5-1",
        "add books with year (int, str)",
        "add books with title. title is optional. title is required.",
        "add books with rating (int, >= 5, < 5)",
        "add posts with status (one of draft/published, default open)",
        "add books with pages (int, 1-10, default 20)",
        "add books with year (int, one of a/b)",
        "add books with title. sort by title. newest first.",
        "add books with title. everyone can delete books. require login to delete books.",
        "add books with title, only create and list. only read and list books.",
        "add books with title. list books by title. books: only create and read",
    ],
)
def test_contradictions_are_shown(text: str) -> None:
    with pytest.raises((Contradiction, NotUnderstood)) as caught:
        read_request(text, NEW)
    assert isinstance(caught.value, Contradiction) or "books: only" in text


def test_saying_the_same_twice_is_fine() -> None:
    spec = read_request("add books with isbn (str, unique, unique, required, required). isbn is unique.", NEW)
    assert short(spec) == ["book/books: isbn:str unique"]


def test_a_new_application_gets_a_health_check_and_an_old_one_only_on_demand() -> None:
    assert read_request("add books with title", NEW).health
    assert not read_request("add books with title", SHOP).health
    assert read_request("add a health check", SHOP).health


def test_a_login_that_is_there_is_used() -> None:
    profile = SHOP.model_copy(update={"login": Login(current_user=None, token_path="/token")})
    spec = read_request("require login to create orders", profile)
    assert (short(spec), spec.login) == (["guard order: c"], False)


def test_types_taken_from_names_are_assumptions() -> None:
    reading = read("add products with name (str), price and created_by", NEW)
    assert [f.assumed_type for f in reading.spec.resources[0].fields] == [False, True, True]
    assert reading.assumptions == ("Types of products taken from the names: price is decimal, created_by is str.",)


def test_a_resource_without_fields_is_a_question_with_a_default() -> None:
    reading = read("Add books. Add movies.", NEW)
    assert [(q.id, q.text) for q in reading.questions] == [
        ("Q1", "What fields do books have?"),
        ("Q2", "What fields do movies have?"),
    ]
    assert short(reading.spec)[0] == "book/books: name:str min_length=1 max_length=200"


def test_answers_are_read_with_the_same_grammar() -> None:
    answers = [Answer(question="Q1", text="title (str, 1-80 chars) and an optional year")]
    reading = read("Add books", NEW, answers)
    assert short(reading.spec) == ["book/books: title:str min_length=1 max_length=80, year:int?"]
    assert reading.questions == ()
    with pytest.raises(NotUnderstood):
        read("Add books", NEW, [Answer(question="What fields do books have?", text="whatever you like, really")])


def test_login_without_a_purpose_is_a_question() -> None:
    text = "Add books with title and with login"
    assert [q.default for q in read(text, NEW).questions] == ["creating, updating and deleting books"]
    assert short(read(text, NEW, [Answer(question="Q1", text="deleting books")]).spec)[1] == "guard book: d"
    assert short(read(text, NEW, [Answer(question="Q1", text="none")]).spec) == ["book/books: title:str", "login"]


@pytest.mark.parametrize(
    ("text", "parts", "admin"),
    [
        ("with refresh tokens", ("refresh",), ""),
        ("support refresh tokens with rotation and revocation", ("refresh",), ""),
        ("users can log out", ("refresh",), ""),
        ("users can change their password", ("password",), ""),
        ("add a password change endpoint", ("password",), ""),
        ("users can reset a forgotten password by e-mail", ("password", "reset"), ""),
        ("add password reset by email", ("password", "reset"), ""),
        ("add roles", ("roles",), ""),
        ("with user and admin roles", ("roles",), ""),
        ("only admins can delete books", ("roles",), "d"),
        ("deleting books requires the admin role", ("roles",), "d"),
        ("only administrators may create or update books", ("roles",), "cu"),
        ("add refresh tokens. Users may change passwords", ("refresh", "password"), ""),
    ],
)
def test_more_of_a_login(text: str, parts: tuple[str, ...], admin: str) -> None:
    spec = read_request(f"Add books with title. {text}", NEW)
    assert spec.login and spec.login_parts == parts
    guards = [g for g in spec.guards if g.role == "admin"]
    assert "".join(a[0] for g in guards for a in g.actions) == admin


@pytest.mark.parametrize(
    "text",
    [
        "Users see only their own books",
        "each user can only see their own books",
        "every user manages their own books",
        "users can read, update and delete their own books",
        "books belong to a user",
        "each book belongs to the user who created it",
        "books are private",
        "books are private to their owner",
        "books are owned by users",
        "only the owner can see a book",
    ],
)
def test_private_resources(text: str) -> None:
    spec = read_request(f"Add books with title. {text}", NEW)
    assert [r.owned for r in spec.resources] == [True] and spec.login
    assert [(g.resource, set(g.actions)) for g in spec.guards] == [
        ("book", {"create", "read", "list", "update", "delete"})
    ]


def test_what_is_there_gets_no_owner() -> None:
    with pytest.raises(NotUnderstood, match="no owner"):
        read_request("Users see only their own products", SHOP)


def test_what_admins_may_is_not_open_to_others() -> None:
    text = "Add books with title. Require login to create or delete books. Only admins can delete books"
    found = [(g.role, g.actions) for g in read_request(text, NEW).guards]
    assert found == [("", ("create",)), ("admin", ("delete",))]
    with pytest.raises(Contradiction):
        read_request("Add books with title. Only admins can delete books. Anyone can delete books", NEW)


def test_a_login_that_is_there_is_not_changed() -> None:
    with_login = SHOP.model_copy(update={"login": Login(current_user=PLACE, token_path="/token")})
    with pytest.raises(NotUnderstood, match="refresh tokens"):
        read_request("Add refresh tokens", with_login)


def test_there_are_at_most_three_questions() -> None:
    assert len(read("Add books, movies, songs, plays and games", NEW).questions) == 3


@pytest.mark.parametrize(
    "text",
    [
        "a " * 5000,
        "add books with " + "x, " * 400,
        "add " * 700,
        "(" * 2000,
        "list books by " + "a and " * 300,
        '"' * 999,
    ],
)
def test_hostile_text_is_refused_quickly(text: str) -> None:
    start = time.monotonic()
    with pytest.raises((NotUnderstood, Contradiction)):
        read_request(text, NEW)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("text", "trait"),
    [
        ("Books are soft deleted", "soft_delete"),
        ("Soft delete books", "soft_delete"),
        ("Use soft deletion for books", "soft_delete"),
        ("Deleted books are kept in the database", "soft_delete"),
        ("Use optimistic locking for books", "versioned"),
        ("Books have optimistic locking", "versioned"),
        ("Books are protected against lost updates", "versioned"),
        ("Books can be created in bulk", "bulk"),
        ("Create books in bulk", "bulk"),
        ("Add bulk creation of books", "bulk"),
    ],
)
def test_traits(text: str, trait: str) -> None:
    spec = read_request(f"Add books with title. {text}.", AppProfile())
    assert [r.traits for r in spec.resources] == [(trait,)]


@pytest.mark.parametrize("how", ["with cursor pagination", "paginated by cursor", "cursor-based pagination"])
def test_pages_by_cursor(how: str) -> None:
    spec = read_request(f"Add books with title. List books newest first, {how}.", AppProfile())
    (listing,) = spec.listings
    assert (listing.cursor, listing.paginated, listing.descending) == (True, False, True)


def test_traits_are_for_new_resources() -> None:
    with pytest.raises(NotUnderstood, match="new resources"):
        read_request("Products are soft deleted", SHOP)


@pytest.mark.parametrize(
    ("login", "told"),
    [
        ("Require login to create or delete books.", True),
        ("Require login to create, update and delete books.", False),
        ("Require login to create or delete books. Anyone can update books.", False),
        ("Only logged in users may see books.", False),
    ],
)
def test_what_a_half_guarded_resource_leaves_open_is_told(login: str, told: bool) -> None:
    assumptions = read(f"Add books with title (str). {login}", AppProfile()).assumptions
    assert ("To update books needs no login, as the request asks for it elsewhere only." in assumptions) is told


def test_a_text_with_a_high_least_length_has_room_above_it() -> None:
    field = read_request("Add notes with body (str, at least 300 chars).", AppProfile()).resources[0].fields[0]
    assert (field.min_length, longest(field)) == (300, 600)
