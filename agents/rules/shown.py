"""Which attack shows which rule's flaw: a request that hits proves a finding only when it shows that very flaw."""

from dataclasses import dataclass

BROKE = r"^it answered 5\d\d"
TOOK = r"^it answered 2\d\d"
LET_IN = r"^it answered (?!5)\d"


@dataclass(frozen=True, slots=True)
class Shown:
    """An attack that shows a flaw, and what must have come of it."""

    attack: str
    """A pattern (`fnmatch`) of its id: category, operation and variant."""
    told: str
    """A regular expression that fits what was wrong with the answer."""
    request: str = ""
    """One that fits the request that was answered so: `GET /books?offset=-1`."""
    anywhere: bool = False
    """The flaw may stand outside of handlers: in a dependency, or where the application is made."""
    alone: bool = False
    """It shows nothing where the same operation breaks on ordinary requests too, or lets everybody in."""


_STORED = Shown("stored script/*/a script comes back in a page", r"^its page holds")
_PLAIN_ITEM = r"^(GET|DELETE) [^?]*/(0|[1-9]\d{0,8})(/[a-z_-]+)*$"
"""One thing, named by an ordinary number."""
_BELOW_ZERO = r"[?&](?i:offset|skip)=-\d"

SHOWN_BY: dict[str, tuple[Shown, ...]] = {
    "GL106": (Shown("mass assignment/*", r"as it was sent$"),),
    "GL203": (Shown("leak/*/a password hash", r"a password hash"),),
    "GL205": (
        Shown("leak/*/a stack trace", "a stack trace", anywhere=True),
        Shown("leak/*/an error of the database", "an error of the database"),
    ),
    "GL210": (
        Shown("leak/*{*/valid request", BROKE, request=_PLAIN_ITEM),
        Shown("leak/*{*/broken input", BROKE, request=_PLAIN_ITEM),
        Shown("schema/*{*", BROKE, request=_PLAIN_ITEM),
    ),
    "GL503": (
        Shown("authentication/*/none", LET_IN, anywhere=True, alone=True),
        Shown("authentication/*/tampered", LET_IN, anywhere=True, alone=True),
    ),
    "GL504": (Shown("authentication/*/none", LET_IN, anywhere=True, alone=True),),
    "GL505": (Shown("authentication/*/expired", LET_IN, anywhere=True, alone=True),),
    "GL509": (Shown("headers/CORS/any origin with credentials", r"access-control-allow-origin", anywhere=True),),
    "GL510": (Shown("leak/*/a stack trace", "a stack trace", anywhere=True),),
    "GL511": (Shown("access/*/unguarded", LET_IN),),
    "GL512": (Shown("access/*/other user", TOOK),),
    "GL601": (
        Shown("injection/*/SQL gives more rows", "items instead of"),
        Shown("injection/*/SQL quotes end in an error", BROKE, alone=True),
    ),
    "GL602": (
        Shown("injection/*/a shell command is run", "^its answer holds"),
        Shown("injection/*/a shell waits", "^it took"),
    ),
    "GL603": (Shown("injection/*/a file outside is read", "^its answer holds"),),
    "GL604": (
        Shown("upload/*/name that climbs", "^its answer holds"),
        Shown("upload/*/name that climbs", BROKE, alone=True),
    ),
    "GL606": (Shown("headers/*leads away", "location"),),
    "GL608": (_STORED,),
    "GL609": (Shown("injection/*/a template is worked out", "^its answer holds"),),
    "GL612": (_STORED,),
    "GL613": (Shown("slow patterns/*", r"^it took|nothing in time|does not answer any more"),),
    "GL703": (
        Shown("leak/*/broken input", BROKE, request=_BELOW_ZERO, alone=True),
        Shown("schema/*", BROKE, request=_BELOW_ZERO, alone=True),
    ),
    "GL704": (Shown("upload/*/size", rf"{TOOK}|does not answer any more|ended while"),),
}  # fmt: skip
"""Rule -> what shows its flaw. A rule that is not here is proven by no attack: what hits is a finding of its own."""
