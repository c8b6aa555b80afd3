"""Who may do what: `create or delete books`, `require login to ...`, `read-only`, `no delete`."""

import re
from typing import Literal

from agents.blueprints.spec import ALL_ACTIONS, Action
from agents.offline.facts import Asks, Fact, Guards, Limits
from agents.offline.names import resource_of

WRITES: tuple[Action, ...] = ("create", "update", "delete")
READS: tuple[Action, ...] = ("read", "list")
_VERBS: dict[tuple[Action, ...], str] = {
    ("create",): r"creat(?:e|es|ing|ion)|add(?:s|ing)?|post(?:s|ing)?|submit(?:ting)?|insert(?:ing)?|leav(?:e|ing)",
    ("update",): r"updat(?:e|es|ing)|edit(?:s|ing)?|chang(?:e|es|ing)|modif(?:y|ying|ication)|patch(?:ing)?",
    ("delete",): r"delet(?:e|es|ing|ion)|remov(?:e|es|ing|al)|destroy(?:ing)?",
    ("list",): r"list(?:s|ing)?|browse?(?:ing)?",
    ("read",): r"retriev(?:e|ing)|get|fetch(?:ing)?",
    READS: r"read(?:s|ing)?|view(?:s|ing)?|see(?:ing)?|show(?:ing)?",
    WRITES: r"manag(?:e|ing)|writ(?:e|es|ing)(?: to)?|alter(?:ing)?|chang(?:e|ing) data",
    ALL_ACTIONS: r"access(?:ing)?|us(?:e|ing)|do(?:ing)? anything with",
}
_VERB_RULES = [(actions, re.compile(rf"(?:{p})$", re.IGNORECASE)) for actions, p in _VERBS.items()]
_AND = re.compile(r"\s*,\s*(?:and|or)?\s+|\s*,\s*|\s+(?:and|or|nor)\s+|\s*[/&]\s*", re.IGNORECASE)
_OPERATIONS = r"(?:operations?|endpoints?|routes?|requests?|access|actions?|calls?)"
_ALL_WRITES = re.compile(
    rf"(?:all |any |every |each |the )*(?:writ(?:e|ing)s?|write {_OPERATIONS}|changes|mutations|modifications|"
    rf"mutating {_OPERATIONS}|"
    rf"(?:everything|anything|any (?:request|operation|endpoint)) (?:that|which) (?:changes|writes|"
    rf"modifies)(?: data| something)?)"
    r"(?: (?:to|on|of|for) (?P<res>.+))?$",
    re.IGNORECASE,
)
_EVERYTHING = re.compile(
    rf"(?:everything|(?:all|every|the) (?:the )?{_OPERATIONS}|(?:the )?(?:whole |entire )?(?:api|app|application))"
    r"(?: (?:to|on|of|for) (?P<res>.+))?$",
    re.IGNORECASE,
)


def _verb(word: str) -> tuple[Action, ...]:
    return next((actions for actions, rule in _VERB_RULES if rule.match(word)), ())


def _verbs_and_noun(piece: str) -> tuple[tuple[Action, ...], str]:
    """`"the deletion of books"` -> delete, `"books"`."""
    words = re.sub(r"^(?:the|any|all) (?=\w+(?:ion|ing|al|s)\b)", "", piece, flags=re.IGNORECASE).split()
    for k in (3, 2, 1):
        if len(words) >= k and (actions := _verb(" ".join(words[:k]))):
            rest = words[k:]
            return actions, " ".join(rest[1:] if rest and rest[0].lower() in ("of", "to") else rest)
    if len(words) == 2 and (actions := _verb(words[1])) and resource_of(words[0]):
        return actions, words[0]
    return (), piece


def _add(targets: list[tuple[tuple[Action, ...], str | None]], actions: tuple[Action, ...], noun: str) -> bool:
    noun = (
        re.sub(r"\s+(?:to|of|on|for|about)\s+(?:a|an|the|any|each)?\s*\w+$", "", noun)
        if actions == ("create",)
        else noun
    )
    resource = resource_of(noun)
    if resource is None:
        return False
    targets.append((ordered(actions), resource or None))
    return True


def ordered(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Without repeats, in the usual order."""
    return tuple(a for a in ALL_ACTIONS if a in actions)


def targets_of(text: str) -> tuple[tuple[tuple[Action, ...], str | None], ...] | None:
    """`"create books and delete reviews"` -> who does what; None when any word is strange."""
    text = re.sub(r"^(?:the following:?|both|either|be able to)\s+", "", text.strip(), flags=re.IGNORECASE)
    for rule, actions in ((_ALL_WRITES, WRITES), (_EVERYTHING, ALL_ACTIONS)):
        if m := rule.match(text):
            resource = resource_of(m["res"]) if m["res"] else "*"
            return None if resource is None else ((actions, resource or None),)
    targets: list[tuple[tuple[Action, ...], str | None]] = []
    waiting: tuple[Action, ...] = ()
    last: tuple[Action, ...] = ()
    for piece in (p for p in _AND.split(text) if p):
        verbs, noun = _verbs_and_noun(piece)
        waiting += verbs
        if not noun:
            continue
        if not verbs and not waiting and not last:
            last = ALL_ACTIONS
        last = waiting or last
        waiting = ()
        if not _add(targets, last, noun):
            return None
    if waiting:
        targets.append((ordered(waiting), None))
    return tuple(targets) or None


_LOGIN_WORDS = (
    r"(?:(?:an?|the|valid|user|jwt|oauth2|bearer|access|simple) )*(?:log-?in|login|logging in|signing in|"
    r"sign-?in|being logged in|"
    r"authentication|authorization|auth|jwts?|(?:jwt |bearer |access )?tokens?|oauth2|accounts?|logged[- ]in users?)"
    r"(?: (?:authentication|auth|login|tokens?))?"
)
_WHO = (
    r"(?:logged[- ]in|authenticated|signed[- ]in|registered|known) (?:users?|people|clients|members|"
    r"customers|readers|visitors|ones)"
)
_LOGIN_VERB = (
    r"(?:be (?:logged|signed)[- ]in|log[- ]?in|sign[- ]?in|login|authenticate(?: themselves)?|be authenticated|"
    r"have an account|"
    r"have a (?:valid )?token)"
)
_BEFORE = r"(?:in order to|to be able to|to|before|for|when|if (?:they|you|one) wants? to)"
_SUBJECT = r"(?:a |the |all |any )?(?:users?|you|people|clients?|one|they|everyone|everybody|visitors|customers)"
_BE = r"(?:is|are|be|should be|must be|shall be|has to be|have to be|will be)"
_GUARD_RULES = [
    rf"(?:(?:should|must) )?(?:requires?|needs?|demands?|enforces?|ask for) {_LOGIN_WORDS} {_BEFORE} (?P<t>.+)",
    rf"{_LOGIN_WORDS} (?:(?:is|should be|must be|are) )?(?:required|needed|necessary|mandatory) {_BEFORE} (?P<t>.+)",
    rf"requires? (?:that )?{_SUBJECT} (?:to )?{_LOGIN_VERB} {_BEFORE} (?P<t>.+)",
    rf"only (?:allow |let )?{_WHO} (?:can|may|should|to|are allowed to|should be able to|are able to|must be "
    rf"able to|should be allowed to) (?P<t>.+)",
    rf"only (?:allow |let )?{_WHO} (?P<t>(?:create|delete|update|add|read|list|edit|view)\b.+)",
    rf"{_WHO} (?:only )?(?:can|may) (?P<t>.+)",
    rf"{_SUBJECT} (?:must|have to|has to|need to|needs to|should|are required to) {_LOGIN_VERB} {_BEFORE} (?P<t>.+)",
    rf"{_SUBJECT} needs? {_LOGIN_WORDS} {_BEFORE} (?P<t>.+)",
    rf"(?:protect|secure|guard|lock(?: down)?|restrict|limit|put|hide) (?P<t>.+?) (?:with|by|behind|using|to|"
    rf"through|for) (?:{_LOGIN_WORDS}|{_WHO})",
    r"(?:protect|secure|guard|lock down) (?P<t>.+)",
    rf"(?P<t>.+?) (?:must |should |shall )?(?:requires?|needs?|demands?) (?:{_LOGIN_WORDS}|{_SUBJECT} to "
    rf"{_LOGIN_VERB}|to {_LOGIN_VERB})",
    rf"(?P<t>.+?) (?:{_BE}|can only be|may only be) (?:only )?(?:allowed|possible|available|permitted|"
    rf"accessible|protected|guarded|secured|restricted|"
    rf"limited|reserved|done|used)(?: only)?(?: for| to| by| with| behind| after)? (?:{_LOGIN_WORDS}|{_WHO})",
    rf"(?:only )?(?:allow |permit )?(?P<t>.+?) only (?:for|by|with|after|to|when) (?:{_LOGIN_WORDS}|{_WHO})",
    r"(?:anonymous|unauthenticated|logged[- ]out) (?:users?|people|visitors|clients) "
    r"(?:cannot|can't|can not|must not|may not|should not) (?P<t>.+)",
    rf"(?:no ?one|nobody) (?:can|may) (?P<t>.+?) without {_LOGIN_WORDS}",
    rf"(?P<t>(?:creat|delet|updat|add|edit|remov|list|read|view|chang).+?) with {_LOGIN_WORDS}",
]  # fmt: skip
_PUBLIC_RULES = [
    r"(?:anyone|everyone|everybody|anybody|all users) (?:can|may|should be able to) (?P<t>.+?)(?: without (?:a "
    r")?(?:login|token|account))?",
    rf"(?P<t>.+?) (?:{_BE}|stays?|remains?|should (?:stay|remain)) (?:public|open)(?: to (?:everyone|all|anyone))?",
    rf"(?P<t>.+?) (?:does|do|should) not (?:need|require) {_LOGIN_WORDS}",
]
_GUARDS = [re.compile(rule + "$", re.IGNORECASE) for rule in _GUARD_RULES]
_PUBLIC = [re.compile(rule + "$", re.IGNORECASE) for rule in _PUBLIC_RULES]
_LOGIN = re.compile(
    r"(?:(?:add|implement|support|enable|set up|include|provide|use|with|has|have|build|create|want|need) )?"
    r"(?:(?:an?|the|user|users|jwt|oauth2|token|token-based|password|e-?mail|simple|secure|and|&|/|based|full|"
    r"proper|should be able to|can) )*"
    r"(?:registration|register|sign-?up|log-?in|login|authentication|auth|user accounts?|sign-?in|accounts|jwt|oauth2)"
    r"(?:(?:,| and| or|/|,? with|,? using|,? via|,? by|,? based on| through| flow| tokens?| a| an| the| and)* ?"
    r"(?:registration|register|sign-?up|log-?in|login|log in|sign in|authentication|auth|jwts?|jwt tokens?|"
    r"tokens?|oauth2|passwords?|"
    r"password flow|e-?mail|endpoints?|me))*$",
    re.IGNORECASE,
)


_ASK = (
    r"(?:(?:add|support|with|include|use|issue|implement|provide|have|offer|and|users? can|users? may|let users|"
    r"allow) )*"
)
_PARTS: dict[Literal["refresh", "password", "reset", "roles"], str] = {
    "refresh": r"(?:(?:short[- ]lived access tokens and|rotating|the|jwt|a|an) )*(?:refresh[- ]tokens?|"
    r"token refresh|log[- ]?out)(?:(?:,| and| with| that| are| is| can be| the| their| they| on| reuse| detection|"
    r" use| rotation| rotated| rotate| revocation| revoked| log[- ]?out| refresh[- ]tokens?|"
    r" endpoint))*",
    "password": r"(?:to |a |the )*(?:change (?:of )?(?:their |the |a )?(?:own )?passwords?|password changes?)"
    r"(?: endpoint)?",
    "reset": r"(?:to |a |the )*(?:password resets?|reset (?:of )?(?:(?:a|the|their|forgotten|lost) )*passwords?|"
    r"forgotten passwords?)(?: (?:by|via|with|through|e-?mail|an|a|link|message|flow|endpoint))*",
    "roles": r"(?:(?:an?|the|user|two|and|admin|administrator) )*(?:roles?|scopes)(?: (?:and|for|user|users|admin|"
    r"admins|administrators|roles?|scopes))*",
}
_ADMINS = r"(?:admins|administrators|(?:users|people) (?:with|of|in) the admin(?:istrator)? role|an admin(?:istrator)?)"
_ADMIN = [
    re.compile(rule + "$", re.IGNORECASE)
    for rule in (
        rf"only (?:allow |let )?{_ADMINS} (?:can|may|should|to|are allowed to|should be able to) (?P<t>.+)",
        rf"only {_ADMINS} (?P<t>(?:create|delete|update|add|read|list|edit|view|manage)\b.+)",
        r"(?P<t>.+?) (?:requires?|needs?) (?:the |an )?admin(?:istrator)? (?:role|rights|scope)",
        rf"(?:only )?(?:allow |permit )?(?P<t>.+?) only (?:for|by|to) {_ADMINS}",
    )
]


def _read_parts(text: str) -> list[Fact]:
    """More of a login: `refresh tokens`, `users can change their password`, `roles`."""
    for part, words in _PARTS.items():
        if re.fullmatch(_ASK + words, text, re.IGNORECASE):
            return [Asks(part), Asks("password")] if part == "reset" else [Asks(part)]
    return []


def read_guard(text: str) -> list[Fact] | None:
    """Login as such, or for some actions; or the statement that something stays open."""
    if parts := _read_parts(text):
        return parts
    if _LOGIN.match(text):
        return [Asks("login")]
    for rule in _ADMIN:
        if (m := rule.match(text)) and (targets := targets_of(m["t"])):
            return [Guards(targets, role="admin"), Asks("roles")]
    for rules, public in ((_GUARDS, False), (_PUBLIC, True)):
        for rule in rules:
            if (m := rule.match(text)) and (targets := targets_of(m["t"])):
                return [Guards(targets, public)]
    return None


_CANNOT = re.compile(
    r"(?P<res>.+?) (?:cannot|can't|can not|must not|may not|should not|shall not|can never|must never) be (?P<v>.+)",
    re.IGNORECASE,
)
_ONLY_BE = re.compile(r"(?P<res>.+?) (?:can|may|should|must) only be (?P<v>.+)", re.IGNORECASE)
_READ_ONLY = re.compile(
    r"(?:(?P<res>.+?) (?:is|are|should be|must be|shall be) )?(?:only readable|read[- ]?only)(?: (?P<res2>.+))?",
    re.IGNORECASE,
)
_WITHOUT = re.compile(
    r"(?:no|without|except|but no|but not|never|do not|don't|not)(?: (?:any|allow|support|offer|need|"
    r"want))*(?: to)? (?P<v>.+)",
    re.IGNORECASE,
)
_NOBODY = re.compile(r"(?:no ?one|nobody) (?:can|may|should) (?P<v>.+)", re.IGNORECASE)
_ONLY = re.compile(
    r"(?:(?:allow|support|offer|with|want|need) )?(?:only|just) (?:(?:allow|support|offer|the) )*(?P<v>.+?)|"
    r"(?P<v2>.+?) only",
    re.IGNORECASE,
)
_DONE = {
    "deleted": "delete", "removed": "delete", "created": "create", "added": "create", "updated": "update",
    "changed": "update", "edited": "update", "modified": "update", "listed": "list", "read": "get",
    "retrieved": "get", "viewed": "view",
}  # fmt: skip


def _actions(text: str) -> tuple[tuple[Action, ...], str | None] | None:
    """Verbs and at most one resource; operations as nouns are fine (`delete endpoint`)."""
    words = re.sub(rf"\b(?:{_OPERATIONS}|being|possible|allowed|is|be)\b", " ", text, flags=re.IGNORECASE)
    words = re.sub(r"\b\w+ed\b", lambda m: _DONE.get(m[0].lower(), m[0]), words)
    words = re.sub(r"\s+(?:for|of|on)\s+(?=\S+\s*$)", " ", words)
    words = re.sub(r"(\b(?:and|or|,)\s*)(?:no|without|not|nor)\b", r"\1", re.sub(r"\s+", " ", words).strip())
    targets = targets_of(words) if words and _verb(re.split(r"[\s,/]", words)[0]) else None
    names = {name for _, name in targets or () if name is not None}
    if not targets or len(names) > 1 or "*" in names:
        return None
    return ordered(tuple(a for actions, _ in targets for a in actions)), next(iter(names), None)


def read_limits(text: str) -> list[Fact] | None:
    """`read-only`, `no delete`, `only create and list`, `books cannot be updated`."""
    if m := _READ_ONLY.fullmatch(text):
        name = resource_of(m["res"] or m["res2"] or "it")
        return None if name is None else [Limits(name or None, only=("read", "list"))]
    for rule, only in ((_CANNOT, False), (_ONLY_BE, True)):
        if (m := rule.fullmatch(text)) and (found := _actions(m["v"])) and (name := resource_of(m["res"])) is not None:
            return [Limits(name or None, **{"only" if only else "without": found[0]})]
    for rule, only in ((_ONLY, True), (_NOBODY, False), (_WITHOUT, False)):
        if (m := rule.fullmatch(text)) and (found := _actions(next(g for g in m.groups() if g))):
            return [Limits(found[1], **{"only" if only else "without": found[0]})]
    return None
