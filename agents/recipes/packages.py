"""What a repository requires, and changes to it: pyproject.toml (PEP 621, poetry) and requirements files."""

import re
from collections.abc import Iterator
from typing import Any

import tomlkit
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from tomlkit.exceptions import ParseError

from agents.recipes.repo import Repo

_REQUIREMENTS = re.compile(r"(?:.*/)?(?:requirements[\w.-]*\.(?:txt|in)|requirements/[\w.-]+\.(?:txt|in))")
_LOCKS = ("poetry.lock", "uv.lock", "Pipfile.lock", "pdm.lock")
_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")


def requirement(repo: Repo, name: str) -> Requirement | None:
    """How the repository requires a package; None when it does not."""
    wanted = canonicalize_name(name)
    for _, line in _lines(repo):
        try:
            found = Requirement(line)
        except InvalidRequirement:
            continue
        if canonicalize_name(found.name) == wanted:
            return found
    return None


def allows(repo: Repo, name: str, version: str) -> bool:
    """The repository lets this or a later version of a package be installed; true when it says nothing."""
    found = requirement(repo, name)
    if found is None or not found.specifier:
        return True
    floor = Version(version)
    tries = [version, *(spec.version.replace("*", "0") for spec in found.specifier), "999"]
    tries += [f"{Version(one).major}.{Version(one).minor}.999" for one in tries if one != "999"]
    return any(Version(one) >= floor and found.specifier.contains(one, prereleases=True) for one in tries)


def python_floor(repo: Repo) -> tuple[int, int]:
    """The oldest Python the repository says it runs on; 3.10 when it says nothing."""
    for spec in _python_specs(repo):
        try:
            allowed = SpecifierSet(spec)
        except InvalidSpecifier:
            continue
        return next(((3, minor) for minor in range(7, 20) if f"3.{minor}.99" in allowed), (3, 10))
    return (3, 10)


def _python_specs(repo: Repo) -> Iterator[str]:
    data = _toml(repo, "pyproject.toml") or {}
    wanted = (data.get("project") or {}).get("requires-python")
    if isinstance(wanted, str):
        yield wanted
    poetry = ((data.get("tool") or {}).get("poetry") or {}).get("dependencies") or {}
    if isinstance(poetry.get("python"), str):
        yield _pep440(poetry["python"])
    for path in ("setup.cfg", "setup.py"):
        found = re.search(r"python_requires\s*=\s*[\"']?([^\"'\n]+)", repo.texts.get(path, ""))
        if found:
            yield found[1].strip()


def _pep440(spec: str) -> str:
    """Poetry's `^3.9` as PEP 440."""
    return re.sub(r"[\^~](\d+\.\d+)", r">=\1", spec)


def require(repo: Repo, line: str, instead_of: str = "") -> None:
    """Require a package, in the place of another where one is named; what is required already stays as it is."""
    name = canonicalize_name(Requirement(line).name)
    old = canonicalize_name(instead_of) if instead_of else ""
    known = requirement(repo, name) is not None
    if known and not (old and requirement(repo, old)):
        return
    if not known and _refused(repo, line):
        return
    done = [path for path in _files(repo) if _change(repo, path, "" if known else line, old)]
    if not done and not known:
        _add_beside(repo, line)
    if not known:
        repo.added.append(line)
    if old and requirement(repo, old) is None and old not in repo.removed:
        repo.removed.append(old)
    _remind(repo, line)


def replace(repo: Repo, name: str, line: str) -> None:
    """Require a package in another version, wherever it is required."""
    if _refused(repo, line):
        return
    wanted = canonicalize_name(name)
    for path in _files(repo):
        if _change(repo, path, line, wanted) and line not in repo.added:
            repo.added.append(line)
    _remind(repo, line)


def at_least(repo: Repo, name: str, version: str) -> None:
    """Raise the lower bound of a requirement, so that nothing older is installed; what is above already stays."""
    found = requirement(repo, name)
    if found is None or not any(found.specifier.contains(old, prereleases=True) for old in _below(version)):
        return
    kept = [str(spec) for spec in found.specifier if spec.operator in ("<", "<=", "!=")]
    extras = f"[{','.join(sorted(found.extras))}]" if found.extras else ""
    replace(repo, name, f"{found.name}{extras}{','.join([f'>={version}', *sorted(kept)])}")


def _below(version: str) -> list[str]:
    """Versions older than one, enough to see whether a specifier lets any in."""
    major, minor = Version(version).major, Version(version).minor
    return [f"{m}.{n}.{p}" for m in range(major + 1) for n in range(minor if m == major else 300) for p in (0, 2, 9)]


def _refused(repo: Repo, line: str) -> bool:
    """Take everything back when a requirements file is locked by hash, which nobody but its owner can make."""
    for path in _files(repo):
        if "--hash=" in repo.texts[path]:
            repo.undo()
            repo.leave(path, 0, f"locked by hash; add {line} to the lock, then this recipe can do its work")
            return True
    return False


def _remind(repo: Repo, line: str) -> None:
    for path in _LOCKS:
        if path in repo.texts:
            repo.remark(path, 0, f"lock it again: the requirements changed ({line})")


def _files(repo: Repo) -> list[str]:
    return [path for path in repo.texts if path == "pyproject.toml" or _REQUIREMENTS.fullmatch(path)]


def _lines(repo: Repo) -> Iterator[tuple[str, str]]:
    """(file, requirement line) of everything that is required."""
    for path in _files(repo):
        if path == "pyproject.toml":
            data = _toml(repo, path) or {}
            for group in _arrays(data):
                yield from ((path, str(line)) for line in group if isinstance(line, str))
            for table in _poetry(data):
                yield from ((path, _poetry_line(name, spec)) for name, spec in table.items() if name != "python")
        else:
            for line in repo.texts[path].splitlines():
                cleaned = re.split(r"\s#|\s--hash", line)[0].rstrip(" \\")
                if _NAME.match(cleaned):
                    yield path, cleaned


def _toml(repo: Repo, path: str) -> Any:
    try:
        return tomlkit.parse(repo.texts[path]) if path in repo.texts else None
    except ParseError:
        return None


def _arrays(data: Any) -> list[Any]:
    project = data.get("project") or {}
    found = [project.get("dependencies"), *(project.get("optional-dependencies") or {}).values()]
    found += list((data.get("dependency-groups") or {}).values())
    return [array for array in found if isinstance(array, list)]


def _poetry(data: Any) -> list[Any]:
    poetry = (data.get("tool") or {}).get("poetry") or {}
    found = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    found += [group.get("dependencies") for group in (poetry.get("group") or {}).values()]
    return [table for table in found if isinstance(table, dict)]


def _poetry_line(name: str, spec: Any) -> str:
    version = spec.get("version", "") if isinstance(spec, dict) else str(spec)
    extras = spec.get("extras") if isinstance(spec, dict) else None
    name = f"{name}[{','.join(map(str, extras))}]" if isinstance(extras, list) and extras else name
    caret = re.fullmatch(r"\^(\d+)\.(\d+)(.*)", version)
    if caret:
        top = f"{int(caret[1]) + 1}" if caret[1] != "0" else f"0.{int(caret[2]) + 1}"
        return f"{name}>={caret[1]}.{caret[2]}{caret[3]},<{top}"
    if version in ("", "*"):
        return name
    return f"{name}=={version}" if version[:1].isdigit() else f"{name}{version.replace('^', '>=').replace('~', '~=')}"


def _change(repo: Repo, path: str, line: str, old: str) -> bool:
    """Put `line` (nothing when empty) where `old` is; False when `old` is not in this file."""
    if not old:
        return False
    if path == "pyproject.toml":
        return _change_toml(repo, path, line, old)
    lines = repo.texts[path].splitlines(keepends=True)
    hits = [i for i, text in enumerate(lines) if (m := _NAME.match(text)) and canonicalize_name(m[1]) == old]
    for index in reversed(hits):
        end = index + 1
        while end < len(lines) and lines[end - 1].rstrip().endswith("\\"):
            end += 1
        lines[index:end] = [line + "\n"] if line and index == hits[0] else []
    if hits:
        repo.texts[path] = "".join(lines)
    return bool(hits)


def _change_toml(repo: Repo, path: str, line: str, old: str) -> bool:
    data = _toml(repo, path)
    if data is None:
        return False
    hit = False
    for array in _arrays(data):
        for index in reversed(range(len(array))):
            found = _NAME.match(str(array[index])) if isinstance(array[index], str) else None
            if found and canonicalize_name(found[1]) == old:
                hit = True
                if line:
                    array[index] = line
                else:
                    del array[index]
    for table in _poetry(data):
        for name in [n for n in table if canonicalize_name(n) == old]:
            hit = True
            del table[name]
            if line:
                _put_poetry(table, line)
    if hit:
        repo.texts[path] = tomlkit.dumps(data)
    return hit


def _put_poetry(table: Any, line: str) -> None:
    wanted = Requirement(line)
    version = str(wanted.specifier) or "*"
    if wanted.extras:
        inline = tomlkit.inline_table()
        inline.update({"version": version, "extras": sorted(wanted.extras)})
        table[wanted.name] = inline
    else:
        table[wanted.name] = version


def _add_beside(repo: Repo, line: str) -> None:
    """Add a requirement where fastapi is required, else where anything is."""
    found = list(_lines(repo))
    depth = min((path.count("/") for path, _ in found), default=0)
    places = [(path, text) for path, text in found if path.count("/") == depth]
    names = [_NAME.match(text) for _, text in places]
    beside = [path for (path, _), name in zip(places, names, strict=True) if name and name[1].lower() == "fastapi"]
    for path in list(dict.fromkeys(beside)) or [path for path, _ in places[:1]]:
        if path != "pyproject.toml":
            repo.texts[path] = repo.texts[path].rstrip("\n") + f"\n{line}\n"
            continue
        data = _toml(repo, path)
        array = (data.get("project") or {}).get("dependencies")
        if isinstance(array, list):
            array.append(line)
        elif _poetry(data):
            _put_poetry(_poetry(data)[0], line)
        repo.texts[path] = tomlkit.dumps(data)
    if not places:
        repo.remark("pyproject.toml", 0, f"no file says what is required; this needs {line}")
