"""A factory of the application that needs arguments nobody gives it."""

import re

from agents.profile import Source
from agents.profile_reader import read_profile
from agents.reading.factory import given_to, required
from agents.reading.modules import Function, read_code
from agents.troubles.trouble import Trouble

_SAID = re.compile(r"Error loading ASGI app factory: (.+)")


def factory_trouble(said: str, source: Source) -> Trouble | None:
    """The reason, with the line of the factory, when that is what the server said."""
    found = _SAID.search(said)
    profile, code = read_profile(source), read_code(source)
    given = given_to(code, profile) if found else None
    if found is None or given is None:
        return None
    node = code.modules[profile.main_file].definitions[profile.target.partition(":")[2]]
    line = node.lineno if isinstance(node, Function) else 0
    asked = [one.arg for one in required(node)] if isinstance(node, Function) else []
    names = given.lacking or tuple(asked)
    listed = " and ".join(f"`{name}`" for name in names)
    optional = f"{names[0]}: ... | None = None"
    return Trouble(
        reason="factory with arguments",
        what=f"The application is made by a function that needs {listed}, and a server calls it with nothing.",
        change=f"Give it a default and make the value inside (`{optional}`), or write a function without arguments "
        "that calls it and name that one.",
        path=profile.main_file,
        line=line,
        code=source.read(profile.main_file).splitlines()[line - 1].strip() if line else "",
        shown=found[0][:300],
    )
