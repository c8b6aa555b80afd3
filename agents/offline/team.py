"""The roles played by rule."""

from agents.offline.builder import OfflineBuilder
from agents.offline.planner import OfflinePlanner
from agents.offline.tester import OfflineTester
from agents.profile_reader import read_profile
from agents.roles import Team


def offline_team() -> Team:
    """Planner, tester and builder with no model at all."""
    return Team(
        name="offline",
        planner=OfflinePlanner(read_profile=read_profile),
        tester=OfflineTester(read_profile=read_profile),
        builder=OfflineBuilder(),
    )
