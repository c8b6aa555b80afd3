"""The database module of an application: engine, declarative base, one session per request."""

from agents.blueprints.fragments import Style
from agents.blueprints.render import render_python


def database_module(style: Style, asynchronous: bool = True) -> str:
    """`db.py` as a new application has it.

    It defines `Base`, `make_engine(url)`, `get_session` and `SessionDep`, and expects a session maker at
    `app.state.sessions`: `app.state.sessions = async_sessionmaker(make_engine(url), expire_on_commit=False)`
    (`sessionmaker` when not `asynchronous`).
    """
    del style  # the module sets the style of what follows
    return render_python("app/db.py.j2", asynchronous=asynchronous)
