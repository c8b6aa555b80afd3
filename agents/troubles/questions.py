"""What can be read as a reason for wrong answers, each with the request that shows whether it is one."""

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

from agents.errors import EditRefused
from agents.findings import Finding
from agents.operations import Handler, operation_of
from agents.profile import Source
from agents.rules.check import check
from agents.troubles.failures import line_of
from agents.troubles.trouble import Trouble
from sandbox.asking import Answered, Ask
from sandbox.attack.script import Step

BY_RULE = {
    "blocking call": ("GL301", "GL302", "GL303", "GL304", "GL305", "GL306", "GL310"),
    "route order": ("GL801", "GL802", "GL806", "GL809"),
    "session reuse": ("GL309", "GL402", "GL403", "GL404", "GL407", "GL410", "GL412"),
    "event loop already running": ("GL308",),
    "pydantic 1 leftover": ("GL905", "GL906", "GL907", "GL908", "GL909"),
    "CORS": ("GL509",),
}
"""Reason -> the house rules that read it."""
WAITED_S = 0.4
"""A request that waits so long for another one waits for a blocked event loop."""
FRONT_END = "http://localhost:3000"


@dataclass(frozen=True, slots=True)
class Question:
    """A reason that was read, and what to ask."""

    trouble: Trouble
    ask: Ask | None = None
    shows: Callable[[Answered], str] = lambda _: ""
    """What the answer shows, empty when it does not."""
    only_shown: bool = False
    """Not worth a word unless it is shown."""


def questions(source: Source, operations: Mapping[str, Handler]) -> list[Question]:
    """Everything there is to ask, in the order of the reasons."""
    return [*_by_rule(source, operations), *_origins(source), *_forms(source, operations)]


def plain_reads(operations: Mapping[str, Handler]) -> list[Ask]:
    """Every GET without parameters in its path, several times at once."""
    return [
        Ask(step=Step(method="GET", path=name.partition(" ")[2]), times=4)
        for name in operations
        if name.startswith("GET ") and "{" not in name
    ]


def _by_rule(source: Source, operations: Mapping[str, Handler]) -> Iterator[Question]:
    reasons = {rule: reason for reason, rules in BY_RULE.items() for rule in rules}
    for finding in check(source, only=reasons):
        reason = reasons[finding.rule]
        operation = next((n for n, handler in operations.items() if handler.holds(finding.path, finding.line)), "")
        trouble = _read(reason, finding, source)
        method, _, path = operation.partition(" ")
        if reason == "blocking call" and operation and "{" not in path and method == "GET":
            yield Question(trouble, Ask(step=Step(method=method, path=path), watch=True), _waited(operation))
        elif reason == "route order" and operation and "{" not in path:
            yield Question(trouble, Ask(step=Step(method=method, path=path)), _lost(operation))
        else:
            yield Question(trouble)


def _read(reason: str, finding: Finding, source: Source) -> Trouble:
    what, _, change = finding.message.partition(": ")
    sentences = finding.message.split(". ")
    change = f"{sentences[-1]}" if len(sentences) > 1 else f"See greenloop rules {finding.rule}."
    what = ". ".join(sentences[:-1]) + "." if len(sentences) > 1 else finding.message
    code = line_of(source, finding.path, finding.line)
    return Trouble(reason=reason, what=what, change=change, path=finding.path, line=finding.line, code=code)


def _waited(operation: str) -> Callable[[Answered], str]:
    return lambda answer: (
        f"another request waited {answer.delay_s:.1f} s while {operation} was answered"
        if answer.delay_s > WAITED_S
        else ""
    )


def _lost(operation: str) -> Callable[[Answered], str]:
    def shows(answer: Answered) -> str:
        told = " ".join(answer.text.split())[:200]
        return f"{operation} answered {answer.status}: {told}" if answer.status in (404, 405, 422) else ""

    return shows


def _origins(source: Source) -> Iterator[Question]:
    """Origins that no browser ever sends, and a front end beside a service that lets no other origin read."""
    there = False
    for path, tree in _trees(source):
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute) and _last(node) == "CORSMiddleware":
                there = True
            if isinstance(node, ast.keyword) and node.arg == "allow_origins" and isinstance(node.value, ast.List):
                yield from _unsent(source, path, node.value)
    front = next((f for f in source.files() if f.endswith("package.json") and "node_modules" not in f), "")
    if front and not there:
        trouble = Trouble(
            reason="CORS", what=f"The front end of {front} runs on another origin: its browser may not read answers.",
            change="Add CORSMiddleware with the front end's origin in allow_origins.", path=front, line=1,
        )  # fmt: skip
        yield Question(trouble, _preflight(FRONT_END), _refused(FRONT_END), only_shown=True)


def _unsent(source: Source, path: str, listed: ast.List) -> Iterator[Question]:
    for item in listed.elts:
        text = item.value if isinstance(item, ast.Constant) and isinstance(item.value, str) else ""
        scheme, mark, rest = text.partition("://")
        host, slash, _ = rest.partition("/")
        if not text or text == "*" or (mark and not slash):
            continue
        origin = f"{scheme}://{host}" if mark else f"http://{text.partition('/')[0]}"
        trouble = Trouble(
            reason="CORS", what=f"Browsers send the origin as `{origin}`; `{text}` never matches it.",
            change=f'Write "{origin}": scheme, host and port, no slash at the end.', path=path, line=item.lineno,
            code=line_of(source, path, item.lineno),
        )  # fmt: skip
        yield Question(trouble, _preflight(origin), _refused(origin), only_shown=True)


def _preflight(origin: str) -> Ask:
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    return Ask(step=Step(method="OPTIONS", path="/openapi.json", headers=headers))


def _refused(origin: str) -> Callable[[Answered], str]:
    return lambda answer: (
        ""
        if "access-control-allow-origin" in answer.headers
        else f"the preflight of {origin} is answered {answer.status} without access-control-allow-origin"
    )


def _forms(source: Source, operations: Mapping[str, Handler]) -> Iterator[Question]:
    """HTML forms whose operation expects JSON or a query."""
    for page in (f for f in source.files() if f.endswith((".html", ".htm", ".jinja", ".jinja2", ".j2"))):
        try:
            forms = _Forms(source.read(page)).found
        except EditRefused:
            continue
        for action, fields, upload in forms:
            operation = operation_of(f"POST {action}", operations)
            handler = operations.get(operation)
            if handler is None or upload:
                continue
            names = ", ".join(fields)
            trouble = Trouble(
                reason="422 on a form",
                what=f"The form in {page} sends {names or 'its fields'} as a form, which {operation} does not read.",
                change="Declare each field with `Annotated[str, Form()]`, or a model with `Annotated[Model, Form()]`.",
                path=handler.path, line=handler.line, code=line_of(source, handler.path, handler.line),
            )  # fmt: skip
            step = Step(method="POST", path=action, form=dict.fromkeys(fields, "1"))
            yield Question(trouble, Ask(step=step), _not_read(operation), only_shown=True)


def _not_read(operation: str) -> Callable[[Answered], str]:
    def shows(answer: Answered) -> str:
        try:
            detail = json.loads(answer.text)["detail"]
            kinds = {str(row["type"]) for row in detail} if answer.status == 422 else set()
        except (ValueError, KeyError, TypeError):
            return ""
        unread = {"missing", "model_attributes_type", "dict_type", "json_invalid"}
        return f"{operation} with the form's fields answered 422: {answer.text[:200]}" if kinds & unread else ""

    return shows


class _Forms(HTMLParser):
    """Forms that are posted: action, names of fields, whether a file is among them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str], bool]] = []
        self._open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = given.get("method", "get").lower() == "post" and given.get("action", "").startswith("/")
            if self._open:
                self.found.append((given["action"], [], "multipart" in given.get("enctype", "")))
        elif self._open and tag in ("input", "select", "textarea") and given.get("name"):
            self.found[-1][1].append(given["name"])

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "form"


def _trees(source: Source) -> Iterator[tuple[str, ast.Module]]:
    for path in source.files():
        if path.endswith(".py"):
            try:
                yield path, ast.parse(source.read(path))
            except (EditRefused, SyntaxError, ValueError, RecursionError):
                continue


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr
