"""Repositories that need PostgreSQL or Redis, run for real: in-process, as a service, judged, and by workers."""

import time
from collections.abc import Iterator

import pytest

from sandbox import tars
from sandbox.baseline import measure
from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.errors import EngineFault
from sandbox.extras.find import needed_extras
from sandbox.extras.provide import open_with
from sandbox.extras.values import Extras, plain
from sandbox.manifest import read_manifest
from sandbox.protocol import Command, Limits
from sandbox.pytest_run import run_in_process
from sandbox.reports import Word
from sandbox.service import run_service_tests
from sandbox.verdict import judge
from sandbox.workers import Workers
from tests.support.server_apps import COUNTER, NOTES, NOTES_SERVED, NOTES_SERVICE, NOTES_UNIT
from tests.support.trees import RUN_ID, images

pytestmark = pytest.mark.docker
ASYNC = "[pytest]\nasyncio_mode = auto\n"


def image_of(files: dict[str, bytes]) -> tuple[str, Extras]:
    """The image of both servers, and those that are needed."""
    manifest = read_manifest(sorted(files), files.get)
    return images().ensure(manifest, known=manifest, extras=plain("postgresql", "redis")).tag, needed_extras(
        sorted(files), files.get
    )


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    engine = DockerEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def notes(engine: DockerEngine) -> Iterator[DockerSandbox]:
    image, extras = image_of(NOTES)
    with engine.open(image, run_id=RUN_ID, limits=Limits(), extras=extras) as box:
        box.put(tars.build(NOTES), "/src")
        box.put(tars.build({p: c for p, c in NOTES.items() if p.startswith("tests/acceptance")}), "/tests")
        yield box


def test_every_run_finds_the_database_empty(notes: DockerSandbox) -> None:
    for _ in range(2):
        report = run_in_process(notes, node_ids=["tests/test_notes.py"], expected=NOTES_UNIT, timeout_s=60, ini=ASYNC)
        assert (report.word, report.reason) == (Word.GREEN, "")
        report = run_service_tests(notes, service=NOTES_SERVICE, expected=NOTES_SERVED, timeout_s=60)
        assert (report.word, report.reason) == (Word.GREEN, "")


def test_workers_find_it_empty_too_even_when_it_was_renewed_ahead(notes: DockerSandbox) -> None:
    workers = Workers(notes, ("fastapi", "asyncpg"), shares=2)
    for _ in range(3):
        served = workers.service_tests(
            service=NOTES_SERVICE, node_ids=NOTES_SERVED, expected=NOTES_SERVED, timeout_s=60
        )
        inside = workers.in_process(
            node_ids=NOTES_UNIT, expected=NOTES_UNIT, timeout_s=60, ini=ASYNC, options=(), env={}
        )
        assert (served.word, inside.word) == (Word.GREEN, Word.GREEN), (served.reason, inside.reason)
        assert served.notes == inside.notes == ()
        workers.renew_ahead()
    workers.close()


def test_baseline_and_verdict_start_the_servers_themselves(engine: DockerEngine) -> None:
    image, extras = image_of(NOTES)
    supplied = engine.supplied(extras)
    run = {"limits": Limits(), "run_id": RUN_ID, "timeout_s": 60.0}
    found = measure(supplied, image, source=tars.build(NOTES), service=NOTES_SERVICE, repeats=1, **run)  # type: ignore[arg-type]
    assert found.passing == tuple(sorted((*NOTES_UNIT, *NOTES_SERVED)))
    tests = {p: c for p, c in NOTES.items() if p.startswith("tests/")}
    verdict = judge(
        supplied, image, source=tars.build(NOTES), tests=tars.build(tests), commit="c", service=NOTES_SERVICE,
        expected_service=NOTES_SERVED, expected_unit=NOTES_UNIT, baseline=found, **run,  # type: ignore[arg-type]
    )  # fmt: skip
    assert (verdict.word, verdict.reason) == (Word.GREEN, "")
    assert verdict.levels == {NOTES_SERVED[0]: "service", NOTES_UNIT[0]: "in-process"}


def test_a_sync_driver_redis_host_names_and_databases_of_its_own(engine: DockerEngine) -> None:
    image, extras = image_of(COUNTER)
    assert extras.hosts == ("db", "cache")
    with engine.open(image, run_id=RUN_ID, limits=Limits(), extras=extras) as box:
        box.put(tars.build(COUNTER), "/src")
        for _ in range(2):
            report = run_in_process(box, timeout_s=60)
            assert (report.word, len(report.passed())) == (Word.GREEN, 2), report.failures()


def test_the_layer_is_listed_and_shared_by_dependency_images(engine: DockerEngine) -> None:
    layers = {info.tag for info in images().list() if info.tag.startswith("greenloop/extras:")}
    ids = {engine.client.inspect_image(tag)["Id"] for tag in layers}
    below = {engine.client.inspect_image(image_of(files)[0])["Parent"] for files in (NOTES, COUNTER)}
    assert len(below) == 1 and below <= ids


def test_servers_for_greenloops_own_use(engine: DockerEngine) -> None:
    manifest = read_manifest(sorted(COUNTER), COUNTER.get)
    with open_with(engine, images(), manifest, "postgresql", "redis", run_id=RUN_ID, limits=Limits()) as box:
        assert box.extras.postgresql is not None and box.extras.redis is not None
        program = "import sys, psycopg, redis; psycopg.connect(sys.argv[1]); redis.from_url(sys.argv[2]).ping()"
        urls = (box.extras.postgresql.url(), box.extras.redis.url())
        ran = box.run(Command(argv=("/opt/venv/bin/python", "-c", program, *urls), timeout_s=30))
        assert ran, ran.stderr
        assert box.extras.postgresql.url("asyncpg") == "postgresql+asyncpg://app:secret@127.0.0.1:5432/app"


def test_a_server_that_does_not_start_is_the_engines_fault_and_no_red_test(engine: DockerEngine) -> None:
    with (
        engine.open(images().base, run_id=RUN_ID, limits=Limits(), extras=plain("postgresql")) as box,
        pytest.raises(EngineFault, match="PostgreSQL does not start"),
    ):
        run_in_process(box, timeout_s=30)


def test_a_clean_start_takes_well_under_a_second(notes: DockerSandbox) -> None:
    begun = time.monotonic()
    notes.sweep()
    assert time.monotonic() - begun < 1.0
