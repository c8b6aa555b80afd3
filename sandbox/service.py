"""Service tests: the application runs as one user, the tests talk HTTP to it as another, on the sandbox's loopback."""

import secrets
import threading
from collections.abc import Collection, Mapping, Sequence

from sandbox.errors import EngineFault
from sandbox.jobs import Job, Plain, Starter
from sandbox.protocol import SCRATCH, SOURCE, TESTS, WORK, Cause, Outcome, Process, Sandbox
from sandbox.pytest_run import PROJECT_PYTHON, QUIET, TREE, project_env, told_by, with_servers
from sandbox.reports import Service, SuiteReport, Word
from sandbox.stream import Told
from sandbox.suite import WORDS, suite_report
from sandbox.text import last_line, shown

PORT = 8000
"""Every sandbox has a loopback of its own, so the port never collides."""
TOOLS_PYTHON = "/opt/greenloop/bin/python"
ACCEPTANCE = "tests/acceptance"
LAUNCH = ("launch",)
OUTSIDE = ("reporter", "ready", "service_tests")
"""Parts of the programs; see `sandbox.probe`."""


def run_service_tests(
    sandbox: Sandbox,
    *,
    service: Service,
    node_ids: Sequence[str] | None = None,
    expected: Sequence[str] | None = None,
    timeout_s: float,
    starter: Starter | None = None,
    aside: Collection[str] = (),
) -> SuiteReport:
    """Start the service from a fresh copy of `/src`, run the tests below `/tests/tests/acceptance` against it, stop it.

    `timeout_s` bounds the tests; getting ready is bounded by the service's own `start_timeout_s`.
    `starter`: a worker, for speed where no verdict depends on it. `aside`: whole node ids that are not run.

    Raises:
        EngineFault: the engine was lost or the image holds no test runner.
    """
    nonce = secrets.token_hex(16)
    job = _tests_job(service, nonce, node_ids, service.start_timeout_s + timeout_s, aside)
    tested, served, died = beside(sandbox, service, job, starter)
    told = told_by(tested, nonce)
    report = _not_started(service, told, served, died) or _judged(tested, told, served, died, expected)
    said = served.stdout + b"\n" + served.stderr
    report = with_servers(sandbox, report)
    return report.model_copy(update={"service_output": shown(said, 12_000), "elapsed_s": round(tested.elapsed_s, 3)})


def beside(
    sandbox: Sandbox, service: Service, job: Job, starter: Starter | None = None
) -> tuple[Outcome, Outcome, bool]:
    """Start the service from a fresh copy of `/src`, run a job of another user against it, stop it.

    Returns how the job ended, how the service did, and whether that ended by itself.

    Raises:
        EngineFault: the engine was lost.
    """
    starter = starter or Plain(sandbox)
    starter.clean()
    running = starter.start(_service_job(service, sandbox.env, job.timeout_s + 60))
    try:
        return _race(starter.start(job), running)
    finally:
        running.stop()


def _race(tests: Process, service: Process) -> tuple[Outcome, Outcome, bool]:
    """Wait for the tests, and end them when the service is gone; True: the service ended by itself."""
    faults: list[EngineFault] = []

    def watch() -> None:
        try:
            service.wait()
        except EngineFault as fault:
            faults.append(fault)
        tests.stop()

    watcher = threading.Thread(target=watch, name="service-watch", daemon=True)
    watcher.start()
    try:
        tested = tests.wait()
    finally:
        served = service.stop()
        watcher.join(timeout=30)
    if faults:
        raise faults[0]
    return tested, served, served.cause is not Cause.STOPPED


def _judged(tested: Outcome, told: Told, served: Outcome, died: bool, expected: Sequence[str] | None) -> SuiteReport:
    report = suite_report(tested, told, expected)
    if not died or report.word is Word.TAMPERED:
        return report
    word = Word.RED if served.cause is Cause.EXITED else WORDS[served.cause]
    reason = f"the service ended while the tests ran: {_last(served)}"
    return report.model_copy(update={"word": word, "complete": False, "reason": reason})


def _not_started(service: Service, told: Told, served: Outcome, died: bool) -> SuiteReport | None:
    """The report when no test could begin because the service never answered."""
    if told.ready or told.problem or not (died or "not_ready" in told.notes):
        return None
    if died:
        word = Word.RED if served.cause is Cause.EXITED else WORDS[served.cause]
        return SuiteReport(word=word, complete=False, reason=f"service did not start: {_last(served)}")
    status = told.notes["not_ready"]
    seen = f"{service.ready_path} answered {status}" if status.isdigit() else f"no answer on {service.ready_path}"
    said = last_line(served.stderr) or last_line(served.stdout)
    reason = f"service did not start: {seen} within {service.start_timeout_s:.0f} s"
    return SuiteReport(word=Word.RED, complete=False, reason=f"{reason}: {said}" if said else reason)


def _last(served: Outcome) -> str:
    """How the service ended and the last line it said."""
    said = last_line(served.stderr) or last_line(served.stdout) or "it printed nothing"
    how = f"exit code {served.exit_code}" if served.cause is Cause.EXITED else served.cause.value.replace("_", " ")
    return f"{said} ({how})"


def _service_job(service: Service, env: Mapping[str, str], timeout_s: float) -> Job:
    def filled(text: str) -> str:
        return text.replace("{port}", str(PORT))

    task = {
        "source": SOURCE,
        "tree": TREE,
        "prepare": [[filled(word) for word in argv] for argv in service.prepare],
        "argv": [filled(word) for word in service.argv],
    }
    own = {name: filled(value) for name, value in service.env.items()}
    return Job(
        python=PROJECT_PYTHON,
        parts=LAUNCH,
        task=task,
        user="app",
        cwd=WORK,
        env=project_env({**own, **env}),
        timeout_s=timeout_s,
    )


def _tests_job(
    service: Service, nonce: str, node_ids: Sequence[str] | None, timeout_s: float, aside: Collection[str]
) -> Job:
    folder = f"{TESTS}/{ACCEPTANCE}"
    wanted = [ACCEPTANCE] if node_ids is None else list(node_ids)
    task = {
        "nonce": nonce,
        "port": PORT,
        "ready_path": service.ready_path,
        "start_timeout_s": service.start_timeout_s,
        "root": TESTS,
        "paths": [folder, TESTS],
        "wanted": wanted,
        "aside": sorted(aside),
        "arguments": [
            "-c", "/dev/null", "--rootdir", TESTS, "--confcutdir", folder, "--import-mode=importlib",
            "--continue-on-collection-errors", *QUIET,
        ],
    }  # fmt: skip
    env = {
        "HOME": SCRATCH,
        "PATH": "/opt/greenloop/bin:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "APP_BASE_URL": f"http://127.0.0.1:{PORT}",
    }
    return Job(python=TOOLS_PYTHON, parts=OUTSIDE, task=task, user="tests", cwd=SCRATCH, env=env, timeout_s=timeout_s)
