"""The planner by rule: the request's reading as a plan with numbered criteria, assumptions, decisions and questions."""

from collections.abc import Callable, Sequence

from agents.blueprints import compose
from agents.blueprints.block_catalog import BLOCKS
from agents.blueprints.blocks import block_needs, phrase
from agents.blueprints.spec import BlockSpec, FeatureSpec, LoginPart
from agents.clarity import against_tests, and_
from agents.contracts import Criterion, Decision, Plan, PlanStep
from agents.errors import Contradiction
from agents.offline.criteria import topics_of
from agents.offline.grammar import Reading, read
from agents.offline.held_to import refuse_what_is_not_offered
from agents.offline.topics import Topic
from agents.offline.topics_files import file_of
from agents.offline.words import plural_name, spoken
from agents.profile import AppProfile, Source
from agents.roles import Brief


class OfflinePlanner:
    """Plays `agents.roles.Planner` with no model; the same request gives the same plan."""

    def __init__(self, read_profile: Callable[[Source], AppProfile]) -> None:
        self._read_profile = read_profile

    async def plan(self, brief: Brief) -> Plan:
        """Raises: NotUnderstood, Contradiction, NoOpenApi."""
        profile = self._read_profile(brief.desk)
        reading = read(brief.request.text, profile, brief.answers)
        denied = against_tests(reading.spec, profile, brief.desk, brief.request)
        if denied:
            raise Contradiction(denied)
        by_hand: tuple[str, ...] = ()
        if profile.exists:
            by_hand = tuple(compose.notes(brief.desk, block_needs(reading.spec.blocks)))
        document = brief.request.openapi
        if document:
            by_hand += refuse_what_is_not_offered(document, reading.spec, profile, brief.desk, self._read_profile)
        return plan_of(reading, profile, assume=brief.request.assume, notes=by_hand)


def plan_of(reading: Reading, profile: AppProfile, *, assume: bool = False, notes: Sequence[str] = ()) -> Plan:
    """The plan for a reading; `assume` leaves no question open, `notes` are told as assumptions."""
    spec = reading.spec
    _, topics = topics_of(spec, profile)
    return Plan(
        summary=summary(spec),
        criteria=tuple(Criterion(id=f"C{n}", text=t.text, guard=t.guard) for n, t in enumerate(topics, 1)),
        steps=_steps(spec, topics, profile),
        assumptions=(*reading.assumptions, *notes),
        questions=() if assume else reading.questions,
        decisions=(*reading.decisions, *_decisions(spec, profile)),
        spec=spec.model_dump(mode="json"),
    )


def summary(spec: FeatureSpec) -> str:
    """One sentence on what will be built."""
    parts = []
    fresh = [spoken(r.plural) for r in spec.resources if not r.exists]
    more = [spoken(r.plural) for r in spec.resources if r.exists]
    lists = [spoken(item.resource) for item in spec.listings]
    parts += [f"add {and_(fresh)}"] if fresh else []
    parts += [f"extend {and_(more)}"] if more else []
    parts += [f"extend the list of every {and_(lists)}"] if lists else []
    guards = [f"{'/'.join(g.actions)} of {spoken(g.resource)}" for g in spec.guards]
    parts += ["add login"] if spec.login else []
    parts += [f"add {and_([_of(b, BLOCKS[b.name].title) for b in spec.blocks])}"] if spec.blocks else []
    parts += [f"require login for {and_(guards)}"] if guards else []
    parts += ["add a health check"] if spec.health and not fresh else []
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else "Nothing to do."


def _of(block: BlockSpec, text: str) -> str:
    return phrase(block, text, plural_name(block.resource) if block.resource else "")


def _steps(spec: FeatureSpec, topics: tuple[Topic, ...], profile: AppProfile) -> tuple[PlanStep, ...]:
    """Coarse steps, each with the criteria it serves."""
    ids: dict[str, list[str]] = {}
    for number, topic in enumerate(topics, 1):
        ids.setdefault(topic.file, []).append(f"C{number}")
    steps = (
        []
        if profile.exists
        else [
            PlanStep(
                title="Lay out the application: settings, logs, error answers, database, migrations, containers",
                criteria=(*ids.get("health", ()), *ids.get("service", ())),
            )
        ]
    )
    plurals = {e.name: e.plural for e in profile.resources} | {r.name: r.plural for r in spec.resources}
    names = [r.name for r in spec.resources] + [i.resource for i in spec.listings]
    touched = dict.fromkeys([*names, *(g.resource for g in spec.guards)])
    new = {r.name for r in spec.resources if not r.exists}
    for name in touched:
        verb = "Add" if name in new else "Extend"
        steps.append(PlanStep(title=f"{verb} {spoken(plurals[name])}", criteria=tuple(ids.get(plurals[name], ()))))
    if spec.login:
        steps.append(PlanStep(title="Add registration and login", criteria=tuple(ids.get("auth", ()))))
    for block in spec.blocks:
        served = tuple(i for stem, found in ids.items() if stem == file_of(block) for i in found)
        steps.append(PlanStep(title=f"Add {_of(block, BLOCKS[block.name].title)}", criteria=served))
    if spec.health and profile.exists:
        steps.append(PlanStep(title="Add a health check", criteria=tuple(ids.get("health", ()))))
    return tuple(steps)


_PARTS: dict[LoginPart, tuple[str, str]] = {
    "refresh": (
        "refresh tokens of 30 days in the database, each good once; a second use ends the whole login",
        "access tokens can be short-lived, and a stolen refresh token shows itself",
    ),
    "password": (
        "a password is changed with the old one, and ends every token given out before",
        "whoever changes it may do so because somebody else knows it",
    ),
    "reset": (
        "a forgotten password is set anew by a signed link of half an hour, sent by SMTP in the background",
        "it is good once because it names the version of the account's tokens, and nothing has to be stored",
    ),
    "roles": (
        "two roles, user and admin, as a scope in the token and checked against the database at every request",
        "a role that is taken away counts at once, and a token may ask for less than its owner may do",
    ),
}


def _decisions(spec: FeatureSpec, profile: AppProfile) -> tuple[Decision, ...]:
    found = []
    if not profile.exists:
        choice = "a new FastAPI application: async SQLAlchemy, Alembic, settings from the environment"
        found.append(Decision(choice=choice, reason="there is no application in the repository yet"))
        choice = "errors as application/problem+json (RFC 9457), with `detail` as FastAPI has it"
        found.append(Decision(choice=choice, reason="one shape for every error, and clients that read `detail` work"))
    if spec.login:
        choice = (
            "registration with e-mail and password, OAuth2 password flow, JWT with an expiry, salted password hashes"
        )
        found.append(Decision(choice=choice, reason="it is FastAPI's own way of login and needs no other service"))
        choice = (
            "ten failed logins of an account from one client, then 429 for a quarter of an hour; counted per process"
        )
        found.append(Decision(choice=choice, reason="guessing is slow, and nobody is locked out from elsewhere"))
        found += [Decision(choice=_PARTS[part][0], reason=_PARTS[part][1]) for part in spec.login_parts]
    found += [Decision(choice=_of(b, BLOCKS[b.name].choice), reason=BLOCKS[b.name].reason) for b in spec.blocks]
    if spec.guards and profile.login:
        found.append(
            Decision(choice="the login that is there guards the operations", reason="two logins would compete")
        )
    if any(item.paginated for item in spec.listings):
        choice = "pages by limit and offset; a list that exists keeps the shape of its answer"
        found.append(Decision(choice=choice, reason="a client can go to any page, and existing clients keep working"))
    if any(item.cursor for item in spec.listings):
        choice = "pages by a cursor, in the order of age"
        found.append(Decision(choice=choice, reason="no page skips or repeats anything while others add and delete"))
    return tuple(found)
