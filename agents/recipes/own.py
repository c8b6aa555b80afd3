"""Recipes of a repository's own: ast-grep rules and programs in `.greenloop/recipes`."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import yaml

from agents.recipes.finish import finish
from agents.recipes.globs import any_glob
from agents.recipes.recipe import Outcome, WrongArgument
from agents.recipes.repo import Note, Repo
from sandbox.protocol import Sandbox
from sandbox.recipe_run import run_program

FOLDER = ".greenloop/recipes"
_SECONDS = 60
_KINDS: dict[str, Literal["rule", "program"]] = {".yml": "rule", ".yaml": "rule", ".py": "program"}


@dataclass(frozen=True, slots=True)
class OwnRecipe:
    """One file of a repository's recipes."""

    name: str
    path: str
    kind: Literal["rule", "program"]
    """An ast-grep rule works on text; a program of Python runs in a sandbox and nowhere else."""
    text: str
    summary: str


def own_recipes(files: Mapping[str, str | bytes]) -> tuple[OwnRecipe, ...]:
    """The recipes among a repository's files, by name.

    Raises:
        WrongArgument: two have the same name, or one cannot be read as text.
    """
    found: dict[str, OwnRecipe] = {}
    for path in sorted(files):
        name = PurePosixPath(path)
        if str(name.parent) != FOLDER or name.suffix not in _KINDS or name.stem.startswith("_"):
            continue
        content = files[path]
        try:
            text = content.decode("utf-8") if isinstance(content, bytes) else content
        except UnicodeDecodeError:
            raise WrongArgument(f"{path}: not UTF-8 text") from None
        if name.stem in found:
            raise WrongArgument(f"{path}: {found[name.stem].path} has the same name")
        kind = _KINDS[name.suffix]
        found[name.stem] = OwnRecipe(name.stem, path, kind, text, _summary(text, kind))
    return tuple(found.values())


def apply_own(
    own: OwnRecipe, files: Mapping[str, str | bytes], paths: Sequence[str] = (), box: Sandbox | None = None
) -> Outcome:
    """Work out what a repository's own recipe changes; a program needs a sandbox.

    Raises:
        WrongArgument: the rule is none, or the program failed; the message is one line with its path.
        EngineFault: the sandbox broke.
    """
    if own.kind == "rule":
        return _apply_rule(own, files, paths)
    if box is None:
        raise WrongArgument(f"{own.path}: a program runs in a sandbox only")
    repo = Repo.of(files, paths, tests=True)
    done = run_program(box, own.path, own.text, repo.given)
    if done.error:
        raise WrongArgument(f"{own.path}{f':{done.line}' if done.line else ''}: {done.error}")
    outside = [path for path in done.changes if paths and not any_glob(path, paths)]
    notes = tuple(Note(path, 0, "is not among the paths and stays as it was") for path in outside)
    return Outcome({path: text for path, text in done.changes.items() if path not in outside}, notes)


def _summary(text: str, kind: str) -> str:
    """The rule's message or the first line of the program's docstring; empty when there is none."""
    if kind == "program":
        import ast

        try:
            return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        except (SyntaxError, ValueError):
            return ""
    try:
        rules = _rules(text)
    except (yaml.YAMLError, ValueError):
        return ""
    return " ".join(str(rules[0].get("message", "")).split()) if rules else ""


def _rules(text: str) -> list[dict[str, object]]:
    loaded = [rule for rule in yaml.safe_load_all(text) if rule is not None]
    if not loaded or not all(isinstance(rule, dict) for rule in loaded):
        raise ValueError("not ast-grep rules")
    return loaded


def _apply_rule(own: OwnRecipe, files: Mapping[str, str | bytes], paths: Sequence[str]) -> Outcome:
    try:
        rules = _rules(own.text)
    except (yaml.YAMLError, ValueError) as error:
        raise WrongArgument(f"{own.path}: {' '.join(str(error).split())}") from None
    for rule in rules:
        if str(rule.get("language", "")).lower() not in ("python", "py"):
            raise WrongArgument(f"{own.path}: only rules with `language: python` are recipes")
        if "fix" not in rule:
            raise WrongArgument(f"{own.path}: a rule without `fix` changes nothing")
    repo = Repo.of(files, paths)
    with tempfile.TemporaryDirectory() as empty:
        for path in list(repo.in_scope()):
            _settle(own, repo, path, empty)
    changes: dict[str, str | None] = {p: t for p, t in repo.texts.items() if repo.given[p] != t}
    return Outcome(changes, tuple(repo.notes))


def _settle(own: OwnRecipe, repo: Repo, path: str, folder: str) -> None:
    """Apply the rules to one file until they find nothing more; a few rounds have to be enough."""
    text = before = repo.texts[path]
    for _ in range(5):
        after = _replaced(own, text, folder)
        if after == text:
            break
        text = after
    else:
        repo.leave(path, 0, f"{own.name} finds something to change in its own result")
        return
    try:
        finish(repo, path, text)
    except (SyntaxError, ValueError) as error:
        repo.texts[path] = before
        repo.leave(path, 0, f"the result would not be Python ({error})")


def _replaced(own: OwnRecipe, text: str, folder: str) -> str:
    """One pass of ast-grep; where two matches overlap, the outer goes first and the inner waits for the next pass."""
    command = [_ast_grep(), "scan", "--stdin", "--json=compact", "--inline-rules", own.text]
    environment = {"PATH": os.defpath, "HOME": folder, "LANG": "C.UTF-8"}
    done = subprocess.run(
        command, input=text.encode(), capture_output=True, timeout=_SECONDS, cwd=folder, env=environment, check=False
    )
    if not done.stdout.strip().startswith(b"["):
        raise WrongArgument(f"{own.path}: {_first_cause(done.stderr.decode('utf-8', 'replace'))}")
    content, floor = text.encode(), len(text.encode()) + 1
    edits = [(m["replacementOffsets"], m["replacement"]) for m in json.loads(done.stdout) if "replacement" in m]
    outer: list[tuple[int, int, str]] = []
    for at, new in sorted(edits, key=lambda edit: (edit[0]["start"], -edit[0]["end"])):
        if not outer or at["start"] >= outer[-1][1]:
            outer.append((at["start"], at["end"], new))
    for start, end, new in reversed(outer):
        if end <= floor:
            content = content[:start] + new.encode() + content[end:]
            floor = start
    return content.decode()


def _first_cause(said: str) -> str:
    lines = [line.strip(" ╰▻│✖") for line in said.splitlines() if "▻" in line]
    return (lines[-1] if lines else said.strip().partition("\n")[0]) or "ast-grep cannot read this rule"


def _ast_grep() -> str:
    """The program the package `ast-grep-cli` puts beside Python."""
    return shutil.which("ast-grep", path=str(Path(sys.executable).parent)) or shutil.which("ast-grep") or "ast-grep"
