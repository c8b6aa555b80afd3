"""Request text -> `FeatureSpec`: English in, everything understood or an error that quotes what was not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from agents.blueprints.spec import Action, FeatureSpec, LoginPart, ResourceSpec
from agents.contracts import Answer, Decision, Question
from agents.errors import Contradiction, NotUnderstood
from agents.offline.actions import WRITES, targets_of
from agents.offline.assemble import Notes, assumed_fields, default_field, draft_resources
from agents.offline.blocks import block_specs
from agents.offline.draft import Draft, Table
from agents.offline.facts import Asks, Guards
from agents.offline.fields import RawField, parse_fields
from agents.offline.lists import guard_specs, listing_specs
from agents.offline.phrases import Trait
from agents.offline.reading import Said, nearest, read_facts
from agents.offline.words import CLASSIFIERS, TAG_LIKE, plural_name, spoken
from agents.profile import AppProfile

MAX_QUESTIONS = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """A request, read, with what was assumed, decided and left open."""

    spec: FeatureSpec
    assumptions: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    questions: tuple[Question, ...] = ()


def read_request(text: str, profile: AppProfile) -> FeatureSpec:
    """The whole request, read; open questions are answered by their defaults.

    Raises:
        NotUnderstood: words that mean nothing to the rules, or name something that is not there.
        Contradiction: the request says two things that cannot both be.
    """
    return read(text, profile).spec


def read(text: str, profile: AppProfile, answers: Sequence[Answer] = ()) -> Reading:
    """`read_request` with the notes and questions a plan needs; same errors."""
    said = read_facts(text)
    notes = Notes()
    table = draft_resources(said, profile, notes)
    desk = _Questions(answers)
    _fill_empty(table, desk, notes)
    _natural_keys(table, notes)
    said = [*said, *_owner_guards(table, profile)]
    said = [*said, *_login_guards(said, table, desk, profile)]
    spec = _spec(said, table, notes)
    if not (spec.blocks or spec.resources or spec.listings or spec.guards or spec.login or _wants(said, "health")):
        raise NotUnderstood(text.strip()[:200], f"The application has all of this already. {nearest(text)}")
    notes.assumptions += assumed_fields(list(table.drafts.values()))
    notes.assumptions += _closed(spec, table)
    notes.assumptions += _left_open(spec, said, table)
    return Reading(spec, tuple(notes.assumptions), tuple(notes.decisions), tuple(desk.open))


def _closed(spec: FeatureSpec, table: Table) -> list[str]:
    """What existing clients and tests will notice of new guards."""
    drafts = [(g, table.get(g.resource)) for g in spec.guards]
    return [
        f"Whoever uses {spoken(d.existing.plural)} ({', '.join(g.actions)}) without a token gets 401 from now on."
        for g, d in drafts
        if d and d.existing and set(g.actions) - set(d.existing.guarded)
    ]


def _left_open(spec: FeatureSpec, said: Sequence[Said], table: Table) -> list[str]:
    """New resources whose writes are guarded in part, where nobody said that the others are open."""
    if any(isinstance(s.fact, Guards) and s.fact.public for s in said):
        return []
    guarded: dict[str, set[str]] = {}
    for guard in spec.guards:
        guarded.setdefault(guard.resource, set()).update(guard.actions)
    told = []
    for name, actions in guarded.items():
        draft = table.get(name)
        if draft is None or draft.existing or not actions & set(WRITES):
            continue
        if open_ := [a for a in _some(draft, table.profile) if a not in actions]:
            many = spoken(plural_name(name))
            told.append(f"To {' or '.join(open_)} {many} needs no login, as the request asks for it elsewhere only.")
    return told


class _Questions:
    """Numbers questions in a stable order and finds their answers."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = {a.question.strip().lower(): a.text.strip() for a in answers}
        self._count = 0
        self.open: list[Question] = []

    def ask(self, text: str, default: str) -> tuple[str, bool]:
        """The answer, or the default (then True), the question being left open unless there are too many."""
        self._count += 1
        question = Question(id=f"Q{self._count}", text=text, default=default)
        for key in (question.id.lower(), text.lower()):
            if self._answers.get(key):
                return self._answers[key], False
        if len(self.open) < MAX_QUESTIONS:
            self.open.append(question)
        return default, True


def _fill_empty(table: Table, desk: _Questions, notes: Notes) -> None:
    """A resource nobody described gets a field: a well-known one, or what the user answers."""
    for draft in list(table.drafts.values()):
        if (
            draft.existing
            or draft.fields
            or any(r.kind == "many_to_one" for r in draft.relations if draft.name not in TAG_LIKE and not r.nested)
        ):
            continue
        many, default = spoken(plural_name(draft.name)), default_field(draft.name)
        if draft.name.rpartition("_")[2] in TAG_LIKE | CLASSIFIERS:
            answer = default
            notes.assumptions.append(f"A {spoken(draft.name)} has {default}.")
        else:
            answer, assumed = desk.ask(f"What fields do {many} have?", default)
            if assumed:
                notes.assumptions.append(f"No fields of {many} were named: {default}.")
        fields = parse_fields(answer)
        if not fields:
            raise NotUnderstood(
                answer, f'List the fields of {many} like this: "title (str, 1-200 chars), year (int, optional)".'
            )
        for raw in fields:
            draft.add(raw)


def _natural_keys(table: Table, notes: Notes) -> None:
    """Targets of many-to-many relations need a unique text field."""
    targets = {r.target for d in table.drafts.values() for r in d.relations if r.kind == "many_to_many"}
    for draft in (d for d in table.drafts.values() if d.name in targets and d.existing is None):
        strings = [f for f in draft.settled() if f.type == "str"]
        if any(f.unique for f in strings):
            continue
        if strings:
            draft.add(RawField(strings[0].name, (Trait("unique", True),), draft.fields[strings[0].name].quote))
        else:
            draft.add(
                RawField("name", (Trait("type", "str"), Trait("max", 100, True), Trait("unique", True)), draft.quote)
            )
        key = strings[0].name if strings else "name"
        notes.assumptions.append(f"{spoken(plural_name(draft.name)).capitalize()} are told apart by a unique {key}.")


def _wants(said: Sequence[Said], what: str) -> bool:
    return any(isinstance(s.fact, Asks) and s.fact.what == what for s in said)


def _owner_guards(table: Table, profile: AppProfile) -> list[Said]:
    """What belongs to somebody needs somebody."""
    owned = [d for d in table.drafts.values() if d.owned]
    return [Said(Guards(((d.actions(profile), d.name),)), f"own {spoken(plural_name(d.name))}") for d in owned]


def _login_guards(said: Sequence[Said], table: Table, desk: _Questions, profile: AppProfile) -> list[Said]:
    """Login was asked for without saying what for: ask, for the resources of this request."""
    fresh = [d for d in table.drafts.values() if d.existing is None]
    guards = any(isinstance(s.fact, Guards) and not s.fact.public for s in said)
    writable = [d for d in fresh if set(d.actions(profile)) & set(WRITES)]
    if not _wants(said, "login") or guards or not writable:
        return []
    names = " and ".join(spoken(plural_name(d.name)) for d in writable)
    default = f"creating, updating and deleting {names}"
    answer, assumed = desk.ask("Which operations need a login?", default)
    if assumed:
        return [Said(Guards(tuple((_some(d, profile), d.name) for d in writable)), default)]
    if answer.lower().rstrip(".") in ("none", "nothing", "no", "no operation", "none of them"):
        return []
    targets = targets_of(answer.rstrip("."))
    if not targets:
        raise NotUnderstood(answer, f'Answer like this: "{default}", or "none".')
    return [Said(Guards(targets), answer)]


def _some(draft: Draft, profile: AppProfile) -> tuple[Action, ...]:
    return tuple(a for a in draft.actions(profile) if a in WRITES)


def _spec(said: Sequence[Said], table: Table, notes: Notes) -> FeatureSpec:
    profile = table.profile
    listings = listing_specs(said, table, notes)
    guards = guard_specs(said, table)
    parts = tuple(part for part in get_args(LoginPart) if _wants(said, part))
    wanted = bool(guards or parts) or _wants(said, "login")
    login = wanted and profile.login is None
    if parts and not login:
        raise NotUnderstood(
            next(s.quote for s in said if isinstance(s.fact, Asks) and s.fact.what in parts),
            "The application has a login already, and the rules change none; set a model for that.",
        )
    if login and table.get("user"):
        raise NotUnderstood(
            "users",
            "Login brings users of its own, with e-mail and password; call the other ones differently "
            "(members, people).",
        )
    blocks = block_specs(said, table, notes)
    has_health = any(r.path == "/health" for r in profile.routes)
    return FeatureSpec(
        resources=_ordered(table), listings=listings, guards=guards, login=login, login_parts=parts, blocks=blocks,
        health=(_wants(said, "health") or not profile.exists) and not has_health,
    )  # fmt: skip


def _ordered(table: Table) -> tuple[ResourceSpec, ...]:
    """New or extended resources, targets of relations before those that need them."""
    specs = {d.name: d.spec(table.profile) for d in table.drafts.values()}
    wanted = {n: s for n, s in specs.items() if not s.exists or s.fields or s.relations}
    plurals = [s.plural for s in wanted.values()]
    if len(set(plurals)) != len(plurals):
        raise Contradiction(f"Two resources would both be served as {max(plurals, key=plurals.count)}.")
    done: dict[str, ResourceSpec] = {}

    def place(name: str, above: tuple[str, ...]) -> None:
        if name in done or name not in wanted or name in above:
            return
        for relation in wanted[name].relations:
            place(relation.target, (*above, name))
        done[name] = wanted[name]

    for name in wanted:
        place(name, ())
    return tuple(done.values())
