"""Old tests that the request itself denies: no code can satisfy both, so a person has to choose."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from agents.blueprints.spec import FeatureSpec, ResourceSpec
from agents.clarity import CLOSING, and_, closed_by, sentence_of, way_out
from agents.contracts import Blame, Plan
from agents.errors import EditRefused
from agents.offline.words import spoken
from agents.open_requests import open_requests_of
from agents.profile import AppProfile
from agents.roles import Brief
from agents.sent_requests import requests_of
from sandbox.reports import TestResult

SHOWN = 5
CONTRACT = "gate contract:"
"""How findings of the contract's gate are named among failures."""


@dataclass(frozen=True, slots=True)
class Denial:
    """Something the request asks for that whoever used the service before notices."""

    operations: frozenset[str]
    """`POST /notes/{}`."""
    status: str
    """What an answer is from now on."""
    says: str
    """What the request asks for, after "it asks for"."""
    words: re.Pattern[str]
    """They stand in the sentence that asks for it."""
    instead: str
    """How to ask for less, as an infinitive."""


def denied_by_request(brief: Brief, plan: Plan, profile: AppProfile) -> Blame | None:
    """A blame of the request when everything that failed is older than this run and fails by what is asked for."""
    if broken := _breaks_clients(brief):
        return broken
    old = [f for f in brief.failures if "::" in f.node_id and f.node_id.split("[")[0] not in brief.cases]
    if not old or len(old) < len(brief.failures):
        return None
    for denial in _denials(FeatureSpec.model_validate(plan.spec), profile):
        if _explains(denial, old, brief):
            return Blame(fault="request", reason=_told(denial, old, brief))
    return None


def _breaks_clients(brief: Brief) -> Blame | None:
    """The published contract is all that is broken: the rules write what was asked for, so that breaks it."""
    if not brief.failures or not all(f.node_id.startswith(CONTRACT) for f in brief.failures):
        return None
    told = "; ".join(f.message for f in brief.failures[:SHOWN]) + ("; ..." if len(brief.failures) > SHOWN else "")
    way = "Say that they may break with --allow-breaking, or ask for something that breaks nobody."
    return Blame(fault="request", reason=f"what the request asks for breaks clients that exist: {told}. {way}")


def _denials(spec: FeatureSpec, profile: AppProfile) -> list[Denial]:
    found = []
    if spec.guards:
        what = ", ".join(f"{'/'.join(g.actions)} {g.resource}" for g in spec.guards)
        closed = frozenset(closed_by(spec, profile, open_now=False))
        instead = f"leave {what} open"
        found.append(Denial(closed, "401", f"a login ({what}); these tests do it without one", CLOSING, instead))
    for resource in spec.resources:
        there = profile.resource(resource.name) if resource.exists else None
        if there is not None and (needed := _needed(resource)):
            path = there.path.rstrip("/")
            names = and_([spoken(name) for name in needed])
            words = re.compile("|".join(rf"(?i:\b{re.escape(spoken(name))}\b)" for name in needed))
            says = f"{names} in every new {spoken(resource.name)}; these tests send none"
            sent = frozenset({f"POST {path}", f"PUT {path}/{{}}"})
            found.append(Denial(sent, "422", says, words, f"make {names} optional or give a default"))
    return found


def _needed(resource: ResourceSpec) -> list[str]:
    """What a body must have from now on that it had not to have before."""
    fields = [field.name for field in resource.fields if field.required and field.default is None]
    return fields + [one.target for one in resource.relations if one.required and one.kind == "many_to_one"]


def _explains(denial: Denial, failures: Sequence[TestResult], brief: Brief) -> bool:
    """Whether one of them shows the status, and each of the others shows it or sends what is denied."""
    shows = [re.search(rf"\b{denial.status}\b", f.message + f.details) is not None for f in failures]
    sends = [_sends(f.node_id, denial.operations, brief) for f in failures]
    if denial.status == "401":
        return any(shows) and all(a or b for a, b in zip(shows, sends, strict=True))
    return all(sends) and any(shows)


def _sends(node_id: str, operations: Collection[str], brief: Brief) -> bool:
    """Whether a test sends one of the operations, as far as its text tells."""
    path, *names = node_id.split("[")[0].split("::")
    try:
        text = brief.desk.read(path)
    except EditRefused:
        return False
    test = (names or [""])[-1]
    sent = {re.sub(r"\{[^{}]*\}", "{}", one) for one in requests_of(text).get(test, ())}
    sent |= {one.what for one in open_requests_of(path, text) if one.test == test}
    return bool(sent & set(operations))


def _told(denial: Denial, failures: Sequence[TestResult], brief: Brief) -> str:
    names = sorted({f.node_id.split("[")[0] for f in failures})
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    said = sentence_of(brief.request.text, denial.words)
    way = way_out(brief.request, denial.instead)
    return f'the request says "{said}", so it asks for {denial.says}: {shown}. {way}'
