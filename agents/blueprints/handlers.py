"""Signatures, decorators and calls of a resource's handlers, as the routes and repository templates need them."""

from dataclasses import dataclass

from agents.blueprints.fields import INT_RANGE
from agents.blueprints.names import literal, sentence, words
from agents.blueprints.relations import Links, Parent, collection_path
from agents.blueprints.spec import Action
from agents.blueprints.view import View

METHODS: dict[Action, str] = {"create": "post", "list": "get", "read": "get", "update": "patch", "delete": "delete"}

ADMIN = "CurrentAdmin"
"""The dependency of a login with roles that lets administrators in."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """Code strings around one resource's handlers."""

    v: View

    @property
    def repo(self) -> bool:
        """Whether queries stand in a repository."""
        return self.v.style.repository_module is not None

    @property
    def session_class(self) -> str:
        return "AsyncSession" if self.v.asynchronous else "Session"

    @property
    def session(self) -> str:
        """Annotation of the session parameter."""
        name = self.v.style.session.name
        return name if self.v.style.session_is_alias else f"Annotated[{self.session_class}, Depends({name})]"

    @property
    def store(self) -> str:
        """The parameter through which a handler reaches the database."""
        return f"repository: {self.v.cls}RepositoryDep" if self.repo else f"session: {self.session}"

    @property
    def save(self) -> str:
        """Session method that ends a write."""
        return "flush" if self.v.style.session_commits else "commit"

    @property
    def needs_max(self) -> bool:
        return "list" in self.v.actions and not self.v.paginated and not self.v.cursor and not self.repo

    @property
    def loads_item(self) -> bool:
        return bool({"read", "update", "delete"} & set(self.v.actions))

    @property
    def router_arguments(self) -> str:
        prefix = "" if self.v.nested else f"prefix={literal(self.v.target.path)}, "
        return f"{prefix}tags=[{literal(words(self.v.plural))}]"

    @property
    def parent_id(self) -> str:
        """Annotation of the parent's id in the path."""
        parent = self.v.nested
        description = f"Id of the {words(parent.target.name)}" if parent else ""
        return f"Annotated[int, Path(description={literal(description)}, {', '.join(INT_RANGE)})]"

    @property
    def order_phrase(self) -> str:
        if any("created_at.desc" in column for column in self.v.order):
            return ", newest first"
        return ", oldest first" if any("created_at" in column for column in self.v.order) else ""

    @property
    def new_arguments(self) -> str:
        """Arguments of the ORM class for a new item."""
        given = "**data.model_dump()"
        if self.v.links:
            given = f"**data.model_dump(exclude={self._link_names})"
        given = f"{given}, {self.v.nested.column}={self.v.nested.column}" if self.v.nested else given
        owner = "owner_id" if self.repo else "user.id"
        return f"{given}, owner_id={owner}" if self.v.owned else given

    @property
    def user(self) -> str:
        """Annotation of the parameter that holds who is logged in."""
        user = self.v.style.current_user
        return user.name if user else ""

    @property
    def dump_changes(self) -> str:
        excluded = f", exclude={self._link_names}" if self.v.links else ""
        return f"exclude_unset=True{excluded}"

    @property
    def _link_names(self) -> str:
        return "{" + ", ".join(literal(link.name) for link in self.v.links) + "}"

    @property
    def _narrowing(self) -> list[tuple[str, str]]:
        """Names and plain annotations of what narrows a list."""
        own = [(f.parameter, f.annotation.removeprefix("Annotated[").partition(", Query(")[0]) for f in self.v.filters]
        return own + ([("q", "str | None")] if self.v.search else [])

    @property
    def _pages(self) -> list[str]:
        """Names of what chooses a page."""
        return ["limit", "offset"] if self.v.paginated else ["after", "limit"] if self.v.cursor else []

    @property
    def find_parameters(self) -> str:
        """Parameters of the repository's `find`, with a leading comma."""
        found = [f"{self.v.nested.column}: int"] if self.v.nested else []
        found += ["owner_id: int"] if self.v.owned else []
        found += ["*"] if self._narrowing or self._pages else []
        found += [f"{name}: {annotation} = None" for name, annotation in self._narrowing]
        found += [f"{name}: int{' | None' if name == 'after' else ''}" for name in self._pages]
        return "".join(f", {part}" for part in found)

    @property
    def find_arguments(self) -> str:
        found = [self.v.nested.column] if self.v.nested else []
        found += ["user.id"] if self.v.owned else []
        names = [name for name, _ in self._narrowing] + self._pages
        return ", ".join([*found, *(f"{name}={name}" for name in names)])

    @property
    def living(self) -> str:
        """Calls on a query that leave out what is below a deleted parent; empty where none is kept."""
        nested = self.v.nested
        if nested is None or not nested.target.soft:
            return ""
        parent = nested.target.model.name
        return f".join({parent}, {self.v.cls}.{nested.column} == {parent}.id).where({parent}.deleted_at.is_(None))"

    def parent_lookup(self, parent: Parent) -> str:
        """Expression that looks for the parent of that id."""
        value = parent.column if parent.nested else f"data.{parent.column}"
        wait = "await " if self.v.asynchronous else ""
        if self.repo:
            return f"{wait}repository.has_{parent.target.name}({value})"
        return f"{wait}session.get({parent.target.model.name}, {value})"

    def parent_missing(self, parent: Parent) -> str:
        """Condition on what was looked for."""
        name = f"known_{parent.target.name}"
        gone = f" or {name}.deleted_at is not None" if parent.target.soft else ""
        return f"not {name}" if self.repo else f"{name} is None{gone}"

    @property
    def bulk_decorator(self) -> str:
        """The route that creates many."""
        made = self.decorator("create").replace(
            f"response_model={self.v.cls}Read", f"response_model=list[{self.v.cls}Read]"
        )
        path = self.path("create")
        return made.replace(f"({literal(path)}", f"({literal(f'{path}/bulk')}", 1)

    @property
    def bulk_parameters(self) -> str:
        """Its parameters."""
        many = f"data: Annotated[list[{self.v.cls}Create], Body(min_length=1, max_length=100)]"
        return self.parameters("create").replace(f"data: {self.v.cls}Create", many)

    def missing_keys(self, link: Links, update: bool) -> str:
        """Expression for the keys that name nothing."""
        wait = "await " if self.v.asynchronous else ""
        return f"{wait}repository.missing_{link.name}(data.{link.name}{' or []' if update else ''})"

    def path(self, action: Action) -> str:
        """Path in the decorator: what the router's prefix leaves."""
        v, full = self.v, self.full_path(action)
        return full if v.nested or v.style.router == "app" else full.removeprefix(v.target.path)

    def full_path(self, action: Action) -> str:
        """Path as a client sees it."""
        v = self.v
        own = collection_path(v.plural, v.style) if v.nested else v.target.path
        below = f"{v.nested.target.path}/{{{v.nested.column}}}/{v.plural.replace('_', '-')}" if v.nested else own
        return below if action in ("create", "list") else f"{own}/{{{v.name}_id}}"

    def decorator(self, action: Action) -> str:
        """The route decorator: path, status, response model, documented errors, guard, tags."""
        v, arguments = self.v, [literal(self.path(action))]
        if action in ("create", "delete"):
            code = "201_CREATED" if action == "create" else "204_NO_CONTENT"
            arguments.append(f"status_code=status.HTTP_{code}")
        if action != "delete":
            shape = f"{v.cls}Page" if v.paginated or v.cursor else f"list[{v.cls}Read]"
            arguments.append(f"response_model={shape if action == 'list' else f'{v.cls}Read'}")
        if v.style.router == "app":
            arguments.append(f"tags=[{literal(words(v.plural))}]")
        user = v.style.current_user
        if action in v.guarded and user and not v.style.user_is_alias:
            arguments.append(f"dependencies=[Depends({user.name})]")
        errors = [f'{code}: {{"description": {literal(text)}}}' for code, text in self._errors(action).items()]
        if errors:
            arguments.append(f"responses={{{', '.join(errors)}}}")
        return f"@{v.style.router_name}.{METHODS[action]}({', '.join(arguments)})"

    def _errors(self, action: Action) -> dict[int, str]:
        v, found = self.v, dict[int, str]()
        if action in v.guarded:
            found[401] = "Not logged in"
        if action in v.admin:
            found[403] = "Not allowed"
        writes = action in ("create", "update")
        missing = [v.name] if action in ("read", "update", "delete") else [v.nested.target.name] if v.nested else []
        missing += [parent.target.name for parent in v.chosen_parents if writes]
        if missing:
            found[404] = f"{sentence(' or '.join(words(name) for name in missing))} not found"
        if writes and v.conflict:
            found[409] = v.conflict
        if action == "update" and v.versioned:
            found[412] = f"{sentence(v.phrase)} was changed by somebody else"
        if action == "list" and v.cursor:
            found[422] = "Unknown cursor"
        if action == "delete" and v.referred:
            found[409] = f"{sentence(v.phrase)} is still in use"
        return found

    def parameters(self, action: Action) -> str:
        """The handler's parameters: login first, so that nothing else is answered without it."""
        v, found = self.v, list[str]()
        user = v.style.current_user
        if action in v.guarded and user and v.style.user_is_alias:
            name = "user" if v.owned and action in ("create", "list") else "_"
            found.append(f"{name}: {ADMIN if action in v.admin else user.name}")
        if action in ("read", "update", "delete"):
            found.append(f"{v.var}: Annotated[{v.cls}, Depends(existing_{v.name})]")
        elif v.nested:
            found.append(f"{v.nested.column}: Annotated[int, Depends({v.name}_parent)]")
        if action in ("create", "update"):
            found.append(f"data: {v.cls}{action.capitalize()}")
        if action != "read":
            found.append(self.store)
        if action == "update" and v.versioned:
            description = literal(f"Version that is changed, in quotes; refused when the {v.phrase} has another by now")
            found.append(f"if_match: Annotated[str | None, Header(description={description})] = None")
        if action == "list":
            found += [f"after: Annotated[int | None, Depends({v.name}_cursor)]"] if v.cursor else []
            found += [f"{f.parameter}: {f.annotation} = None" for f in v.filters]
            found += self._list_parameters()
        return ", ".join(found)

    def _list_parameters(self) -> list[str]:
        found = []
        if self.v.search:
            where = " or ".join(words(name) for name in self.v.search)
            description = literal(f"Text to look for in {where}")
            found.append(f"q: Annotated[str | None, Query(description={description})] = None")
        if self.v.paginated:
            found.append("limit: Annotated[int, Query(ge=1, le=100)] = 20")
            found.append("offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0")
        if self.v.cursor:
            found.append("limit: Annotated[int, Query(ge=1, le=100)] = 20")
        return found
