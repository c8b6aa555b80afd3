"""The builder by rule: a new application from blueprints, or a feature placed into an existing one."""

from agents.blueprints.block_catalog import BLOCKS
from agents.blueprints.blocks import phrase
from agents.blueprints.names import words
from agents.blueprints.new_app import new_app
from agents.blueprints.place import place
from agents.blueprints.place_database import DATABASE_NOTE
from agents.blueprints.spec import FeatureSpec, ListingSpec, ResourceSpec
from agents.clarity import and_
from agents.contracts import Change, FileEdit, Plan
from agents.errors import NotUnderstood
from agents.profile import AppProfile, Source
from agents.profile_reader import read_profile
from agents.roles import Brief
from sandbox.text import counted

_SUBJECT = 72


class OfflineBuilder:
    """Implements `agents.roles.Builder` without a model."""

    async def build(self, brief: Brief, plan: Plan) -> Change:
        """Write the plan's feature through the desk.

        A later round changes nothing: the same rules on the same plan give the same code.

        Raises:
            NotUnderstood: the plan has no machine-readable part, or it cannot be placed with certainty.
        """
        if not plan.spec:
            raise NotUnderstood(
                plan.summary, "The plan has no part the rules can build; set a model for free-form work."
            )
        spec = FeatureSpec.model_validate(plan.spec)
        profile = read_profile(brief.desk)
        message = subject(spec, profile)
        if brief.round:
            return Change(message=message, note="The rules have nothing to repair this with; set a model for that.")
        files = files_for(spec, profile, brief.desk)
        edits = tuple(_edit(path, text) for path, text in sorted(files.items()))
        for edit in edits:
            if edit.action == "delete":
                brief.desk.delete(edit.path)
            else:
                brief.desk.write(edit.path, edit.content)
        brief.tell(f"{counted(len(edits), 'file')} written")
        return Change(message=message, edits=edits, note=_note(spec, profile))


def files_for(spec: FeatureSpec, profile: AppProfile, source: Source) -> dict[str, str | None]:
    """Path -> new content (None: deleted) of everything the feature changes in a repository.

    Raises:
        NotUnderstood: it cannot be placed with certainty.
    """
    if profile.exists:
        return place(spec, profile, source)
    if profile.python_files:
        why = "The repository has Python files but no FastAPI application that was found; start in an empty folder."
        raise NotUnderstood("a new application", why)
    have = set(source.files())
    return {path: text for path, text in new_app(spec).items() if path not in have or path.endswith(".py")}


def _edit(path: str, text: str | None) -> FileEdit:
    return FileEdit(path=path, action="delete") if text is None else FileEdit(path=path, action="write", content=text)


def _note(spec: FeatureSpec, profile: AppProfile) -> str:
    """What the person who merges this should know."""
    notes = []
    if profile.exists and profile.database == "none" and spec.resources:
        notes.append(DATABASE_NOTE)
    changed = [words(r.plural) for r in spec.resources if r.exists and _new_columns(r)]
    if profile.exists and not profile.alembic and profile.database.startswith("sqlalchemy") and changed:
        where = " and ".join(changed)
        notes.append(
            f"There are no migrations here: in a database that exists, the new columns of {where} are missing."
        )
    return " ".join(notes)


def _new_columns(resource: ResourceSpec) -> bool:
    return bool(resource.fields) or any(r.kind == "many_to_one" for r in resource.relations)


def subject(spec: FeatureSpec, profile: AppProfile) -> str:
    """The commit's subject line (`Add books, reviews and login`), at most 72 characters."""
    plural = {r.name: r.plural for r in profile.resources} | {r.name: r.plural for r in spec.resources}
    added = _additions(spec, plural)
    if spec.login and profile.login is None:
        added.append("login")
    added += [phrase(b, BLOCKS[b.name].title, plural.get(b.resource, "")) for b in spec.blocks]
    for guard in spec.guards if not added else ():
        added.append(f"login for {words(plural.get(guard.resource, guard.resource))}")
    if not added and spec.listings:
        return _shortened([_listing_words(entry, plural) for entry in spec.listings], "List")
    return _shortened(added or ["health check"], "Add")


def _additions(spec: FeatureSpec, plural: dict[str, str]) -> list[str]:
    """Noun phrases of what the resources gain; a target that is new is named where it is linked."""
    linked: dict[str, list[str]] = {}
    for resource in (r for r in spec.resources if r.exists):
        gained = [words(f.name) for f in resource.fields]
        gained += [words(plural.get(r.target, r.target)) for r in resource.relations]
        linked[resource.plural] = gained
    named = {name for gained in linked.values() for name in gained}
    new = [words(r.plural) for r in spec.resources if not r.exists and words(r.plural) not in named]
    return new + [f"{and_(gained)} to {words(name)}" for name, gained in linked.items() if gained]


def _listing_words(entry: ListingSpec, plural: dict[str, str]) -> str:
    how = [f"by {and_([words(f) for f in entry.filters])}"] if entry.filters else []
    how += ["searched"] if entry.search else []
    how += ["in order"] if entry.order_by else []
    how += ["in pages"] if entry.paginated or entry.cursor else []
    return f"{words(plural.get(entry.resource, entry.resource))} {and_(how)}"


def _shortened(phrases: list[str], verb: str) -> str:
    line = f"{verb} {and_(phrases)}"
    return line if len(line) <= _SUBJECT else f"{verb} {phrases[0]} and {len(phrases) - 1} more"[:_SUBJECT]
