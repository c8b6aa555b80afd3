"""Requests that together use every blueprint in several combinations; each is built, tested and held to every gate."""

COMBINATIONS: dict[str, str] = {
    "one resource": "Add notes with text",
    "all types": "Add events with name (str, 1-80 chars), info (text, optional), seats (int, >= 1), share (float), "
    "price (decimal, > 0), open (bool, default true), day (date), starts_at (datetime), contact (email), site (url, "
    "optional), code (uuid, unique) and kind (one of talk/workshop, default talk)",
    "read only": "Add read-only books with title",
    "some actions": "Add logs with message, only create and list",
    "unique": "Add books with title and isbn (str, unique)",
    "nested": "Add books with title. Add reviews of books with rating 1-5 and text",
    "reference": "Add books with title. Books may belong to a category",
    "many to many": "Add books with title. Add tags to books and filter by tag",
    "pages": "Add books with title, author and year. List books by author, newest first, paginated",
    "search": "Add books with title, author and year. Search books by title. Sort by year descending",
    "login": "Add user registration and login with JWT",
    "guarded writes": "Add books with title. Require login to create or delete books",
    "guarded nested": "Add books with title. Add reviews of books with rating 1-5. Protect all writes with JWT",
    "library": "Add books with title (str, 1-200 chars), author (str), year (int, optional, >= 1450) and isbn "
    "(str, unique). Add reviews of books with rating 1-5 and text. Add tags to books and filter by tag. List books by "
    "author, newest first, paginated. Search books by title. Require login to create or delete books",
    "shop": "Add categories with name (str, unique). Add products with name, price (decimal, > 0) and stock (int, "
    ">= 0, default 0). Products belong to a category. Filter products by category. List products by price, paginated",
    "refresh tokens": "Add books with title. Require login to create books. Add refresh tokens",
    "password change": "Add user registration and login with JWT. Users can change their password",
    "roles": "Add books with title. Require login to create books. Only admins can delete books",
    "whole login": "Add notes with text. Only admins can delete notes. Require login to create notes. Add refresh "
    "tokens with rotation and users can change their password",
    "limits and caching": "Add books with title. Limit requests to 50 per minute. Add ETags. Allow CORS for "
    "https://shop.example",
    "uploads": "Add user registration and login with JWT. Users can upload images and PDFs up to 2 MB",
    "uploads for all": "Add notes with text. Add file uploads up to 1 MB",
    "tables": "Add books with title, price (decimal, > 0), day (date, optional) and isbn (str, unique). Export and "
    "import books as CSV. Require login to create or list books",
    "private notes": "Add notes with title (str, unique) and text. Users see only their own notes. List notes "
    "newest first, paginated. Add tags to notes",
    "private and shared": "Add tasks with title, done (bool, default false) and due (date, optional). Each task "
    "belongs to the user who created it. Add categories with name (str, unique). Add refresh tokens",
    "events": "Add books with title. Stream changes of books with server-sent events",
    "channel": "Add books with title. Add a WebSocket channel for books. Require login to create, read, list, update "
    "or delete books",
    "everything live": "Add books with title. Add reviews of books with rating 1-5. Stream changes of reviews with "
    "server-sent events. Add a WebSocket channel for books. Add refresh tokens. Require login to create books",
    "sort and search": "Add authors with name (str, unique). Add books with title, year (int) and author. List books "
    "by year, newest first, paginated. Search authors by name",
    "one of many": "Add customers with name and email (email, unique). Add orders of customers with total (decimal, > "
    "0) and status (one of open/paid/sent, default open). Require login to create or update orders",
    "idempotent orders": "Add orders with title and total (decimal, > 0). Accept idempotency keys. Require login to "
    "create orders",
    "webhooks": "Add orders with title. Receive signed webhooks. Require login to create orders",
    "another service": "Add orders with title. Call the external service at https://rates.example with timeouts and "
    "retries. Require login to create orders",
    "background jobs": "Add orders with title. Export orders in the background. Require login to list orders",
    "by the clock": "Add orders with title. Add books with name. Books are soft deleted. Count orders every 2 seconds. "
    "Every night at 03:30, count books. Require login to list orders",
    "told to others": "Add orders with title. Send signed webhooks when orders are created, updated or deleted. "
    "Receive signed webhooks. Require login to create orders",
    "told and soft": "Add orders with title. Orders are soft deleted. Use optimistic locking for orders. Orders can be "
    "created in bulk. Send webhooks for changes of orders",
    "text files": "Users can upload text files up to 1 MB",
    "old logs": "Add logs with message. Add sessions with name. Delete logs after 2 seconds. Delete sessions after 30 "
    "days",
    "password reset": "Add user registration and login with JWT. Users can reset a forgotten password by e-mail",
    "soft deletion": "Add shelves with name. Add books of shelves with title. Books are soft deleted",
    "versions": "Add orders with customer and note (text, optional). Use optimistic locking for orders",
    "bulk": "Add readings with place, value (float) and code (str, unique). Readings can be created in bulk",
    "cursor": "Add posts with title. List posts newest first, with cursor pagination. Filter posts by title",
    "all traits": "Add books with title and isbn (str, unique). Books are soft deleted. Use optimistic locking for "
    "books. Create books in bulk. List books newest first, with cursor pagination. Require login to delete books",
    "private traits": "Add notes with text. Users see only their own notes. Notes are soft deleted. Use optimistic "
    "locking for notes. List notes with cursor pagination",
}
"""Name -> request, in the words of the offline engine."""

CHECKED = (
    "whole login", "private notes", "everything live", "one resource", "all types", "read only", "some actions",
    "unique", "nested", "reference", "many to many", "pages", "search", "shop", "limits and caching",
    "uploads for all", "events", "channel", "sort and search", "one of many", "webhooks", "background jobs",
    "told and soft", "text files", "old logs", "soft deletion", "versions", "bulk", "cursor", "all traits",
)  # fmt: skip
"""What continuous integration builds and tests, without made-up requests and attacks; the script runs all there are."""
