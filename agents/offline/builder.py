"""The builder by rule: a new application from blueprints, or a feature placed into an existing one."""

from agents.blueprints.names import words
from agents.blueprints.new_app import new_app
from agents.blueprints.place import place
from agents.blueprints.place_database import DATABASE_NOTE
from agents.blueprints.spec import FeatureSpec
from agents.contracts import Change, FileEdit, Plan
from agents.errors import NotUnderstood
from agents.profile import AppProfile
from agents.profile_reader import read_profile
from agents.roles import Brief

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
        message = subject(spec)
        if brief.round:
            return Change(message=message, note="The rules have nothing to repair this with; set a model for that.")
        profile = read_profile(brief.desk)
        files = _files(spec, profile, brief)
        edits = tuple(_edit(path, text) for path, text in sorted(files.items()))
        for edit in edits:
            if edit.action == "delete":
                brief.desk.delete(edit.path)
            else:
                brief.desk.write(edit.path, edit.content)
        brief.tell(f"{len(edits)} files written")
        return Change(message=message, edits=edits, note=_note(spec, profile))


def _files(spec: FeatureSpec, profile: AppProfile, brief: Brief) -> dict[str, str | None]:
    if profile.exists:
        return place(spec, profile, brief.desk)
    if profile.python_files:
        why = "The repository has Python files but no FastAPI application that was found; start in an empty folder."
        raise NotUnderstood("a new application", why)
    have = set(brief.desk.files())
    return {path: text for path, text in new_app(spec).items() if path not in have or path.endswith(".py")}


def _edit(path: str, text: str | None) -> FileEdit:
    return FileEdit(path=path, action="delete") if text is None else FileEdit(path=path, action="write", content=text)


def _note(spec: FeatureSpec, profile: AppProfile) -> str:
    """What the person who merges this should know."""
    notes = []
    if profile.exists and profile.database == "none" and spec.resources:
        notes.append(DATABASE_NOTE)
    changed = [words(r.plural) for r in spec.resources if r.exists and (r.fields or r.relations)]
    if profile.exists and not profile.alembic and profile.database.startswith("sqlalchemy") and changed:
        where = " and ".join(changed)
        notes.append(
            f"There are no migrations here: in a database that exists, the new columns of {where} are missing."
        )
    return " ".join(notes)


def subject(spec: FeatureSpec) -> str:
    """The commit's subject line (`Add books, reviews and login`)."""
    added = [words(r.plural) for r in spec.resources if not r.exists]
    for resource in (r for r in spec.resources if r.exists):
        fields = [words(f.name) for f in resource.fields]
        linked = [words(r.target) for r in resource.relations if words(r.target) not in fields]
        fresh = {r.name for r in spec.resources if not r.exists}
        new = [*fields, *(t for t in linked if t not in {words(n) for n in fresh})]
        added += [f"{_listed(new)} to {words(resource.plural)}"] if new else []
    if spec.login or (spec.guards and not added):
        added.append(
            "login" if spec.login else f"login for {_listed(sorted({words(g.resource) for g in spec.guards}))}"
        )
    if spec.health:
        added.append("health check")
    if not added:
        lists = sorted({words(entry.resource) for entry in spec.listings})
        return f"List {_listed(lists)} by more criteria"[:_SUBJECT]
    line = f"Add {_listed(added)}"
    return line if len(line) <= _SUBJECT else f"Add {added[0]} and {len(added) - 1} more"[:_SUBJECT]


def _listed(names: list[str]) -> str:
    head, tail = names[:-1], names[-1]
    return f"{', '.join(head)} and {tail}" if head else tail
