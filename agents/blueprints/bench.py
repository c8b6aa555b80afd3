"""The files being changed while a feature is placed: read once, edited as trees, handed back together."""

import ast
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from agents.blueprints.cst_edits import FileEdit
from agents.errors import NotUnderstood
from agents.profile import AppProfile, Place, Source
from agents.reading.app import Application
from agents.reading.modules import Found, Module, module_name
from agents.reading.routes import Endpoint


@dataclass(slots=True)
class Bench:
    """Work in progress on one application."""

    source: Source
    profile: AppProfile
    app: Application
    edits: dict[str, FileEdit] = field(default_factory=dict)

    @property
    def own(self) -> frozenset[str]:
        """The application's top-level packages and modules."""
        return frozenset(m.name.split(".")[0] for m in self.app.code.modules.values())

    def edit(self, path: str) -> FileEdit:
        """The file, opened for changes."""
        if path not in self.edits:
            self.create(path, self.source.read(path))
        return self.edits[path]

    def has(self, path: str) -> bool:
        """The file is there, or was made here."""
        return path in self.edits or path in self.source.files()

    def create(self, path: str, text: str) -> FileEdit:
        """A new Python file (or a new content of one)."""
        name = module_name(path) + ("." if PurePosixPath(path).name == "__init__.py" else "")
        self.edits[path] = FileEdit.of(path, text, name, self.own)
        return self.edits[path]

    def module(self, path: str) -> Module:
        """The module read from that file."""
        return self.app.code.modules[path]

    def found(self, place: Place) -> Found:
        """The definition at a place.

        Raises:
            NotUnderstood: it is not a module-level definition.
        """
        module = self.app.code.modules.get(place.file)
        found = self.app.code.find(module, place.name) if module else None
        if found is None:
            raise NotUnderstood(
                place.name, f"{place.file}:{place.line}: not defined at module level, so it is not touched."
            )
        return found

    def result(self) -> dict[str, str]:
        """Path -> new content of every file that changed.

        Raises:
            SyntaxError: an edit is wrong (a bug of ours, found before anything is written).
        """
        there = set(self.source.files())
        changed: dict[str, str] = {}
        for path, edit in self.edits.items():
            text = edit.text
            ast.parse(text)
            if path not in there or text != self.source.read(path):
                changed[path] = text
        return changed


def qualified(endpoint: Endpoint) -> str:
    """Name of a handler as `FileEdit.function_named` takes it: `create_app.read_book` for a nested one."""
    name = endpoint.node.name
    nested = endpoint.module.definitions.get(name) is not endpoint.node
    return f"{endpoint.router.scope}.{name}" if nested and endpoint.router.scope else name
