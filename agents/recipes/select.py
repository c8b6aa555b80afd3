"""`session.query(...)` becomes `select(...)`, where every part of the chain has an equal."""

import re
from dataclasses import dataclass

import libcst as cst

from agents.recipes import args
from agents.recipes.classes import descendants
from agents.recipes.packages import allows
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import rewrite_files

_HINT = r"\.query\("
_SAME = {
    "filter_by", "order_by", "limit", "offset", "join", "outerjoin", "options", "distinct", "group_by", "having",
    "with_for_update", "execution_options", "where", "select_from",
}  # fmt: skip
_DUPLICATES = r"joinedload\(|contains_eager\(|lazy\s*=\s*(?:[\"']joined[\"']|False)"


@dataclass(frozen=True, slots=True)
class _Link:
    """One method of the chain."""

    name: str
    call: cst.Call


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the repository tells about its queries."""

    mapped: frozenset[str]
    eager: bool
    """Rows may come more than once, so that they have to be made unique as Query does by itself."""


def rewrite(repo: Repo) -> None:
    """Rewrite every chain that begins at a session and ends in the same expression."""
    paths = repo.mentioning(_HINT)
    if not paths:
        return
    if not allows(repo, "sqlalchemy", "1.4.24"):
        repo.leave(paths[0], 0, "the required sqlalchemy is older than 1.4.24, which has no Session.scalars")
        return
    own = repo.first_line(r"\bquery_cls\s*=|class \w+\((?:[\w.]+\.)?Query\)", repo.python)
    if own:
        repo.leave(*own, "queries are of a class of their own")
        return
    roots = {"sqlalchemy.orm.DeclarativeBase", "sqlmodel.SQLModel", *_made_bases(repo)}
    mapped = frozenset(descendants(repo, roots))
    facts = _Facts(mapped, repo.first_line(_DUPLICATES, repo.python) is not None)
    rewrite_files(repo, paths, lambda file: _rewrite_file(file, facts))


def _made_bases(repo: Repo) -> set[str]:
    """Absolute names of what `declarative_base()` made."""
    found = set()
    for path in repo.mentioning(r"declarative_base\(", everywhere=True):
        module = path.removeprefix("src/").removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        names = re.findall(r"(?m)^(\w+)(?:\s*:[^=\n]+)?\s*=\s*(?:[\w.]+\.)?declarative_base\(", repo.texts[path])
        found |= {f"{module}.{name}" for name in names}
    return found


def _rewrite_file(file: PyFile, facts: _Facts) -> None:
    for call in file.find(cst.Call):
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "query" and call.args:
            if not _is_session(file, call.func.value) or not any(_entity(file, a.value, facts) for a in call.args):
                continue
            try:
                _rewrite_chain(file, call, facts)
            except Unsure as unsure:
                file.leave(unsure.node, str(unsure))


def _is_session(file: PyFile, node: cst.BaseExpression) -> bool:
    """A name or attribute that is called like a session, or annotated as one."""
    last = file.code(node).rpartition(".")[2]
    return isinstance(node, cst.Name | cst.Attribute) and bool(re.search(r"(?i)session|^_?db$|database", last))


def _entity(file: PyFile, node: cst.BaseExpression, facts: _Facts) -> str:
    """`model` for a mapped class, `column` for an attribute of one or a function of sqlalchemy; else empty."""
    if file.means(node, *facts.mapped):
        return "model"
    if isinstance(node, cst.Attribute) and file.means(node.value, *facts.mapped):
        return "column"
    if isinstance(node, cst.Call):
        func = node.func
        if isinstance(func, cst.Attribute) and file.means(func.value, "sqlalchemy.func"):
            return "column"
        if isinstance(func, cst.Attribute) and func.attr.value == "label":
            return _entity(file, func.value, facts)
    return ""


def _rewrite_chain(file: PyFile, query: cst.Call, facts: _Facts) -> None:
    kinds = [_entity(file, arg.value, facts) for arg in query.args]
    if not all(kinds) or any(arg.keyword or arg.star for arg in query.args):
        raise Unsure(query, "what is queried is not certainly a mapped class or its columns")
    links, outer = _links(file, query)
    session = file.code(cst.ensure_type(query.func, cst.Attribute).value)
    one_model = kinds == ["model"]
    if not links:
        _rewrite_bare(file, query, session, one_model)
        return
    last, middle = links[-1], links[:-1]
    for link in middle:
        if link.name not in _SAME | {"filter"}:
            raise Unsure(link.call, f"`{link.name}` in the middle of a query has no equal in a select")
    unique = one_model and (facts.eager or any(link.name in ("join", "outerjoin", "options") for link in links))
    new = _ended(file, query, session, middle, last, one_model=one_model, unique=unique)
    file.edit(outer, new)


def _links(file: PyFile, query: cst.Call) -> tuple[list[_Link], cst.Call]:
    """The methods called on the query in turn, and the whole expression."""
    links: list[_Link] = []
    node = query
    while True:
        attribute = file.parent(node)
        call = file.parent(attribute)
        if not isinstance(attribute, cst.Attribute) or attribute.value is not node:
            return links, node
        if not isinstance(call, cst.Call) or call.func is not attribute:
            raise Unsure(attribute, f"`{attribute.attr.value}` of a query has no equal in a select")
        links.append(_Link(attribute.attr.value, call))
        node = call


def _statement(file: PyFile, query: cst.Call, middle: list[_Link]) -> str:
    select = file.need("sqlalchemy", "select")
    text = f"{select}({_arguments(file, query)})"
    for link in middle:
        name = "where" if link.name == "filter" else link.name
        text += f".{name}({_arguments(file, link.call)})"
    return text


def _arguments(file: PyFile, call: cst.Call) -> str:
    if not call.args:
        return ""
    start, end = file.span(call.args[0])[0], file.span(call.args[-1])[1]
    return file.text[start:end]


def _ended(
    file: PyFile, query: cst.Call, session: str, middle: list[_Link], last: _Link, *, one_model: bool, unique: bool
) -> str:
    name, given = last.name, last.call.args
    if name in ("all", "first", "one", "one_or_none", "scalar", "count") and given:
        raise Unsure(last.call, f"`{name}` with arguments")
    if name == "get":
        if middle or not one_model or len(args.positional(last.call)) != 1:
            raise Unsure(last.call, "`get` behind other methods")
        return f"{session}.get({_arguments(file, query)}, {_arguments(file, last.call)})"
    if name in ("delete", "update"):
        return _changed(file, query, session, middle, last)
    statement = _statement(file, query, middle)
    if name == "count":
        func = file.need("sqlalchemy", "func")
        select = file.need("sqlalchemy", "select")
        return f"{session}.scalar({select}({func}.count()).select_from({statement}.subquery()))"
    if name == "scalar":
        return f"{session}.execute({statement}).scalar_one_or_none()"
    if name not in ("all", "first", "one", "one_or_none"):
        raise Unsure(last.call, f"a query that ends in `{name}` goes on somewhere else")
    limit = ".limit(1)" if name == "first" else ""
    if name == "first" and any(link.name == "limit" for link in middle):
        raise Unsure(last.call, "`first` behind a `limit`")
    rows = f"{session}.scalars({statement}{limit})" if one_model else f"{session}.execute({statement}{limit})"
    return f"{rows}{'.unique()' if unique else ''}.{name}()"


def _changed(file: PyFile, query: cst.Call, session: str, middle: list[_Link], last: _Link) -> str:
    """`delete()` and `update({...})`; the number of rows only where it is asked for."""
    if any(link.name not in ("filter", "filter_by", "where") for link in middle) or len(query.args) != 1:
        raise Unsure(last.call, f"`{last.name}` behind other methods than filters")
    values = [arg for arg in last.call.args if not arg.keyword]
    options = [arg for arg in last.call.args if arg.keyword]
    if any(arg.keyword and arg.keyword.value != "synchronize_session" for arg in options) or len(values) > 1:
        raise Unsure(last.call, f"`{last.name}` with other arguments")
    text = f"{file.need('sqlalchemy', last.name)}({_arguments(file, query)})"
    for link in middle:
        text += f".{'where' if link.name == 'filter' else link.name}({_arguments(file, link.call)})"
    if last.name == "update":
        text += f".values({file.code(values[0].value)})" if values else ""
    if options:
        text += f".execution_options(synchronize_session={file.code(options[0].value)})"
    counted = "" if isinstance(file.parent(last.call), cst.Expr) else ".rowcount"
    return f"{session}.execute({text}){counted}"


def _rewrite_bare(file: PyFile, query: cst.Call, session: str, one_model: bool) -> None:
    """A query that is walked through at once."""
    parent = file.parent(query)
    if isinstance(parent, cst.For | cst.CompFor) and parent.iter is query:
        rows = "scalars" if one_model else "execute"
        file.edit(query, f"{session}.{rows}({_statement(file, query, [])})")
        return
    raise Unsure(query, "the query is put together in more than one place")


RECIPE = Recipe("sqlalchemy-select", rewrite, by="libcst")
