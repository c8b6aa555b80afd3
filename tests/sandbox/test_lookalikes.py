"""Names that look like a well-known one, and honest ones that do not."""

import re
from pathlib import Path

import pytest

from sandbox.lookalikes import LIST, lookalike, neighbours, well_known
from sandbox.manifest_pip import normal


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("fastapii", "fastapi"), ("fastpi", "fastapi"), ("fsatapi", "fastapi"), ("fastspi", "fastapi"),
        ("fast-api", "fastapi"), ("Fast_API", "fastapi"), ("pythondateutil", "python-dateutil"),
        ("dateutil-python", "python-dateutil"), ("sqla1chemy", "sqlalchemy"), ("pydantlc", "pydantic"),
        ("uvicom", "uvicorn"), ("reqeusts", "requests"), ("requsts", "requests"), ("panda", "pandas"),
        ("5tarlette", "starlette"), ("websocket", "websockets"),
    ],
)  # fmt: skip
def test_slips(name: str, meant: str) -> None:
    assert lookalike(name) == meant


@pytest.mark.parametrize(
    "name",
    ["fastapi", "PyJWT", "python_multipart", "psycopg2", "psycopg", "aiofile", "aiofiles", "fastai", "croniter",
     "cronitor", "acme-tools", "shop-core", "toml", "tomli", "arq", "rq", "fastapi-users", "httpx2", "py", ""],
)  # fmt: skip
def test_names_that_are_nobodys_slip(name: str) -> None:
    assert lookalike(name) is None


def test_short_names_are_not_held_against_each_other() -> None:
    assert "rich" in well_known() and lookalike("rixh") is None


def test_the_list_is_as_it_says() -> None:
    names = [line for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert names.count("---") == 1
    names.remove("---")
    assert len(names) == len(set(names)) and [name for name in names if name != normal(name)] == []
    assert 800 <= len(well_known()) <= 1000 and {"fastapi", "boto3", "pytest"} <= well_known().keys()
    assert not neighbours() & well_known().keys()


def test_what_greenloop_itself_is_made_of_is_nobodys_slip() -> None:
    lock = (Path(__file__).parents[2] / "requirements.lock").read_text(encoding="utf-8")
    names = re.findall(r"^([\w.-]+)==", lock, flags=re.MULTILINE)
    assert len(names) > 50 and [name for name in names if lookalike(name)] == []


def test_what_a_new_application_is_given_needs_no_look() -> None:
    template = Path(__file__).parents[2] / "agents" / "blueprints" / "templates" / "app" / "pyproject.toml.j2"
    names = re.findall(r'^    "([a-z][a-z-]*)[\[>]', template.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(names) > 10 and [name for name in names if name not in well_known()] == []
