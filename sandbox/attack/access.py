"""Attacks on who may do what: no token, a forged one, somebody else's, and operations that forgot their guard."""

from collections.abc import Iterator

from sandbox.attack.samples import NoSample
from sandbox.attack.script import FORGERIES, Attack, Expect, Step
from sandbox.attack.surface import Collection, Operation, Surface, item_path, plain_path

DENIED = (401, 403)
WEAK_KEYS = ("secret", "changeme", "password", "your-secret-key", "supersecret")
HIDDEN = (401, 403, 404)
NO_TOKENS = {
    "missing": {},
    "empty": {"Authorization": "Bearer "},
    "garbage": {"Authorization": "Bearer not.a.token"},
    "basic": {"Authorization": "Basic YWRtaW46YWRtaW4="},
}


def without_login(surface: Surface) -> Iterator[Attack]:
    """Every guarded operation, asked with no token and with nonsense."""
    for operation in surface.operations:
        if not operation.guarded:
            continue
        for how, headers in NO_TOKENS.items():
            yield Attack(
                id=f"authentication/{operation.name}/{how}",
                operation=operation.name,
                category="authentication",
                title=f"{operation.name} is answered with {'no token' if how == 'missing' else f'a {how} token'}",
                steps=(_asked(operation, headers, Expect(status=DENIED)),),
            )


def with_forgeries(surface: Surface) -> Iterator[Attack]:
    """Every guarded operation, asked with a real token changed in every way of `FORGERIES`."""
    if surface.account is None:
        return
    try:
        login = surface.account.steps("token")
    except NoSample:
        return
    for operation in surface.operations:
        for how, words in FORGERIES.items():
            if not operation.guarded:
                continue
            ways = [f"{how}:{key}" for key in WEAK_KEYS] if how == "weak" else [how]
            asked = [
                _asked(operation, {"Authorization": f"Bearer <<token:{way}>>"}, Expect(status=DENIED)) for way in ways
            ]
            yield Attack(
                id=f"authentication/{operation.name}/{how}",
                operation=operation.name,
                category="authentication",
                title=f"{operation.name} takes a token with {words}",
                steps=(*login, *asked),
            )


def _asked(operation: Operation, headers: dict[str, str], expect: Expect) -> Step:
    try:
        body, query = operation.valid(), operation.required_query()
    except NoSample:
        body, query = None, {}
    return Step(
        method=operation.method, path=plain_path(operation), headers=headers, query=query, json_body=body, expect=expect
    )


def unguarded_siblings(surface: Surface) -> Iterator[Attack]:
    """Operations that change things without a login where others on the same things need one."""
    for collection in surface.collections:
        changing = [o for o in (collection.create, *collection.items.values()) if o.method != "GET"]
        guarded = [o for o in changing if o.guarded]
        for operation in changing:
            if guarded and not operation.guarded:
                expect = Expect(status=(*DENIED, 404) if operation is not collection.create else DENIED)
                yield Attack(
                    id=f"access/{operation.name}/unguarded",
                    operation=operation.name,
                    category="access",
                    title=f"{operation.name} needs no login, {guarded[0].name} does",
                    doubt=True,
                    steps=tuple(_on_item(surface, collection, operation, expect)),
                )


def _on_item(surface: Surface, collection: Collection, operation: Operation, expect: Expect) -> list[Step]:
    """Create an item as somebody who may, then the operation on it without a login."""
    if operation is collection.create:
        return [Step(method="POST", path=operation.path, json_body=_body(operation), expect=expect)]
    try:
        steps, headers = surface.login(collection.create, "owner")
        steps = [*steps, *surface.created(collection, headers)]
    except NoSample:
        steps = []
    path = item_path(operation) if steps else plain_path(operation)
    return [*steps, Step(method=operation.method, path=path, json_body=_body(operation), expect=expect)]


def _body(operation: Operation) -> object:
    try:
        return operation.valid()
    except NoSample:
        return None


def other_users(surface: Surface) -> Iterator[Attack]:
    """Items of somebody else, where lists show that items belong to their owners: met one by one, they are hidden."""
    if surface.account is None:
        return
    for collection in surface.collections:
        listing = collection.listing
        if listing is None or not collection.create.guarded or not listing.guarded:
            continue
        try:
            login, headers = surface.login(collection.create, "owner")
            start = [*login, *surface.created(collection, headers), *surface.account.steps("other")]
        except NoSample:
            continue
        shown = Step(method="GET", path=listing.path, headers=headers, only_if=Expect(with_id="<<item>>"))
        hidden = Step(
            method="GET", path=listing.path, headers=surface.bearer("other"), only_if=Expect(without_id="<<item>>")
        )
        for method, operation in collection.items.items():
            asked = Step(
                method=method, path=item_path(operation), headers=surface.bearer("other"),
                json_body=_body(operation), expect=Expect(status=HIDDEN),
            )  # fmt: skip
            yield Attack(
                id=f"access/{operation.name}/other user",
                operation=operation.name,
                category="access",
                title=f"{operation.name} works on what belongs to another user",
                steps=(*start, shown, hidden, asked),
            )
