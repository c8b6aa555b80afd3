"""Requirements are read and changed where they stand: pyproject.toml of both kinds, requirements files, hashes."""

import pytest

from agents.recipes.apply import apply
from agents.recipes.catalog import recipe
from agents.recipes.packages import allows, at_least, python_floor, replace, require, requirement
from agents.recipes.repo import Repo

PEP621 = """\
[project]
name = "shop"
requires-python = ">=3.9,<4"
dependencies = [
    "fastapi[standard]>=0.100",  # the web
    "python-jose[cryptography]==3.3.0",
]

[project.optional-dependencies]
test = ["pytest", "Python_Jose"]
"""
POETRY = """\
[tool.poetry.dependencies]
python = "^3.10"
fastapi = { version = "^0.95", extras = ["all"] }
python-jose = "3.3.0"  # tokens

[tool.poetry.group.dev.dependencies]
pytest = "*"
"""
LINES = "fastapi==0.95.1\npython-jose[cryptography]==3.3.0  # tokens\n-r more.txt\n"
HASHED = "fastapi==0.95.1 \\\n    --hash=sha256:aa\npython-jose==3.3.0 \\\n    --hash=sha256:bb\n"


def repo(**files: str) -> Repo:
    return Repo.of({name.replace("_", "."): text for name, text in files.items()})


@pytest.mark.parametrize("text", [PEP621, POETRY])
def test_a_requirement_takes_the_place_of_another_and_everything_else_stays(text: str) -> None:
    tree = repo(pyproject_toml=text)
    require(tree, "PyJWT[crypto]>=2.8", instead_of="python-jose")
    new = tree.texts["pyproject.toml"]
    assert requirement(tree, "python-jose") is None and str(requirement(tree, "pyjwt").specifier) == ">=2.8"  # type: ignore[union-attr]
    assert requirement(tree, "PyJWT").extras == {"crypto"}  # type: ignore[union-attr]
    kept = [line for line in text.splitlines() if "ose" not in line or "test" in line]
    assert all(line.replace(', "Python_Jose"', "")[:12] in new for line in kept)
    assert (tree.added, tree.removed) == (["PyJWT[crypto]>=2.8"], ["python-jose"])


def test_a_line_of_a_requirements_file_is_replaced_or_added() -> None:
    tree = repo(requirements_txt=LINES)
    require(tree, "PyJWT>=2.8", instead_of="python-jose")
    require(tree, "httpx>=0.27")
    require(tree, "httpx>=0.27")
    assert tree.texts["requirements.txt"] == "fastapi==0.95.1\nPyJWT>=2.8\n-r more.txt\nhttpx>=0.27\n"


def test_a_lower_bound_is_raised_and_the_upper_one_stays() -> None:
    tree = repo(requirements_txt="fastapi[all]>=0.90,<1\n")
    at_least(tree, "fastapi", "0.117")
    assert tree.texts["requirements.txt"] == "fastapi[all]>=0.117,<1\n"
    at_least(tree, "fastapi", "0.100")
    assert tree.texts["requirements.txt"] == "fastapi[all]>=0.117,<1\n"


@pytest.mark.parametrize(("line", "version", "answer"), [
    ("fastapi==0.95.1", "0.100", False), ("fastapi==0.95.1", "0.95", True), ("fastapi>=0.80", "0.100", True),
    ("fastapi<0.100", "0.100", False), ("fastapi~=0.95.0", "0.100", False), ("fastapi", "0.100", True),
    ("fastapi>=0.95,<0.110", "0.100", True), ("flask", "0.100", True), ("fastapi==0.115.*", "0.100", True),
])  # fmt: skip
def test_what_a_requirement_lets_in(line: str, version: str, answer: bool) -> None:
    assert allows(repo(requirements_txt=line), "fastapi", version) is answer


def test_the_oldest_python() -> None:
    assert python_floor(repo(pyproject_toml=PEP621)) == (3, 9)
    assert python_floor(repo(pyproject_toml=POETRY)) == (3, 10)
    assert python_floor(repo(setup_cfg="[options]\npython_requires = >=3.8\n")) == (3, 8)
    assert python_floor(repo(pyproject_toml="[")) == (3, 10)


def test_a_lock_is_remembered_and_hashes_are_nobodys_to_make() -> None:
    tree = repo(requirements_txt=LINES, poetry_lock="")
    replace(tree, "fastapi", "fastapi>=0.100")
    assert [str(note) for note in tree.notes] == [
        "poetry.lock: lock it again: the requirements changed (fastapi>=0.100)"
    ]
    code = "from jose import jwt\n\n\ndef read(t):\n    return jwt.decode(t, 'k', algorithms=['HS256'])\n"
    outcome = apply(recipe("pyjwt"), {"requirements.txt": HASHED, "a.py": code})
    assert outcome.changes == {} and outcome.added == ()
    assert "locked by hash; add PyJWT>=2.8 to the lock" in str(outcome.notes[0])
    with_jwt = HASHED + "pyjwt==2.9.0 \\\n    --hash=sha256:cc\n"
    changed = apply(recipe("pyjwt"), {"requirements.txt": with_jwt, "a.py": code}).changes
    assert changed["a.py"].startswith("import jwt\n")  # type: ignore[union-attr]
    assert changed["requirements.txt"] == (
        "fastapi==0.95.1 \\\n    --hash=sha256:aa\npyjwt==2.9.0 \\\n    --hash=sha256:cc\n"
    )
