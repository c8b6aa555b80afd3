"""What a client sends, used as HTML or as a template."""

import ast
from collections.abc import Iterator

from agents.reading.modules import keyword
from agents.rules.ask import is_false, method, text_of
from agents.rules.project import Project
from agents.rules.rule import Hit, Rule, hit
from agents.rules.sinks import built, says
from agents.rules.taint import answers, flows

_AS_HTML = (
    "is put into HTML as it is: a link with a script in it acts as whoever opens it. Use a template with autoescape, "
    "or `html.escape`."
)


def html(project: Project) -> Iterator[Hit]:
    """HTML put together from what a client sends."""
    for flow in flows(project):
        page = flow.name.endswith("HTMLResponse")
        page = page or (flow.name.endswith("Response") and text_of(keyword(flow.call, "media_type")) == "text/html")
        if (
            page
            and flow.place in (0, "content")
            and flow.taint.kind in ("text", "segment", "file name")
            and built(flow.scope, flow.value)
        ):
            yield hit(
                flow.scope,
                flow.value,
                says(flow, _AS_HTML),
            )
    for answer in answers(project):
        page_class = answer.taint.endpoint.option("response_class")
        together = page_class is not None and "HTML" in ast.unparse(page_class) and built(answer.scope, answer.value)
        if together and answer.taint.kind in ("text", "segment", "file name"):
            yield hit(
                answer.scope, answer.value, f"`{answer.taint.source}` of {answer.taint.endpoint.shown} {_AS_HTML}"
            )


def template(project: Project) -> Iterator[Hit]:
    """A template that a client writes."""
    for flow in flows(project):
        if flow.place in (0, "source") and (
            flow.name in ("jinja2.Template", "mako.template.Template") or method(flow.call) == "from_string"
        ):
            yield hit(
                flow.scope,
                flow.value,
                says(
                    flow,
                    "is a template: expressions in it run on the server and reach its settings and its shell. Pass "
                    "it as a variable.",
                ),
            )


def unescaped(project: Project) -> Iterator[Hit]:
    """A template environment for HTML without escaping."""
    for site in project.calls("jinja2.Environment", "jinja2.environment.Environment"):
        given = keyword(site.call, "autoescape")
        starred = any(k.arg is None for k in site.call.keywords)
        module = site.scope.module
        renders = "HTMLResponse" in module.imports or any(
            isinstance(n.value, str) and n.value.endswith((".html", ".html.j2", "text/html"))
            for s in project.views[module.file].scopes
            for n in s.own(ast.Constant)
        )
        own_marks = keyword(site.call, "variable_start_string") is not None
        if renders and not starred and not own_marks and (given is None or is_false(given)):
            yield hit(
                site.scope,
                site.call,
                "This environment does not escape: a name with `<script>` in it runs in the browser of everybody who "
                "sees the page. Pass `autoescape=True`.",
            )


RULES = (
    Rule("GL608", "html-from-input", "error", html),
    Rule("GL609", "template-from-input", "error", template),
    Rule("GL612", "html-not-escaped", "warning", unescaped),
)
