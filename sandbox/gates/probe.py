"""The service is started and driven from another process: requests made up from its own document, then attacks."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sandbox import stream
from sandbox.attack.pack import pack_for
from sandbox.attack.run import SEED, attack
from sandbox.attack.samples import NoSample
from sandbox.attack.script import Attack, AttackReport, Expect, Hit, Step
from sandbox.attack.surface import Surface
from sandbox.gates.findings import GateFinding, GateResult, evidence
from sandbox.jobs import Job
from sandbox.protocol import SCRATCH, Sandbox
from sandbox.reports import Gate, Service
from sandbox.service import PORT, beside
from sandbox.text import last_line, shown

SCHEMA, ATTACKS = "requests from the schema", "attacks"
GATES_PYTHON = "/opt/gates/bin/python"
CHECKER = ("reporter", "ready", "sending", "schema_check")
EXAMPLES = 8
"""Random requests per operation, besides those at the edges of what the schema allows."""


def schema_check(
    sandbox: Sandbox,
    service: Service,
    document: Mapping[str, Any],
    *,
    budget_s: float,
    paths: Collection[str] | None = None,
    path: str = "/openapi.json",
) -> GateResult:
    """No request that the document allows, or nearly allows, may end in an error of the server or break the document.

    `paths`: those that are asked, None for all. `path`: where the document is.

    Raises:
        EngineFault: the engine was lost.
    """
    nonce = secrets.token_hex(16)
    task = {
        "nonce": nonce, "port": PORT, "ready_path": service.ready_path, "start_timeout_s": service.start_timeout_s,
        "budget_s": budget_s, "examples": EXAMPLES, "document": path, "seed": SEED, "secrets": [],
        "paths": None if paths is None else sorted(paths),
        "login": [step.model_dump(mode="json") for step in _login(document)],
    }  # fmt: skip
    job = Job(
        python=GATES_PYTHON, parts=CHECKER, task=task, user="tests", cwd=SCRATCH,
        env={"HOME": SCRATCH, "PATH": "/opt/gates/bin:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
        timeout_s=service.start_timeout_s + budget_s + 60,
    )  # fmt: skip
    outcome, served, _ = beside(sandbox, service, job)
    records = list(stream.records(outcome.stdout, nonce))
    found = [_finding(record) for record in records if record["k"] == "failure"]
    end = next((record for record in records if record["k"] == "end"), None)
    trouble = ""
    if end is None:
        trouble = (
            f"not measured: {last_line(served.stderr) or last_line(outcome.stderr) or 'the service did not start'}"
        )
    elif int(end["exit"]) not in (0, 1):
        trouble = f"not measured: {last_line(str(end['said']))}"
    gate = Gate(
        name=SCHEMA, passed=not found, evidence=trouble or evidence(found, "no error of the server, no broken answer"),
        seconds=round(outcome.elapsed_s, 3), command="schemathesis run /openapi.json",
    )  # fmt: skip
    hits = tuple(_server_error(r) for r in records if r["k"] == "failure" and int(r["status"]) >= 500)
    return GateResult(gate=gate, findings=tuple(found), hits=hits)


def _login(document: Mapping[str, Any]) -> Sequence[Step]:
    account = Surface(document).account
    try:
        return account.steps("token") if account is not None else ()
    except NoSample:
        return ()


def _finding(record: Mapping[str, Any]) -> GateFinding:
    text = f"{record['title']} ({record['method']} {record['path']} answered {record['status']})"
    return GateFinding(gate=SCHEMA, code=str(record["operation"]), text=shown(text, 300), source=str(record["title"]))


def _server_error(record: Mapping[str, Any]) -> Hit:
    headers = {"Content-Type": str(record["type"])} if record["type"] and record["body"] else {}
    path, _, query = str(record["path"]).partition("?")
    step = Step(
        method=str(record["method"]), path=f"{path}?{query}" if query else path, headers=headers,
        raw=str(record["body"]) or None, expect=Expect(below=500),
    )  # fmt: skip
    name = str(record["operation"])
    one = Attack(id=f"schema/{name}", category="schema", title=f"{name} ends in an error of the server", steps=(step,))
    return Hit(attack=one, step=0, told=f"it answered {record['status']}")


def attacks(
    sandbox: Sandbox,
    service: Service,
    document: Mapping[str, Any],
    *,
    budget_s: float,
    only: Collection[str] | None = None,
) -> GateResult:
    """The attack pack; `only`: ids of attacks to send, None for all.

    Raises:
        EngineFault: the engine was lost.
    """
    pack = [one for one in pack_for(document) if only is None or one.id in only]
    report = attack(sandbox, service, pack, budget_s=budget_s)
    return attacks_result(report, len(pack))


def attacks_result(report: AttackReport, sent: int) -> GateResult:
    """A report as a gate: hits that may be meant are told and do not fail it."""
    found = [finding_of(hit) for hit in report.hits]
    holes = any(not hit.attack.doubt for hit in report.hits)
    gate = Gate(
        name=ATTACKS, passed=not holes, evidence=_summary(report, found, holes=holes), seconds=report.seconds,
        command=f"{sent} attacks derived from /openapi.json",
    )  # fmt: skip
    return GateResult(gate=gate, findings=tuple(found), hits=report.hits)


def finding_of(hit: Hit) -> GateFinding:
    """A hit as a finding."""
    return GateFinding(
        gate=ATTACKS, code=hit.attack.category, text=f"{hit.attack.title}: {hit.told}", source=hit.attack.id
    )


def _summary(report: AttackReport, found: list[GateFinding], *, holes: bool) -> str:
    if report.reason:
        return f"not measured: {report.reason}"
    left = f"; {report.not_run} not sent in the time" if report.not_run else ""
    skipped = f"; {len(report.skipped)} do not apply" if report.skipped else ""
    held = f"{report.done} attacks were held off{skipped}{left}"
    if found and not holes:
        return f"{held}; meant? {evidence(found, '')}"
    return evidence(found, held)
