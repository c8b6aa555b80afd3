"""Some combinations of blueprints in one container, on SQLite and PostgreSQL; the script runs all, with every gate."""

import pytest

from sandbox.docker import DockerEngine
from tests.support.blueprint_table import rows, sandbox_for
from tests.support.combinations import COMBINATIONS, SMALL

pytestmark = [pytest.mark.docker, pytest.mark.e2e]


def test_some_combinations_are_clean_on_both_databases() -> None:
    engine = DockerEngine()
    found = {}
    with sandbox_for(engine, SMALL, probes=False) as box:
        for name in SMALL:
            found |= {(row.name, row.database): row.failed for row in rows(box, name, probes=False)}
    engine.close()
    assert {key: failed for key, failed in found.items() if failed} == {}
    assert len(found) == 2 * len(SMALL)


def test_there_are_thirty_combinations_and_more() -> None:
    assert len(COMBINATIONS) >= 30 and set(SMALL) <= set(COMBINATIONS)
