"""Recipes in a run: each is worked out once for a tree; programs of the repository run in the sandbox."""

import hashlib
from collections.abc import Mapping, Sequence

from agents.recipes.recipe import Outcome
from agents.refactoring.steps import Change, changed_by
from sandbox.protocol import Sandbox
from workflows.lab import Lab


def change_in(lab: Lab) -> Change:
    """What recipes do to trees of a run."""

    def box() -> Sandbox:
        return lab.engine.open(lab.image(lab.workspace.base), run_id=lab.run_id, limits=lab.limits)

    def change(name: str, files: Mapping[str, bytes], paths: Sequence[str]) -> Outcome:
        digest = hashlib.sha256(repr((name, tuple(paths))).encode())
        for path in sorted(files):
            digest.update(path.encode() + b"\0" + hashlib.sha256(files[path]).digest())
        key = f"recipe {digest.hexdigest()}"
        if key not in lab.remembered:
            lab.remembered[key] = changed_by(name, files, paths, box)
            lab.engine.refuse_if_stopped()
        found: Outcome = lab.remembered[key]
        return found

    return change
