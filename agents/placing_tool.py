"""A tool for builders on a chat model: tested building blocks placed by rule, asked for in words."""

from pydantic import Field

from agents.contracts import FileEdit
from agents.desk import apply_edit
from agents.errors import Contradiction, EditRefused, NotUnderstood
from agents.roles import Desk
from agents.tools import Result, Tool


class PlaceBlueprint(Tool):
    """Place tested FastAPI building blocks instead of writing them: a new application, resources with fields,
    relations, lists, guards, owners, a login with refresh tokens and roles, rate limits, ETags, CORS, uploads, CSV,
    server-sent events, WebSocket channels, idempotency keys, retention, signed webhooks received and sent, a client
    of another service, background exports, counts by the clock. Say what in plain sentences; files are created and
    changed in the repository's own layout. All or nothing: what the rules do not understand or cannot place for
    certain is said, and nothing is changed."""

    name = "place_blueprint"
    request: str = Field(
        min_length=1,
        description="e.g. 'Add reviews of books with rating 1-5 and text. List reviews newest first, paginated. "
        "Require login to create or delete reviews.'",
    )

    async def act(self, desk: Desk) -> Result:
        try:
            files, by_hand = _files(self.request, desk)
        except (NotUnderstood, Contradiction) as error:
            return Result(text=f"Nothing was placed. {error}", failed=True)
        edits = tuple(_edit(path, text) for path, text in sorted(files.items()))
        before = {path: desk.read(path) if path in desk.files() else None for path in files}
        try:
            for edit in edits:
                apply_edit(desk, edit)
        except EditRefused as error:
            _put_back(desk, before)
            return Result(text=f"Nothing was placed. {error}", failed=True)
        listed = "\n".join(f"{'deleted' if e.action == 'delete' else 'written'}: {e.path}" for e in edits)
        listed = "\n".join((listed, *by_hand))
        return Result(text=f"{listed}\nRead what you build on, and run the tests.", edits=edits)


def _files(request: str, desk: Desk) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """What the rules make of the request here, and what they leave to others."""
    from agents.blueprints import compose
    from agents.blueprints.blocks import block_needs
    from agents.offline.builder import files_for
    from agents.offline.grammar import read_request
    from agents.profile_reader import read_profile

    profile = read_profile(desk)
    spec = read_request(request, profile)
    by_hand = compose.notes(desk, block_needs(spec.blocks)) if profile.exists else ()
    return files_for(spec, profile, desk), by_hand


def _edit(path: str, text: str | None) -> FileEdit:
    return FileEdit(path=path, action="delete") if text is None else FileEdit(path=path, action="write", content=text)


def _put_back(desk: Desk, before: dict[str, str | None]) -> None:
    """The tree as it was before the first edit."""
    have = set(desk.files())
    for path, text in before.items():
        if text is None and path in have:
            desk.delete(path)
        elif text is not None and (path not in have or desk.read(path) != text):
            desk.write(path, text)
