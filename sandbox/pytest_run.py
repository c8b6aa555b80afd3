"""Running tests inside a sandbox and reading what they said. Nothing here decides by printed text."""

import secrets
from collections.abc import Collection, Mapping, Sequence

from sandbox import stream
from sandbox.errors import EngineFault
from sandbox.jobs import Job, Plain, Starter
from sandbox.protocol import SOURCE, WORK, Cause, Outcome, Sandbox
from sandbox.reports import SuiteReport, Word
from sandbox.suite import suite_report

TREE = f"{WORK}/tree"
"""The writable copy of the tree; node ids are relative to it."""
PROJECT_PYTHON = "/opt/venv/bin/python"
IN_PROCESS = ("reporter", "touched", "reached", "in_process")
"""Parts of the program; see `sandbox.probe`."""
INI_NAME = ".greenloop-pytest.ini"
QUIET = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:rerunfailures", "-q", "--tb=short", "--color=no")


def project_env(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment repository code runs in: the project's interpreter first, its source importable."""
    return {
        "HOME": WORK,
        "PATH": "/opt/venv/bin:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{TREE}:{TREE}/src",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **extra,
    }


def run_in_process(
    sandbox: Sandbox,
    *,
    node_ids: Sequence[str] | None = None,
    expected: Sequence[str] | None = None,
    timeout_s: float,
    ini: str = "[pytest]\n",
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    starter: Starter | None = None,
    touch: bool = False,
    reached: tuple[Sequence[str], str] | None = None,
    aside: Collection[str] = (),
) -> SuiteReport:
    """Run the repository's tests as `app` on a fresh copy of `/src`, in the project's interpreter.

    `node_ids`: files, classes or functions to run (parameters may be left out), None for all. `expected`: those that
    must have run and passed. `ini` and `options` come from `pytest_config.own_config` of a trusted tree. `starter`:
    a worker, for speed where no verdict depends on it. `touch`: see which files each test runs code of.
    `reached`: files whose lines are written, as they run, to another one. `aside`: whole node ids that are not run.

    Raises:
        EngineFault: the engine was lost or the image holds no test runner.
    """
    starter = starter or Plain(sandbox)
    starter.clean()
    job = in_process_job(
        node_ids,
        timeout_s=timeout_s,
        ini=ini,
        options=options,
        env={**(env or {}), **sandbox.env},
        touch=touch,
        reached=reached,
        aside=aside,
    )
    outcome = starter.start(job).wait()
    return with_servers(sandbox, suite_report(outcome, told_by(outcome, str(job.task["nonce"])), expected))


def in_process_job(
    node_ids: Sequence[str] | None, *, timeout_s: float, ini: str, options: Sequence[str], env: Mapping[str, str],
    touch: bool = False, reached: tuple[Sequence[str], str] | None = None, aside: Collection[str] = (),
) -> Job:  # fmt: skip
    """The repository's tests as a job with a nonce of its own."""
    task = {
        "nonce": secrets.token_hex(16),
        "source": SOURCE,
        "tree": TREE,
        "paths": [TREE, f"{TREE}/src"],
        "ini_name": INI_NAME,
        "ini": ini,
        "wanted": None if node_ids is None else list(node_ids),
        "aside": sorted(aside),
        "touch": touch,
        "reached": reached,
        "arguments": [
            "-c", f"{TREE}/{INI_NAME}", "--rootdir", TREE, "--confcutdir", TREE, "--continue-on-collection-errors",
            *QUIET, *options,
        ],
    }  # fmt: skip
    return Job(
        python=PROJECT_PYTHON,
        parts=IN_PROCESS,
        task=task,
        user="app",
        cwd=WORK,
        env=project_env(env),
        timeout_s=timeout_s,
    )


def with_servers(sandbox: Sandbox, report: SuiteReport) -> SuiteReport:
    """The report, not believed when what the tests did ended a server that ran beside them.

    Raises:
        EngineFault: the servers cannot be asked.
    """
    if report.word not in (Word.GREEN, Word.RED, Word.COLLECT_ERROR, Word.NO_TESTS):
        return report
    reason = sandbox.ailing()
    return report.model_copy(update={"word": Word.RED, "complete": False, "reason": reason}) if reason else report


def told_by(outcome: Outcome, nonce: str) -> stream.Told:
    """Read the report of an ended test process.

    Raises:
        EngineFault: its interpreter is not in the image.
    """
    if outcome.cause is Cause.EXITED and outcome.exit_code == 127 and not outcome.stdout:
        raise EngineFault("the image holds no interpreter to run the tests with")
    return stream.read(outcome.stdout, nonce, cut_off=outcome.cause is not Cause.EXITED)
