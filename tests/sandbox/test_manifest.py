"""What a repository depends on, from whatever files it says so in."""

import pytest

from sandbox.errors import DependencyError
from sandbox.manifest import Manifest, check_python, read_manifest
from sandbox.manifest_toml import versions


def from_tree(tree: dict[str, str]) -> Manifest:
    return read_manifest(tree, lambda path: tree[path].encode() if path in tree else None)


PYPROJECT = """
[project]
name = "My.Shop"
requires-python = ">=3.11,<4"
dependencies = ["fastapi>=0.110", "sqlalchemy[asyncio] ; python_version >= '3.8'", "my-shop[extra]"]
[project.optional-dependencies]
test = ["pytest>=8", "my_shop[cov]"]
cov = ["pytest-cov"]
extra = ["orjson"]
docs = ["sphinx"]
[dependency-groups]
dev = ["ruff", {include-group = "typing"}]
typing = ["mypy"]
docs = ["mkdocs"]
"""


def test_pyproject() -> None:
    manifest = from_tree({"pyproject.toml": PYPROJECT})
    assert set(manifest.requirements) == {
        "fastapi>=0.110", 'sqlalchemy[asyncio]; python_version >= "3.8"', "orjson", "pytest>=8", "pytest-cov", "ruff",
        "mypy",
    }  # fmt: skip
    assert manifest.python == ">=3.11,<4"
    assert manifest.source == ("pyproject.toml",)


def test_poetry() -> None:
    text = """
[tool.poetry]
name = "shop"
[tool.poetry.dependencies]
python = "^3.11"
fastapi = "^0.110.0"
uvicorn = {version = "~0.30", extras = ["standard"]}
psycopg = {version = "*", optional = true}
lib = {path = "../lib"}
fork = {git = "https://example.org/fork.git", tag = "v1"}
[tool.poetry.group.dev.dependencies]
pytest = "8.*"
[tool.poetry.group.docs.dependencies]
sphinx = "*"
"""
    manifest = from_tree({"pyproject.toml": text})
    assert set(manifest.requirements) == {
        "fastapi<0.111,>=0.110.0", "uvicorn[standard]<0.31,>=0.30", "pytest==8.*",
        "fork @ git+https://example.org/fork.git@v1",
    }  # fmt: skip
    assert manifest.python == ">=3.11,<4"
    assert any("lib" in note for note in manifest.notes)


@pytest.mark.parametrize(
    ("poetry", "standard"),
    [
        ("^1.2.3", ">=1.2.3,<2"), ("^0.2.3", ">=0.2.3,<0.3"), ("^0.0.3", ">=0.0.3,<0.0.4"), ("^1", ">=1,<2"),
        ("^0", ">=0,<1"), ("~1.2.3", ">=1.2.3,<1.3"), ("~1", ">=1,<2"), ("1.2", "==1.2"), ("1.*", "==1.*"), ("*", ""),
        (">=1.0,<2.0", ">=1.0,<2.0"), (">=1.0 <2.0", ">=1.0,<2.0"), (">= 1.0", ">=1.0"), ("~=1.4", "~=1.4"),
    ],
)  # fmt: skip
def test_poetry_versions(poetry: str, standard: str) -> None:
    assert versions(poetry, "pyproject.toml") == standard


def test_requirements_files_with_includes_hashes_and_comments() -> None:
    manifest = from_tree(
        {
            "requirements.txt": "-r requirements/base.txt  # the rest\n--index-url https://x/simple\n-e .\n",
            "requirements/base.txt": (
                "# base\nfastapi==0.110.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
                "-c ../constraints.txt\nhttpx # no pin\nthing @ https://example.org/thing-1-py3-none-any.whl#sha256=1\n"
            ),
            "constraints.txt": "anyio<5\n",
            "requirements-dev.txt": "pytest\n",
            "requirements-docs.txt": "sphinx\n",
            "notes/requirements.txt": "other\n",
        }
    )
    assert manifest.requirements == (
        "pytest",
        "fastapi==0.110.0 --hash=sha256:aa --hash=sha256:bb",
        "httpx",
        "thing @ https://example.org/thing-1-py3-none-any.whl#sha256=1",
    )
    assert manifest.constraints == ("anyio<5",)
    assert set(manifest.source) == {
        "requirements.txt",
        "requirements/base.txt",
        "requirements-dev.txt",
        "constraints.txt",
    }
    assert any("--index-url" in note for note in manifest.notes)


@pytest.mark.parametrize(
    "line",
    ["-r ../other.txt", "-e ..", "-e /opt/lib", "../lib", "lib @ file:///opt/lib.whl", "-r /etc/passwd", "file:///x"],
)
def test_what_lies_outside_is_refused(line: str) -> None:
    with pytest.raises(DependencyError, match="outside the repository"):
        from_tree({"requirements.txt": f"{line}\n"})


@pytest.mark.parametrize(
    "tree",
    [
        {"pyproject.toml": "[project"},
        {"pyproject.toml": "[project]\ndependencies = ['not a requirement!']"},
        {"requirements.txt": "-r requirements.txt"},
        {"requirements.txt": "-r gone.txt"},
        {"requirements.txt": "=="},
        {"pyproject.toml": "[dependency-groups]\ndev = [{include-group = 'dev'}]"},
        {"Pipfile.lock": "{"},
        {"setup.cfg": "install_requires = x"},
    ],
)
def test_damaged_files_are_named(tree: dict[str, str]) -> None:
    with pytest.raises(DependencyError, match=next(iter(tree)).replace(".", r"\.")):
        from_tree(tree)


def test_locks_constrain_and_never_add() -> None:
    lock = """
[[package]]
name = "my-shop"
version = "1.0"
source = { virtual = "." }
[[package]]
name = "FastAPI"
version = "0.110.0"
source = { registry = "x" }
[[package]]
name = "numpy"
version = "1.26"
[[package]]
name = "numpy"
version = "2.0"
"""
    manifest = from_tree({"pyproject.toml": PYPROJECT, "uv.lock": lock})
    assert manifest.constraints == ("fastapi==0.110.0",)
    assert manifest.requirements == from_tree({"pyproject.toml": PYPROJECT}).requirements
    assert from_tree({"poetry.lock": lock}).constraints == ("fastapi==0.110.0",)


def test_setup_cfg_setup_py_and_pipfile() -> None:
    manifest = from_tree(
        {
            "setup.cfg": "[metadata]\nname=shop\n[options]\npython_requires = >=3.9\ninstall_requires =\n  fastapi\n"
            "  # note\n[options.extras_require]\ntest = pytest\ndocs = sphinx\n",
            "setup.py": "raise SystemExit",
            "Pipfile": '[packages]\nhttpx = "*"\n[dev-packages]\nmypy = {version = ">=1.8"}\n',
            "Pipfile.lock": '{"default": {"httpx": {"version": "==0.27.0"}}, "develop": {}}',
        }
    )
    assert set(manifest.requirements) == {"fastapi", "pytest", "httpx", "mypy>=1.8"}
    assert manifest.constraints == ("httpx==0.27.0",)
    assert manifest.python == ">=3.9"
    assert any("setup.py" in note for note in manifest.notes)


def test_the_key_follows_what_is_installed_and_nothing_else() -> None:
    one = from_tree({"requirements.txt": "fastapi\nhttpx\n"})
    same = from_tree({"requirements.txt": "# sorted\nhttpx\nfastapi\n"})
    other = from_tree({"requirements.txt": "fastapi\nhttpx<1\n"})
    assert one.key == same.key != other.key
    assert from_tree({}) == Manifest()


def test_python_versions() -> None:
    check_python(Manifest(python=">=3.11,<4"), "3.11.2")
    check_python(Manifest(), "3.11.2")
    with pytest.raises(DependencyError, match=r"needs Python >=3\.12, the base image has 3\.11\.2"):
        check_python(Manifest(python=">=3.12"), "3.11.2")
    with pytest.raises(DependencyError, match="unreadable"):
        check_python(Manifest(python="soon"), "3.11.2")
