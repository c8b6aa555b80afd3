"""Programs and numbers of a trial run, as tasks for a preloaded worker; see `trials`."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.jobs import Job
from sandbox.protocol import SOURCE, WORK
from sandbox.pytest_run import INI_NAME, PROJECT_PYTHON, QUIET, project_env

TRIALS = (
    "reporter", "swap", "traced", "trial_tree", "trial_watch", "trial_web", "trial_child",
    "trial_memory", "trial_chain", "trial_measure", "trials",
)  # fmt: skip
"""Parts of the program; see `sandbox.probe`."""
TIMES = 4
"""How many times as long as on the code as it is a test may take."""
FLOOR_S = 0.1
"""Of processor time; less is never too long."""
SPARED = 500
"""How readily the kernel takes the process that forks when memory runs out; what it forks stands at 1000."""
PATIENCE = 5
"""How many times as long as on the code as it is it may wait for nothing, while it does not want the processor."""
WAIT_FLOOR_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """How the repository's own tests are run; see `pytest_config.own_config`."""

    ini: str = "[pytest]\n"
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def limit(cpu_s: float, wall_s: float) -> tuple[float, float]:
    """Seconds of processor, and of waiting, for something that took so long on the code as it is."""
    return max(FLOOR_S, TIMES * cpu_s), max(WAIT_FLOOR_S, PATIENCE * wall_s)


def task_for(suite: Suite, home: str, ids: Sequence[str], **more: Any) -> dict[str, Any]:
    """One child's task: a tree, a folder for scratch files and an environment of its own below `home`.

    `ids`: node ids of all tests that are talked about; elsewhere they are numbers.
    """
    tree, scratch = f"{home}/tree", f"{home}/temporary"
    files = sorted({node_id.partition("::")[0] for node_id in ids})
    env = {key: value.replace(f"{WORK}/", f"{home}/") for key, value in project_env(suite.env).items()}
    return {
        "nonce": secrets.token_hex(16),
        "source": SOURCE,
        "home": home,
        "tree": tree,
        "scratch": scratch,
        "paths": [tree, f"{tree}/src"],
        "ini_name": INI_NAME,
        "ini": suite.ini,
        "files": files,
        "env": env | {"HOME": home, "TMPDIR": scratch},
        "arguments": [
            "-c", f"{tree}/{INI_NAME}", "--rootdir", tree, "--confcutdir", tree, "--continue-on-collection-errors",
            *QUIET, "-s", *suite.options, *(f"{tree}/{file}" for file in files),
        ],
        "candidates": [],
        "oom": SPARED,
        "chain": 0,
        "late": True,
        "ran": [],
        "imported": [],
        "traced": [],
        "patterns": [],
        "known_errors": [],
        "enough": 1,
        "until_s": 0.0,
        **more,
    }  # fmt: skip


def job_for(suite: Suite, timeout_s: float) -> Job:
    """The job whose children get `task_for` tasks."""
    return Job(
        python=PROJECT_PYTHON, parts=TRIALS, task={}, user="app", cwd=WORK, env=project_env(suite.env),
        timeout_s=timeout_s,
    )  # fmt: skip
