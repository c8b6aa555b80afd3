"""What reviews remember: dismissals in the repository, and what the review before found."""

import datetime
import hashlib
import json
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from workflows.record import write_durably
from workflows.review.findings import Dismissal, ReviewFinding

DISMISSED = ".greenloop/dismissed.toml"
_HEAD = "# What `greenloop review` found and somebody looked at: it is not shown again.\n"


class UnreadableDismissals(ValueError):
    """The file is not as it should be; the message says where."""


def dismissals_in(text: str) -> dict[str, Dismissal]:
    """Id -> its dismissal.

    Raises:
        UnreadableDismissals: not TOML, or an entry without id or reason.
    """
    try:
        rows = tomllib.loads(text).get("dismissed", [])
        found = [Dismissal.model_validate(row) for row in rows]
    except (tomllib.TOMLDecodeError, ValidationError, AttributeError, TypeError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise UnreadableDismissals(f"{DISMISSED}: {first}; each entry is [[dismissed]] with id and reason") from None
    return {one.id: one for one in found}


def dismiss(repo: Path, finding_id: str, reason: str, message: str = "") -> Dismissal:
    """Write one dismissal into the repository's file; the same id again gets the new reason.

    Raises:
        UnreadableDismissals: the file that is there cannot be read.
        OSError: it cannot be written.
    """
    path = repo / DISMISSED
    if path.is_symlink() or path.parent.is_symlink():
        raise UnreadableDismissals(f"{DISMISSED}: a symbolic link, which is not followed")
    known = dismissals_in(path.read_text("utf-8")) if path.is_file() else {}
    made = Dismissal(id=finding_id, reason=reason, on=datetime.datetime.now(datetime.UTC).date().isoformat(),
                     message=message)  # fmt: skip
    known[finding_id] = made
    path.parent.mkdir(exist_ok=True)
    write_durably(path, (_HEAD + "".join(_entry(one) for one in known.values())).encode())
    path.chmod(0o644)
    return made


def _entry(one: Dismissal) -> str:
    rows = [f"{name} = {_text(value)}" for name, value in one.model_dump().items() if value]
    return "\n[[dismissed]]\n" + "\n".join(rows) + "\n"


def _text(value: str) -> str:
    """A TOML string; JSON's escapes are TOML's, but for the delete character and surrogates."""
    plain = " ".join(value.split()).replace("\x7f", "").encode("utf-8", "replace").decode()
    return json.dumps(plain, ensure_ascii=False)


def message_of(state_dir: Path, repo: Path, finding_id: str) -> str:
    """What any review of the repository said of a finding; empty when none did."""
    for path in _folder(state_dir, repo).glob("*.json"):
        message = (_read(path) or {}).get(finding_id)
        if message:
            return message
    return ""


class Seen:
    """What the review before found, kept apart by repository and by what was reviewed."""

    def __init__(self, state_dir: Path, repo: Path, scope: str) -> None:
        self._path = _folder(state_dir, repo) / f"{hashlib.sha256(scope.encode()).hexdigest()[:16]}.json"

    def load(self) -> dict[str, str] | None:
        """Id -> message; None when there was no review."""
        return _read(self._path)

    def save(self, findings: Sequence[ReviewFinding]) -> None:
        """Remember these for the next time."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(self._path, json.dumps({f.id: f.message for f in findings}).encode())


def _folder(state_dir: Path, repo: Path) -> Path:
    return state_dir / "reviews" / "seen" / hashlib.sha256(os.fsencode(repo.resolve())).hexdigest()[:24]


def _read(path: Path) -> dict[str, str] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else None
