"""Specifications that together use everything the blueprints can render."""

from agents.blueprints.spec import ALL_ACTIONS, FeatureSpec, FieldSpec, GuardSpec, ListingSpec, Relation, ResourceSpec

BOOK = ResourceSpec(
    name="book",
    plural="books",
    fields=(
        FieldSpec(name="title", min_length=1, max_length=200),
        FieldSpec(name="author"),
        FieldSpec(name="year", type="int", required=False, ge=1450),
        FieldSpec(name="isbn", unique=True),
    ),
)
TAGGED_BOOK = BOOK.model_copy(update={"relations": (Relation(kind="many_to_many", target="tag"),)})
TAG = ResourceSpec(
    name="tag", plural="tags", fields=(FieldSpec(name="name", unique=True, min_length=1, max_length=50),)
)
REVIEW = ResourceSpec(
    name="review",
    plural="reviews",
    fields=(FieldSpec(name="rating", type="int", ge=1, le=5), FieldSpec(name="text", type="text")),
    relations=(Relation(kind="many_to_one", target="book"),),
)
LIBRARY = FeatureSpec(
    resources=(TAGGED_BOOK, TAG, REVIEW),
    listings=(
        ListingSpec(
            resource="book",
            filters=("author", "tag"),
            order_by="created_at",
            descending=True,
            paginated=True,
            search=("title", "author"),
        ),
    ),
    guards=(GuardSpec(resource="book", actions=("create", "delete")),),
    login=True,
)
"""Books, reviews, tags and login."""

ORDER_ITEM = ResourceSpec(
    name="order_item",
    plural="order_items",
    fields=(
        FieldSpec(name="title"),
        FieldSpec(name="body", type="text", required=False),
        FieldSpec(name="count", type="int", required=False, default="0", ge=0),
        FieldSpec(name="weight", type="float", gt=0, lt=10.5),
        FieldSpec(name="price", type="decimal", ge=0),
        FieldSpec(name="active", type="bool", required=False, default="true"),
        FieldSpec(name="born", type="date", required=False),
        FieldSpec(name="starts", type="datetime"),
        FieldSpec(name="email", type="email", unique=True),
        FieldSpec(name="homepage", type="url", required=False),
        FieldSpec(name="code", type="uuid"),
        FieldSpec(name="status", type="enum", choices=("draft", 'out "now"', "it's"), required=False, default="draft"),
        FieldSpec(name="class", required=False),
        FieldSpec(name="metadata", required=False),
        FieldSpec(name="type", required=False),
        FieldSpec(name="from", type="date", required=False, default="2020-01-02"),
        FieldSpec(name="json", required=False),
        FieldSpec(name="date", type="date", required=False),
        FieldSpec(name="text", type="text", required=False),
        FieldSpec(name="copy", type="bool", required=False, default="no"),
        FieldSpec(name="ref", type="uuid", required=False, default="12345678123456781234567812345678"),
        FieldSpec(name="min_price", type="decimal", required=False, default="1.5"),
        FieldSpec(name="seen", type="datetime", required=False, default="2020-01-02T03:04:05"),
        FieldSpec(name="slug", unique=True, required=False),
        FieldSpec(name="model_year", type="int", required=False),
        FieldSpec(name="data", required=False),
        FieldSpec(name="session", required=False),
        FieldSpec(name="list", required=False),
        FieldSpec(name="q", required=False),
        FieldSpec(name="status_of_the_very_long_delivery_address", required=False),
        FieldSpec(name="id", type="int"),
    ),
    relations=(
        Relation(kind="many_to_one", target="author", nested=False),
        Relation(kind="many_to_one", target="class", nested=False, required=False),
        Relation(kind="many_to_many", target="course"),
    ),
)
_UNFILTERED = {"body", "date", "text", "copy", "ref", "min_price", "seen", "slug", "metadata", "json", "id"}
_FILTERS = tuple(field.name for field in ORDER_ITEM.fields if field.name not in _UNFILTERED)
EVERYTHING = FeatureSpec(
    resources=(
        ORDER_ITEM,
        ResourceSpec(
            name="author",
            plural="authors",
            fields=(FieldSpec(name="name"),),
            actions=("create", "read", "list", "delete"),
        ),
        ResourceSpec(name="class", plural="classes", fields=(FieldSpec(name="name"),)),
        ResourceSpec(
            name="course",
            plural="courses",
            fields=(FieldSpec(name="title", unique=True), FieldSpec(name="credits", type="int", ge=1)),
        ),
        ResourceSpec(
            name="table", plural="tables", fields=(FieldSpec(name="seats", type="int"), FieldSpec(name="metadata"))
        ),
        ResourceSpec(
            name="category",
            plural="categories",
            fields=(FieldSpec(name="name"),),
            relations=(Relation(kind="many_to_one", target="category", nested=False, required=False),),
        ),
        ResourceSpec(
            name="customer_delivery_note",
            plural="customer_delivery_notes",
            fields=(FieldSpec(name="text", type="text"),),
            relations=(
                Relation(kind="many_to_one", target="order_item"),
                Relation(kind="many_to_one", target="author", nested=False),
            ),
        ),
    ),
    listings=(
        ListingSpec(
            resource="order_item",
            filters=(*_FILTERS, "course", "author"),
            order_by="from",
            paginated=True,
        ),
        ListingSpec(
            resource="customer_delivery_note",
            filters=("text",),
            search=("text",),
            order_by="created_at",
            descending=True,
            paginated=True,
        ),
        ListingSpec(resource="author", search=("name",), order_by="name"),
    ),
    guards=(
        GuardSpec(resource="customer_delivery_note", actions=ALL_ACTIONS),
        GuardSpec(resource="author", actions=("delete",)),
    ),
)
"""Every field type, awkward names, self references, keys that cannot be made on the fly, guarded nested lists."""

NOTES = FeatureSpec(
    resources=(ResourceSpec(name="note", plural="notes", fields=(FieldSpec(name="text", type="text"),)),)
)
"""One resource, no login, nothing unique."""

ACCOUNTS = FeatureSpec(
    resources=(REVIEW.model_copy(update={"relations": ()}), TAG),
    guards=(
        GuardSpec(resource="review", actions=("create", "list")),
        GuardSpec(resource="review", actions=("delete",), role="admin"),
        GuardSpec(resource="tag", actions=ALL_ACTIONS, role="admin"),
    ),
    login=True,
    login_parts=("refresh", "password", "roles"),
)
"""Everything a login can have."""

PRIVATE = FeatureSpec(
    resources=(BOOK.model_copy(update={"owned": True, "relations": TAGGED_BOOK.relations}), TAG),
    listings=(ListingSpec(resource="book", filters=("author", "tag"), paginated=True, search=("title",)),),
    guards=(GuardSpec(resource="book", actions=ALL_ACTIONS),),
    login=True,
)
"""Books that nobody but their owner sees."""

ALL = {
    "accounts": ACCOUNTS,
    "private": PRIVATE,
    "reset": FeatureSpec(login=True, login_parts=("password", "reset")),
    "library": LIBRARY,
    "everything": EVERYTHING,
    "notes": NOTES,
    "login only": FeatureSpec(login=True),
    "health only": FeatureSpec(health=True),
}
