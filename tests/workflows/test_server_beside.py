"""Whether a repository asks for what starts its application, and what is told when it does not."""

from collections.abc import Sequence

import pytest

from agents.desk import MemoryDesk
from sandbox.asking import Talk
from sandbox.manifest import Manifest
from sandbox.reports import Service
from sandbox.server import lacks_server, serves_otherwise, tools_for
from workflows.app_doctor import troubles_of_start

SERVICE = Service(argv=("python", "-m", "uvicorn", "main:app", "--port", "{port}"))


@pytest.mark.parametrize(
    ("requirements", "lacks"),
    [
        (["fastapi"], True),
        (["FastAPI>=0.110", "httpx"], True),
        (["fastapi", "gunicorn"], True),
        (["fastapi", "Uvicorn[standard]==0.30"], False),
        (["fastapi[standard]>=0.115"], False),
        (["fastapi [all]"], False),
        (["fastapi", "fastapi-cli"], False),
        (["flask"], False),
        ([], False),
    ],
)
def test_the_server_is_missed_only_where_nothing_brings_it(requirements: Sequence[str], lacks: bool) -> None:
    manifest = Manifest(requirements=tuple(requirements))
    assert lacks_server(manifest) is lacks
    assert tools_for(manifest, ("pytest",)) == (("pytest", "uvicorn") if lacks else ("pytest",))


def test_another_server_is_no_fault() -> None:
    assert serves_otherwise(Manifest(requirements=("fastapi", "hypercorn")))
    assert not serves_otherwise(Manifest(requirements=("fastapi", "gunicorn")))


def test_no_server_is_a_missing_dependency() -> None:
    said = "/opt/venv/bin/python: No module named uvicorn"
    talk = Talk(ready=False, ended=True, exit_code=1, said=said, answers=())
    (trouble,) = troubles_of_start(talk, MemoryDesk({"pyproject.toml": ""}), SERVICE)
    assert (trouble.reason, trouble.change) == ("missing dependency", "Add uvicorn to pyproject.toml.")
    assert trouble.shown == "No module named uvicorn"


def test_a_command_to_run_by_hand_has_a_port() -> None:
    talk = Talk(ready=False, ended=True, exit_code=3, said="", answers=())
    (trouble,) = troubles_of_start(talk, MemoryDesk({}), SERVICE)
    assert trouble.change == "Run the command by hand: python -m uvicorn main:app --port 8000"
