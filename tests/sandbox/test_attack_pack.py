"""The attack pack finds every hole of a service made of holes, nothing on its twin, and each hit as a failing test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from sandbox import tars
from sandbox.attack.pack import pack_for
from sandbox.attack.render import can_be_shown, test_file
from sandbox.attack.run import attack
from sandbox.attack.samples import NoSample, sample
from sandbox.docker import DockerEngine
from sandbox.gates.document import published
from sandbox.manifest import read_manifest
from sandbox.protocol import Limits, Sandbox
from sandbox.reports import Service, Word
from sandbox.service import run_service_tests
from tests.support.trees import CONFTEST, RUN_ID, images

EXAMPLES = Path(__file__).parents[2] / "examples/vulnerable"
SERVICE = Service(
    argv=("python", "-m", "uvicorn", "main:app", "--port", "{port}"),
    env={"SECRET_KEY": "k3y-of-the-example-service-0123456789"},
)
HOLES = {
    "authentication/GET /me/none", "authentication/GET /me/tampered", "authentication/GET /me/weak",
    "authentication/GET /settings/expired", "access/DELETE /notes/{note_id}/unguarded",
    "access/GET /notes/{note_id}/other user", "mass assignment/POST /users/is_admin", "leak/GET /users/a password hash",
    "leak/GET /status/a secret of the service", "leak/GET /search/a stack trace", "enumeration/POST /token/answers",
    "headers/CORS/any origin with credentials", "headers/GET /leave/next leads away",
    "injection/GET /search/q/SQL quotes end in an error", "injection/GET /search/q/SQL gives more rows",
    "injection/GET /greet/name/a template is worked out", "injection/GET /public/{name}/name/a file outside is read",
    "injection/POST /ping/host/a shell command is run", "injection/POST /ping/host/a shell waits",
    "stored script/POST /comments/text/a script comes back in a page", "upload/POST /avatar/page",
    "upload/POST /avatar/program", "upload/POST /avatar/name that climbs", "upload/POST /avatar/size",
    "leak/GET /notes/{note_id}/broken input", "leak/GET /language/broken input",
    "slow patterns/POST /subscribe/address", "large bodies/POST /comments/text", "large bodies/POST /tree/nesting",
}  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    engine = DockerEngine()
    yield engine
    engine.close()


@contextmanager
def opened(engine: DockerEngine, name: str) -> Iterator[Sandbox]:
    files = {p.name: p.read_bytes() for p in (EXAMPLES / name).iterdir() if p.is_file()}
    image = images().ensure(read_manifest(sorted(files), files.get)).tag
    with engine.open(image, run_id=RUN_ID, limits=Limits()) as box:
        box.put(tars.build(files), "/src")
        yield box


@pytest.mark.docker
def test_every_hole_is_found_and_shown_by_a_test_that_fails(engine: DockerEngine) -> None:
    with opened(engine, "flawed") as box:
        report = attack(box, SERVICE, pack_for(published(box, SERVICE)), budget_s=150)
    found = {hit.attack.id for hit in report.hits}
    assert (HOLES - found, report.not_run, report.reason) == (set(), 0, "")
    quick = [hit for hit in report.hits if can_be_shown(hit) and hit.attack.category not in ("slow patterns", "upload")]
    module = test_file(quick, "Holes.")
    with opened(engine, "flawed") as box:
        tests = {"tests/acceptance/conftest.py": CONFTEST, "tests/acceptance/test_holes.py": module.encode()}
        box.put(tars.build(tests), "/tests")
        shown = run_service_tests(box, service=SERVICE, timeout_s=120)
    assert shown.word is Word.RED, shown.reason
    assert shown.passed() == set(), "a test of a hole passes although the hole is there"
    assert len(shown.failures()) == len(quick)


@pytest.mark.docker
def test_nothing_is_found_on_the_repaired_twin(engine: DockerEngine) -> None:
    with opened(engine, "repaired") as box:
        pack = pack_for(published(box, SERVICE))
        report = attack(box, SERVICE, pack, budget_s=150)
    assert [(hit.attack.id, hit.told, hit.answer) for hit in report.hits] == []
    assert (report.not_run, report.reason, report.skipped) == (0, "", {})
    assert report.done == len(pack)


def test_the_pack_is_the_same_every_time() -> None:
    app = FastAPI()

    @app.post("/notes/{note_id}")
    def change(note_id: int, q: str, note: dict[str, str]) -> dict[str, str]: ...

    pack = pack_for(app.openapi())
    assert pack == pack_for(app.openapi())
    assert len(pack) == len({one.id for one in pack}) > 5
    assert pack_for({}) == ()


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5, "multipleOf": 4}, 8),
        ({"type": "number", "maximum": 0.5}, 0.5),
        ({"type": "string", "minLength": 12}, "<<unique>>xxxx"),
        ({"type": "string", "maxLength": 3}, "abc"),
        ({"type": "string", "format": "uuid"}, "00000000-0000-4000-8000-000000000001"),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, True),
        ({"enum": ["b", "a"]}, "b"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
        ({"type": "object", "properties": {"a": {"type": "string"}, "b": {"default": 3}}, "required": ["b"]}, {"b": 3}),
    ],
)
def test_samples_are_valid(schema: dict[str, Any], value: object) -> None:
    assert sample({}, schema) == value


def test_what_rules_cannot_make_up_is_said() -> None:
    with pytest.raises(NoSample, match="pattern"):
        sample({}, {"type": "string", "pattern": "^x+$"}, name="code")
