"""Thirty combinations of blueprints on SQLite and PostgreSQL; the script runs all there are, with every gate."""

import pytest

from sandbox.docker import DockerEngine
from tests.support.blueprint_table import rows, sandbox_for
from tests.support.combinations import CHECKED, COMBINATIONS

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
SHARES = 6
"""Tests, each with a container of its own, among which the combinations are divided."""


@pytest.mark.parametrize("share", range(SHARES))
def test_combinations_are_clean_on_both_databases(share: int) -> None:
    engine, found, mine = DockerEngine(), {}, CHECKED[share::SHARES]
    with sandbox_for(engine, CHECKED, probes=False) as box:
        for name in mine:
            found |= {(row.name, row.database): row.failed for row in rows(box, name, probes=False)}
    engine.close()
    assert {key: failed for key, failed in found.items() if failed} == {}
    assert len(found) == 2 * len(mine)


def test_thirty_combinations_are_among_those_there_are() -> None:
    assert len(set(CHECKED)) == 30 and set(CHECKED) <= set(COMBINATIONS)
