"""What a placed feature needs besides code: a migration after the last one, and packages in the manifest."""

import ast
import hashlib
import re

from agents.blueprints.block_catalog import BLOCKS
from agents.blueprints.fragments import Style
from agents.blueprints.migration import migration
from agents.blueprints.spec import FeatureSpec
from agents.blueprints.summary import requirements
from agents.errors import NotUnderstood
from agents.profile import Source

_BUNDLED = {"email-validator": ("pydantic[email]", "fastapi[standard]", "fastapi[all]"),
            "python-multipart": ("fastapi[standard]", "fastapi[all]")}  # fmt: skip
_NAME = re.compile(r"^\s*([A-Za-z0-9._-]+(?:\[[^\]]*\])?)")


def new_migration(source: Source, folder: str, spec: FeatureSpec, style: Style, users: bool) -> dict[str, str]:
    """The migration of a feature, chained to the head revision; empty when no table changes.

    Raises:
        NotUnderstood: the revisions there are have no single head.
    """
    changed = tuple(r for r in spec.resources if not r.exists or r.fields or r.relations)
    keys = [BLOCKS[block.name].rows for block in spec.blocks if BLOCKS[block.name].rows]
    if not changed and not users and not keys:
        return {}
    names = [*(["users"] if users else []), *keys, *(r.plural for r in changed)]
    verb = "add" if not all(r.exists for r in changed) or users or keys else "extend"
    message = f"{verb} {', '.join(names)}"
    revisions = _revisions(source, folder)
    head = _head(revisions, folder)
    revision = _next(revisions, head, message)
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:40].rstrip("_")
    text = migration(spec.model_copy(update={"resources": changed}), style, revision=revision, down_revision=head,
                     message=message, users=users)  # fmt: skip
    return {f"{folder}/{revision}_{slug}.py": text}


def _revisions(source: Source, folder: str) -> dict[str, tuple[str, ...]]:
    """Revision -> what it follows."""
    found: dict[str, tuple[str, ...]] = {}
    for path in source.files():
        if path.startswith(f"{folder}/") and path.endswith(".py") and path.count("/") == folder.count("/") + 1:
            values = _assigned(source.read(path))
            if isinstance(values.get("revision"), str):
                down = values.get("down_revision")
                found[str(values["revision"])] = (
                    tuple(down) if isinstance(down, list | tuple) else (str(down),) if down else ()
                )
    return found


def _assigned(text: str) -> dict[str, object]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    values: dict[str, object] = {}
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in targets:
                if isinstance(target, ast.Name) and target.id in ("revision", "down_revision"):
                    values[target.id] = ast.literal_eval(node.value)
    return values


def _head(revisions: dict[str, tuple[str, ...]], folder: str) -> str | None:
    followed = {down for downs in revisions.values() for down in downs}
    heads = sorted(set(revisions) - followed)
    if len(heads) > 1:
        raise NotUnderstood(
            "migration", f"{folder}: there are {len(heads)} heads ({', '.join(heads)}); merge them first."
        )
    return heads[0] if heads else None


def _next(revisions: dict[str, tuple[str, ...]], head: str | None, message: str) -> str:
    if head and head.isdigit():
        return str(int(head) + 1).zfill(len(head))
    return "0001" if head is None else hashlib.sha256(f"{head} {message}".encode()).hexdigest()[:12]


def new_requirements(source: Source, spec: FeatureSpec, login: bool, database: bool) -> dict[str, str]:
    """The manifest with the packages the feature needs, when some are missing."""
    wanted = [*requirements(spec, login=login), *(["sqlalchemy>=2.0"] if database else [])]
    files = source.files()
    path = next((f for f in ("requirements.txt", "requirements/base.txt", "pyproject.toml") if f in files), None)
    if path is None or not wanted:
        return {}
    text = source.read(path)
    have = _names(text, path)
    missing = [w for w in wanted if not _satisfied(w, have)]
    if not missing:
        return {}
    return {path: _appended(text, missing) if path.endswith(".txt") else _with_dependencies(text, missing)}


def _names(text: str, path: str) -> set[str]:
    lines = text.splitlines() if path.endswith(".txt") else re.findall(r"[\"']([^\"'\n]+)[\"']", text)
    return {match.group(1).lower().replace("_", "-") for line in lines if (match := _NAME.match(line))}


def _satisfied(wanted: str, have: set[str]) -> bool:
    match = _NAME.match(wanted)
    name = match.group(1) if match else wanted
    plain = name.partition("[")[0]
    return any(h.partition("[")[0] == plain and (h == name or "[" not in name) for h in have) or any(
        bundle in have for bundle in _BUNDLED.get(plain, ())
    )


def _appended(text: str, missing: list[str]) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    start = text if text.endswith("\n") or not text else text + end
    return start + "".join(line + end for line in missing)


def _with_dependencies(text: str, missing: list[str]) -> str:
    """`[project] dependencies` with more entries; unchanged when the array is not where it usually is."""
    match = re.search(r"(?ms)^\[project\].*?^dependencies\s*=\s*\[(.*?)^\]", text)
    if match:
        body = match.group(1)
        gap = "" if body.rstrip().endswith(",") or not body.strip() else ","
        entries = "".join(f'    "{entry}",\n' for entry in missing)
        return text[: match.start(1)] + body.rstrip() + gap + "\n" + entries + text[match.end(1) :]
    inline = re.search(r"(?m)^dependencies\s*=\s*\[([^\]\n]*)\]$", text)
    if inline:
        entries = ", ".join(f'"{entry}"' for entry in missing)
        gap = ", " if inline.group(1).strip() else ""
        return text[: inline.end(1)] + gap + entries + text[inline.end(1) :]
    return text
