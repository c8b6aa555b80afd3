"""Whose container it is, and when that owner is certainly dead."""

import dataclasses
import os
import subprocess
import sys
import time

import pytest

from sandbox import owners
from sandbox.owners import DEADLINE, OWNER, RUN, Owner, is_abandoned, is_dead, labels, parse, this_process

HERE = this_process()


@pytest.fixture
def dead() -> Owner:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = dataclasses.replace(HERE, pid=child.pid, start=owners.start_time(child.pid))
    assert not is_dead(owner, HERE)
    child.communicate(b"\n")
    return owner


def test_an_owner_survives_being_written_down() -> None:
    assert parse(str(HERE)) == HERE
    assert parse("") is parse("1:2:3") is parse("x:1:2:3:4") is None


def test_a_process_that_ended_is_dead(dead: Owner) -> None:
    assert is_dead(dead, HERE)
    assert not is_dead(HERE, HERE)


def test_a_reused_pid_is_another_process() -> None:
    assert is_dead(dataclasses.replace(HERE, start="1"), HERE)


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    started = owners.start_time(child.pid)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert is_dead(dataclasses.replace(HERE, pid=child.pid, start=started or "1"), HERE)
    finally:
        child.wait()


def test_the_owner_died_with_an_earlier_boot() -> None:
    assert is_dead(dataclasses.replace(HERE, boot="earlier"), HERE)


@pytest.mark.parametrize("change", [{"machine": "another"}, {"namespace": "4"}])
def test_processes_that_cannot_be_seen_are_not_called_dead(dead: Owner, change: dict[str, str]) -> None:
    assert not is_dead(dataclasses.replace(dead, **change), HERE)


def test_what_is_abandoned(dead: Owner) -> None:
    now = time.time()
    mine = labels("run", 100)
    assert not is_abandoned(mine, HERE, now)
    assert is_abandoned(mine | {OWNER: str(dead)}, HERE, now)
    assert is_abandoned(mine, HERE, now + 100 + owners.GRACE_S + 1)
    assert not is_abandoned(mine | {OWNER: "nonsense", DEADLINE: "nonsense"}, HERE, now)


def test_a_container_that_is_not_ours_is_never_abandoned(dead: Owner) -> None:
    assert not is_abandoned({}, HERE, time.time())
    assert not is_abandoned({OWNER: str(dead), DEADLINE: "1"}, HERE, time.time())
    assert is_abandoned({RUN: "x", DEADLINE: "1"}, HERE, time.time())
