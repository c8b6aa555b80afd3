"""Coverage of the change on a real engine: what no test reaches is named, by tests over HTTP and in-process."""

from collections.abc import Iterator

import pytest

from agents.blueprints.new_app import new_app
from agents.testkit import CONFTEST, acceptance_conftest
from sandbox.docker import DockerEngine
from sandbox.gates.coverage import HOOK, coverage
from sandbox.gates.findings import GateResult
from sandbox.protocol import SOURCE, Command
from tests.support.blueprint_specs import NOTES
from tests.support.gate_stand import service, stand_on

pytestmark = pytest.mark.docker
APP = new_app(NOTES)
ROUTES = "app/routers/note.py"
SIZE = '''

@router.get("/size/{number}")
async def size(number: int) -> dict[str, str]:
    """In words."""
    if number > 10:
        return {"size": "large"}
    if number >= 0:
        number += 1
    return {"size": "small"}
'''
OVER_HTTP = """def test_small(client):
    assert client.get("/notes/size/3").json() == {"size": "small"}
"""
IN_PROCESS = """import asyncio

from app.routers.note import size


def test_sizes():
    found = [asyncio.run(size(number))["size"] for number in (11, -1)]
    assert found == ["large", "small"]
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    engine = DockerEngine()
    yield engine
    engine.close()


def measured(engine: DockerEngine, more: dict[str, str]) -> GateResult:
    known = service(APP)
    assert known is not None
    head = APP | {ROUTES: APP[ROUTES] + SIZE, CONFTEST: acceptance_conftest(known)} | more
    with stand_on(engine, APP, head) as stand:
        found = coverage(stand, timeout_s=60)
        assert found is not None
        assert stand.box.run(Command(argv=("test", "!", "-e", f"{SOURCE}/{HOOK}"), timeout_s=10, user="root"))
        return found


def test_what_no_test_reaches_is_named(engine: DockerEngine) -> None:
    found = measured(engine, {"tests/acceptance/test_size.py": OVER_HTTP})
    assert [(f.path, f.source, f.text) for f in found.findings] == [
        (ROUTES, 'return {"size": "large"}', "never ran"),
        (ROUTES, "if number >= 0:", "its condition was never false"),
    ]
    assert not found.gate.passed and not found.gate.blocking
    assert found.gate.evidence.startswith("6 of 8 changed statements and branches"), found.gate.evidence


def test_the_repositorys_own_tests_count_too(engine: DockerEngine) -> None:
    more = {"tests/acceptance/test_size.py": OVER_HTTP, "tests/test_size.py": IN_PROCESS}
    found = measured(engine, more)
    assert found.gate.passed and found.findings == (), found.gate.evidence
    failing = {"tests/test_size.py": f"{IN_PROCESS}\n\ndef test_it():\n    raise AssertionError\n"}
    assert measured(engine, more | failing).gate.passed, "what a failing test reaches is reached"
    silent = {"tests/test_size.py": "import os\n\n\ndef test_it():\n    os._exit(3)\n"}
    assert measured(engine, more | silent).gate.evidence.startswith("not measured: ")


def test_a_change_of_words_alone_has_no_row(engine: DockerEngine) -> None:
    with stand_on(engine, APP, APP | {"README.md": "words", ROUTES: APP[ROUTES] + "# words\n"}) as stand:
        assert coverage(stand, timeout_s=60) is None
