"""An attack as data: requests in order, what is kept of their answers, and what must not come of them.

Text in `<<name>>` is filled in when a step is sent: `<<unique>>` differs per attack, other names were kept by earlier
steps; `<<token:how>>` is a kept token changed in one of the ways of `FORGERIES`.
"""

from typing import Any, Literal

from pydantic import Field

from sandbox.reports import Frozen

Category = Literal[
    "authentication", "access", "injection", "stored script", "mass assignment", "large bodies", "slow patterns",
    "upload", "leak", "enumeration", "headers", "schema",
]  # fmt: skip
FORGERIES = {
    "none": "its algorithm set to none, the signature taken off",
    "tampered": "its content changed, the signature kept",
    "weak": "signed again with a key everybody tries first",
    "expired": "signed with the service's own key, but out of date",
}


class Upload(Frozen):
    """One file of a multipart body."""

    field: str
    name: str
    kind: str
    text: str = ""
    size: int = 0
    """Bytes, when larger than `text`: it is repeated."""


class Expect(Frozen):
    """What the answer to a step must be like; the attack has hit when it is not."""

    status: tuple[int, ...] = ()
    """One of these."""
    below: int = 0
    """The status is below this one."""
    absent: tuple[str, ...] = ()
    """Texts the body must not hold."""
    absent_in_html: tuple[str, ...] = ()
    """The same, only where the answer is HTML."""
    absent_header: str = ""
    """A header that must not be there."""
    header_without: tuple[str, str] = ("", "")
    """A header and a text its value must not hold."""
    leads_to: tuple[str, str] = ("", "")
    """A header with an address, and the host it must not lead to."""
    unlike: dict[str, Any] = Field(default_factory=dict)
    """Place in the JSON answer (`user.role`) -> a value it must not have."""
    with_id: str = ""
    """Some object in the JSON answer has this id."""
    without_id: str = ""
    """None has."""
    same_as: str = ""
    """The name under which an earlier answer was kept: status and body must be the same."""
    fewer_than: str = ""
    """The same: a list must not be longer than that answer's."""
    within_s: float = 0.0
    """Seconds."""


class Step(Frozen):
    """One request."""

    method: str
    path: str
    query: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    json_body: Any = None
    form: dict[str, str] | None = None
    raw: str | None = None
    """A body as it is, with its own Content-Type among `headers`."""
    repeat: int = 1
    """How often `raw`, and behind a zero `tail`, are repeated."""
    tail: str = ""
    upload: Upload | None = None
    take: dict[str, str] = Field(default_factory=dict)
    """Name -> place in the JSON answer (`access_token`, `0.id`, `header:location`)."""
    keep: str = ""
    """Keep the whole answer under this name."""
    only_if: Expect | None = None
    """The attack does not apply when the answer is not like this."""
    once: str = ""
    """Steps of this name are sent for the first attack that needs them; later ones take what was kept then."""
    expect: Expect | None = None
    """Without it (and `only_if`) a step on the way: when it is refused the attack does not apply."""


class Attack(Frozen):
    """One attack on one operation."""

    id: str
    """Stable: category, operation and variant, e.g. `authentication/GET /me/none`."""
    category: Category
    operation: str = ""
    """`GET /books/{id}`; empty when it is about the service as a whole."""
    title: str
    """What it would mean when it hits: `GET /books/{id} is answered without a login`."""
    doubt: bool = False
    """A hit may be meant: it is told, and stops nothing."""
    steps: tuple[Step, ...]


class Hit(Frozen):
    """An attack that got through."""

    attack: Attack
    step: int
    """Number (from 0) of the step whose answer told."""
    told: str
    """What was wrong with the answer, in words."""
    answer: str = ""
    """Its status and the beginning of its body, cut and cleaned."""


class AttackReport(Frozen):
    """What became of a pack."""

    hits: tuple[Hit, ...] = ()
    done: int = 0
    """Attacks that ran to their end and were held off."""
    skipped: dict[str, str] = Field(default_factory=dict)
    """Attack -> why it does not apply here."""
    not_run: int = 0
    """The time was up first."""
    seconds: float = 0.0
    reason: str = ""
    """Why nothing could be attacked at all; empty when something was."""
