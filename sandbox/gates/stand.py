"""Two trees and one sandbox: the code before a change and after it, one at a time where the gates look."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.container import DockerSandbox
from sandbox.listing import Listing
from sandbox.mirror import Courier, Mirror
from sandbox.protocol import SOURCE
from sandbox.reports import Service
from sandbox.trust import kind_of

Side = Literal["base", "head"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """What a change is made of."""

    base: Listing
    head: Listing
    changed: Collection[str]
    """Paths that differ."""
    services: Mapping[Side, Service | None]

    def side(self, side: Side) -> Listing:
        """One of the trees."""
        return self.base if side == "base" else self.head

    def changed_files(self, side: Side, ending: str = ".py") -> dict[str, bytes]:
        """The changed files of a kind as they are on one side, without what judges the change: that is others' work."""
        tree = self.side(side)
        mine = (path for path in self.changed if path.endswith(ending) and kind_of(path) is None)
        return dict(tree.read([path for path in mine if path in tree.keys]))


class Stand:
    """A sandbox of the head's image; `/src` holds one side at a time."""

    def __init__(self, box: DockerSandbox, trees: Trees) -> None:
        self.box, self.trees = box, trees
        self._mirror = Mirror(Courier(box), SOURCE)

    def show(self, side: Side, *, acceptance: bool = True) -> None:
        """Fill `/src` with one side, on request without its acceptance tests; only what differs is sent.

        Raises:
            EngineFault: it could not be done.
        """
        tree = self.trees.side(side)
        if not acceptance:
            tree = tree.only([path for path in tree.keys if kind_of(path) != "acceptance"])
        self._mirror.fill_from(tree.keys, tree.read)
