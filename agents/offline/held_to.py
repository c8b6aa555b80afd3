"""What an OpenAPI document asks for that the rules would not build, found before anything is built."""

import re
from collections.abc import Callable, Mapping

from agents.blueprints.spec import FeatureSpec
from agents.errors import EditRefused, NotUnderstood
from agents.offline.builder import files_for
from agents.openapi_contract import Operation, operations_of
from agents.profile import AppProfile, Source

SHOWN = 5
_STATUS = {"post": "201", "get": "200", "patch": "200", "delete": "204"}
"""What operations of a resource that the rules add answer."""


class _Laid:
    """A tree with files laid over it; None stands for one that is gone."""

    def __init__(self, below: Source, files: Mapping[str, str | None]) -> None:
        self._below, self._files = below, files

    def files(self) -> list[str]:
        gone = {path for path, text in self._files.items() if text is None}
        return sorted((set(self._below.files()) | set(self._files)) - gone)

    def read(self, path: str) -> str:
        if path not in self._files:
            return self._below.read(path)
        text = self._files[path]
        if text is None:
            raise EditRefused(f"no such file: {path}")
        return text


def refuse_what_is_not_offered(
    document: str, spec: FeatureSpec, profile: AppProfile, source: Source, read_profile: Callable[[Source], AppProfile]
) -> tuple[str, ...]:
    """Hold the code the rules would write against a document; returns what only the service can tell, as assumptions.

    Raises:
        NotUnderstood: it names what a new application would not offer.
        NoOpenApi: it is no document.
    """
    after = read_profile(_Laid(source, files_for(spec, profile, source)))
    missing = [told for one in operations_of(document) if (told := _missing(one, after, fresh=not profile.exists))]
    if not missing:
        return ()
    shown = ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else "")
    if profile.exists:  # its routes need not be literal, so they may be there
        return (
            f"The OpenAPI document names {shown}, which was not found in the code: the service must have it already.",
        )
    why = "The OpenAPI document names this, and the rules build nothing of the kind for the words of the request."
    way = "Ask for it in words they know (docs/offline.md), take it out of the document, or set a model"
    raise NotUnderstood(shown, f"{why} {way} (OPENAI_API_KEY or --engine).")


def _missing(operation: Operation, after: AppProfile, *, fresh: bool) -> str:
    """What of an operation will not be there; empty when all of it will. `fresh`: the rules write all of the code."""
    method, path, statuses, required = operation
    named = f"{method.upper()} {path}"
    if not any(r.method == method.upper() and _plain(r.path) == _plain(path) for r in after.routes):
        return named
    resource = next((r for r in after.resources if _plain(path) in (_plain(r.path), _plain(f"{r.path}/{{}}"))), None)
    if resource is None or not fresh:
        return ""
    if others := [one for one in statuses if one != _STATUS.get(method, one)]:
        return f"{named} with status {others[0]}"
    known = {field.name for field in resource.fields} | {f"{r.target}_id" for r in resource.relations}
    known |= {r.target for r in resource.relations} | {f"{r.target}s" for r in resource.relations}
    unknown = [name for name in required if name not in known]
    return f"{named} with the field {unknown[0]}" if unknown else ""


def _plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path.rstrip("/"))
