"""Bugs that come with their tests are planned and written without reading anything into them."""

import pytest

from agents.bugs.team import bug_team
from agents.contracts import Request, TestFile
from agents.errors import NotUnderstood
from agents.offline.team import offline_team
from agents.profile_reader import read_profile
from agents.roles import Brief
from tests.support.desk import desk_with

SHOWS = TestFile(path="tests/acceptance/test_review_1.py", content="def helper(): ...\n\ndef test_a(client): ...\n")
MORE = TestFile(path="tests/acceptance/test_review_2.py", content="def test_b(client): ...\ndef test_c(client): ...\n")


async def test_each_file_is_a_criterion_and_its_tests_prove_it() -> None:
    team = bug_team(offline_team(), read_profile)
    request = Request(kind="fix", text="The first thing.\nThe second thing.", proof=(SHOWS, MORE))
    brief = Brief(request=request, desk=desk_with())
    plan = await team.planner.plan(brief)
    assert [(c.id, c.text) for c in plan.criteria] == [
        ("C1", "No longer: The first thing."), ("C2", "No longer: The second thing."),
    ]  # fmt: skip
    suite = await team.tester.write_tests(brief, plan)
    assert suite.files == (SHOWS, MORE)
    assert [(c.node_id.partition("::")[2], c.criteria) for c in suite.cases] == [
        ("test_a", ("C1",)), ("test_b", ("C2",)), ("test_c", ("C2",)),
    ]  # fmt: skip
    with pytest.raises(NotUnderstood, match="does not hold"):
        await team.tester.write_tests(Brief(request=request, desk=desk_with(), feedback="it passes"), plan)
