"""Planner and tester for bugs: what rules can read and reproduce costs nothing, a model does the rest."""

from collections.abc import Callable

from agents.bugs.given import given_plan, given_suite
from agents.bugs.intake import read_report
from agents.bugs.report import BugReport
from agents.bugs.reproduce import fix_plan, reproduction
from agents.contracts import Blame, Plan, TestSuite
from agents.errors import NotUnderstood
from agents.profile import AppProfile, Source
from agents.roles import Brief, Planner, Team, Tester
from sandbox.text import counted


class BugPlanner:
    """Plays `roles.Planner` for a bug report: one criterion for everything in it that can be checked."""

    def __init__(self, model: Planner | None) -> None:
        self._model = model

    async def plan(self, brief: Brief) -> Plan:
        """By rule when anything in the report can be checked, else by the model.

        Raises:
            NotUnderstood: there is neither. Else as the model's planner.
        """
        if brief.request.proof:
            return given_plan(brief.request)
        try:
            return fix_plan(read_report(brief.request.text, tests=brief.request.tests))
        except NotUnderstood:
            if self._model is None:
                raise
        return await self._model.plan(brief)


class BugTester:
    """Plays `roles.Tester` for a bug report: the first try at reproducing it is made by rule."""

    def __init__(self, read_profile: Callable[[Source], AppProfile], model: Tester | None) -> None:
        self._read_profile, self._model = read_profile, model

    async def write_tests(self, brief: Brief, plan: Plan) -> TestSuite:
        """By rule when the plan is, and it was not tried before.

        Raises:
            NotUnderstood: the rules find nothing to call, and there is no model. Else as the model's tester.
        """
        if brief.request.proof and not brief.feedback:
            return given_suite(brief.request, plan)
        bug = plan.spec.get("bug")
        if bug and not brief.feedback:
            try:
                report = BugReport.model_validate(bug)
                suite = reproduction(report, plan, brief.desk, self._read_profile(brief.desk))
                brief.tell(f"{counted(len(suite.cases), 'test shows', 'tests show')} the bug")
                return suite
            except NotUnderstood:
                if self._model is None:
                    raise
        if self._model is None:
            raise NotUnderstood(plan.summary, f"The reproduction by rule does not hold: {brief.feedback}")
        return await self._model.write_tests(brief, plan)

    async def triage(self, brief: Brief, plan: Plan) -> Blame:
        """The model's reading of a failure; without one the code is to blame, since the bug was shown before."""
        if self._model is not None:
            return await self._model.triage(brief, plan)
        return Blame(fault="code", reason=brief.failures[0].message if brief.failures else brief.feedback)


def bug_team(team: Team, read_profile: Callable[[Source], AppProfile]) -> Team:
    """The team with planner and tester for bugs; the offline team's own are for features."""
    model = None if team.name == "offline" else team
    return Team(
        name=team.name,
        planner=BugPlanner(model.planner if model else None),
        tester=BugTester(read_profile, model.tester if model else None),
        builder=team.builder,
        reviewer=team.reviewer,
    )
