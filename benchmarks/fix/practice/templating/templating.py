"""Templates: `{{ user.name|upper }}`, `{% if paid %}…{% else %}…{% end %}`, `{% for item in items %}…{% end %}`."""

import html
import re

TAG = re.compile(r"\{\{(.+?)\}\}|\{%(.+?)%\}")


class TemplateError(Exception):
    pass


class Safe(str):
    """Text that is not escaped again."""


FILTERS = {
    "upper": lambda value, _: str(value).upper(),
    "default": lambda value, other: other if value is None else value,
    "join": lambda value, glue: (glue or ", ").join(str(one) for one in value),
    "size": lambda value, _: len(value),
    "raw": lambda value, _: Safe(value),
}


def tokens(text):
    """`(kind, value, line)`; the kind is text, out or tag."""
    position, line = 0, 1
    for match in TAG.finditer(text):
        if match.start() > position:
            yield "text", text[position : match.start()], line
            line += text.count("\n", position, match.start())
        out, tag = match.groups()
        if out is not None:
            yield "out", out.strip(), line
        else:
            yield "tag", tag.strip(), line
        position = match.end()
    if position < len(text):
        yield "text", text[position:], line


def parse(stream, until=()):
    """Nodes up to one of the tags in `until`, and that tag.

    Raises TemplateError for a tag nobody knows and for a missing end.
    """
    nodes = []
    for kind, value, line in stream:
        if kind != "tag":
            nodes.append((kind, value))
            continue
        word, _, rest = value.partition(" ")
        if word in until:
            return nodes, word
        if word == "if":
            yes, end = parse(stream, ("else", "end"))
            no = []
            if end == "else":
                no, end = parse(stream, ("end",))
            nodes.append(("if", rest.strip(), yes, no))
        elif word == "for":
            name, _, items = rest.partition(" in ")
            body, _ = parse(stream, ("end",))
            nodes.append(("for", name.strip(), items.strip(), body))
        else:
            raise TemplateError(f"line {line}: unknown tag {word}")
    if until:
        raise TemplateError("an end is missing")
    return nodes, None


def lookup(path, scope):
    """The value of `a.b.0`, None when there is none."""
    value = scope
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, (list, tuple)) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = getattr(value, part, None)
    return value


def evaluate(expression, scope):
    """The value of `path|filter|filter:argument`, or of `not path`."""
    path, *filters = [part.strip() for part in expression.split("|")]
    if path.startswith("not "):
        return not evaluate(path[4:], scope)
    value = lookup(path, scope)
    for one in filters:
        name, _, argument = one.partition(":")
        if name not in FILTERS:
            raise TemplateError(f"unknown filter {name}")
        value = FILTERS[name](value, argument)
    return value


def fill(nodes, scope):
    parts = []
    for kind, *rest in nodes:
        if kind == "text":
            parts.append(rest[0])
        elif kind == "out":
            value = evaluate(rest[0], scope)
            if isinstance(value, Safe):
                parts.append(value)
            else:
                parts.append("" if value is None else html.escape(str(value)))
        elif kind == "if":
            condition, yes, no = rest
            parts.append(fill(yes if evaluate(condition, scope) else no, scope))
        else:
            name, items, body = rest
            for number, item in enumerate(evaluate(items, scope) or [], start=1):
                inner = {**scope, name: item, "number": number}
                parts.append(fill(body, inner))
    return "".join(parts)


def render(text, /, **scope):
    """The template with these values.

    Raises TemplateError.
    """
    nodes, _ = parse(tokens(text))
    return fill(nodes, scope)
