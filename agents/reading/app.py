"""One reading of an application: everything found, with the syntax trees the profile leaves out."""

from dataclasses import dataclass

from agents.profile import Login, Source
from agents.reading.login import read_login, security_schemes
from agents.reading.modules import Code, Found, read_code
from agents.reading.orm import OrmClass, find_base, orm_classes, session_dependencies
from agents.reading.resources import Collection, read_collections
from agents.reading.routes import Web, read_web


@dataclass(frozen=True, slots=True)
class Application:
    """What the profile is made of."""

    code: Code
    web: Web
    models: list[OrmClass]
    base: Found | None
    sessions: list[Found]
    """Functions first, then aliases."""
    collections: list[Collection]
    login: Login | None

    def collection(self, name: str) -> Collection | None:
        """The collection of that singular or plural name."""
        return next((c for c in self.collections if name in (c.resource.name, c.resource.plural)), None)


def read_application(source: Source) -> Application:
    """Read everything once."""
    code = read_code(source)
    web = read_web(code)
    models = orm_classes(code)
    schemes = [s.node for s in security_schemes(code)]
    return Application(
        code=code,
        web=web,
        models=models,
        base=find_base(code),
        sessions=session_dependencies(code),
        collections=read_collections(code, web, models, list(schemes)),
        login=read_login(code, web, models),
    )
