"""One resource as code in the style of the application it goes into."""

from agents.blueprints.fragments import Fragment, ResourceFragments, Style
from agents.blueprints.handlers import ADMIN, Handlers
from agents.blueprints.imports import KNOWN_IMPORTS, imports_for
from agents.blueprints.names import module_path
from agents.blueprints.render import render_python
from agents.blueprints.spec import FeatureSpec, ResourceSpec
from agents.blueprints.view import View, view


def resource_fragments(resource: ResourceSpec, spec: FeatureSpec, style: Style) -> ResourceFragments:
    """One resource in pieces, rendered in `style`.

    Raises:
        NotUnderstood: the specification asks for something that cannot be rendered; the message says what to change.
    """
    v = view(resource, spec, style)
    repository = None
    if style.repository_module is not None:
        repository = _fragment(v, "repository")
        bound = "list" in v.actions and not v.paginated and not v.cursor
        limit = f"MAX_{v.plural.upper()} = 1000\n" if bound else ""
        repository = Fragment(repository.imports, f"{limit}\n\n{repository.body}".lstrip("\n"))
    return ResourceFragments(
        model=_fragment(v, "model"),
        schemas=_fragment(v, "schemas"),
        repository=repository,
        routes=_fragment(v, "routes"),
        association=_fragment(v, "association") if v.links else None,
    )


def _fragment(v: View, piece: str) -> Fragment:
    body = render_python(f"resource/{piece}.py.j2", v=v, h=Handlers(v))
    return Fragment(imports_for(body, KNOWN_IMPORTS | _own_imports(v, piece)), body)


def _own_imports(v: View, piece: str) -> dict[str, str]:
    """Import statements of the application's own names, for one piece of one resource."""
    style = v.style
    schemas = module_path(style.schema_module, v.name, v.plural)
    repository = module_path(style.repository_module or "", v.name, v.plural)
    pairs = [(v.target.model.module, v.cls), (style.base.module, style.base.name)]
    pairs += [(style.session.module, style.session.name)]
    pairs += [(parent.target.model.module, parent.target.model.name) for parent in v.parents]
    pairs += [(link.target.model.module, link.target.model.name) for link in v.links]
    pairs += [(symbol.module, symbol.name) for symbol in (style.current_user, style.moment, style.url) if symbol]
    pairs += [(style.current_user.module, ADMIN)] if v.admin and style.current_user else []
    pairs += [(repository, f"{v.cls}Repository")]
    names = [*v.enums, *(f"{v.cls}{kind}" for kind in ("Create", "Update", "Read", "Page")), v.moment, v.url]
    pairs += [(schemas, name) for name in names if name not in {known for _, known in pairs}]
    if piece == "schemas":
        pairs = [pair for pair in pairs if pair[0] != schemas]
    return {name: f"from {module} import {name}" if module else "" for module, name in pairs}
