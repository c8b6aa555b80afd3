"""The engine, the containers and the baited host that hostile programs meet."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sandbox.docker import DockerEngine
from sandbox.protocol import Limits
from tests.hostile import table
from tests.hostile.arena import SMALL, Arena, Host, Note
from tests.support.trees import fastapi_image


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Also where the tests ran in processes of their own."""
    if report.when == "call" and report.passed:
        for key, row in report.user_properties:
            if key == "hostile case":
                table.ROWS.append(table.Row(*row))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if table.ROWS:
        terminalreporter.section("hostile cases")
        for line in table.lines():
            terminalreporter.write_line(line)


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """Puts a case into the table."""
    # Plain text: what goes from one test process to another is no word of ours any more.
    return lambda *row: request.node.user_properties.append(("hostile case", tuple(str(one) for one in row)))


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Bait for the whole run; at its end nobody has taken any."""
    found = Host(tmp_path_factory.mktemp("host"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "GREENLOOP_CANARY"):
            patch.setenv(name, found.canary)
        yield found
    found.close()
    assert found.knocks == []
    assert found.file.read_text() == found.canary


@pytest.fixture(scope="session")
def run_id() -> str:
    return f"hostile-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def engine(run_id: str) -> Iterator[DockerEngine]:
    engine = DockerEngine()
    yield engine
    left = engine.remove_run(run_id)
    engine.close()
    assert left == [], "a case left a container"


@pytest.fixture(scope="module")
def arena(engine: DockerEngine, run_id: str, host: Host) -> Iterator[Arena]:
    """One small container for all cases of a file that leave it usable."""
    with engine.open(fastapi_image(), run_id=run_id, limits=SMALL) as box:
        yield Arena(engine, box, host)


@pytest.fixture
def fresh(engine: DockerEngine, run_id: str, host: Host) -> Iterator[Callable[[Limits], Arena]]:
    """Containers of one's own, removed after the test."""
    with ExitStack() as stack:
        yield lambda limits: Arena(
            engine, stack.enter_context(engine.open(fastapi_image(), run_id=run_id, limits=limits)), host
        )
