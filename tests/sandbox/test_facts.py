"""What an engine says of itself, read from answers of engines of several kinds."""

from typing import Any

import pytest

from sandbox.causes import Counters, parse_counters, starved
from sandbox.facts import Facts, read_facts, runtime_name, why_unbounded
from sandbox.protocol import Cause
from tests.support.engine_answers import DOCKER_V1, DOCKER_V1_VERSION, DOCKER_V2, PODMAN, PODMAN_VERSION, ROOTLESS


def test_docker_on_control_groups_v1() -> None:
    facts = read_facts(DOCKER_V1, DOCKER_V1_VERSION)
    assert (facts.kind, facts.version, facts.rootless) == ("Docker", "20.10.24+dfsg1", False)
    assert (facts.cgroup, facts.cgroup_driver, facts.storage) == (1, "cgroupfs", "overlay2")
    assert (facts.default_runtime, facts.missing, facts.confinement) == ("runc", (), ("seccomp",))
    assert facts.versions == {"docker": "20.10.24+dfsg1", "containerd": "1.6.20~ds1", "runc": "1.1.5+ds1"}


def test_docker_on_control_groups_v2_with_more_around_a_container() -> None:
    facts = read_facts(DOCKER_V2, {"ApiVersion": "1.51"})
    assert (facts.cgroup, facts.cgroup_driver, facts.runtimes) == (2, "systemd", ("runc", "runsc"))
    assert facts.confinement == ("apparmor", "seccomp", "userns")
    assert why_unbounded(facts) == ""


def test_podman_is_told_by_its_components() -> None:
    facts = read_facts(PODMAN, PODMAN_VERSION)
    assert (facts.kind, facts.default_runtime) == ("Podman", "runc")
    assert facts.versions == {"podman": "4.3.1", "crun": "1.8.1"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, "cannot bound memory and processes: a rootless engine needs control groups v2"),
        (
            {"CgroupVersion": "2"},
            "cannot bound memory and processes: a rootless engine needs them delegated to its user",
        ),
        ({"CgroupVersion": "2", "MemoryLimit": True, "PidsLimit": True}, ""),
        ({"SecurityOptions": [], "MemoryLimit": True}, "cannot bound processes: its kernel has no such control group"),
    ],
)
def test_an_engine_without_bounds_is_told_with_the_reason(change: dict[str, Any], says: str) -> None:
    facts: Facts = read_facts(ROOTLESS | change, {})
    assert says in why_unbounded(facts) if says else why_unbounded(facts) == ""


@pytest.mark.parametrize(
    ("wanted", "runtimes", "name"),
    [
        (None, {"runc"}, None),
        ("runsc", {"runc", "runsc"}, "runsc"),
        ("kata", {"runc", "kata-runtime"}, "kata-runtime"),
        ("kata", {"runc", "kata"}, "kata"),
        ("kata", {"runc"}, "io.containerd.kata.v2"),
    ],
)
def test_a_runtime_is_asked_for_by_the_engines_name_for_it(
    wanted: str | None, runtimes: set[str], name: str | None
) -> None:
    assert runtime_name(wanted, {"Runtimes": {key: {} for key in runtimes}}) == name


def test_counters_of_control_groups_v2_are_read() -> None:
    said = """memory low 0
memory high 0
memory max 41
memory oom 1
memory oom_kill 1
memory oom_group_kill 0
pids max 3"""
    after = parse_counters(said.splitlines())
    assert after == Counters(oom_kills=1, refused_forks=3)
    assert starved(Counters(), after) is Cause.OUT_OF_MEMORY
    assert starved(Counters(oom_kills=1), after) is Cause.PIDS_LIMIT
    assert starved(after, after) is None
