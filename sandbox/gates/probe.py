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
    good = "no error of the server, no broken answer"
    gate = Gate(
        name=SCHEMA, passed=not found, evidence=trouble or evidence(found, good),
        seconds=round(outcome.elapsed_s, 3), command="schemathesis run /openapi.json",
    )  # fmt: skip
    hits = tuple(_server_error(r) for r in records if r["k"] == "failure" and int(r["status"]) >= 500)
    return GateResult(gate=gate, findings=tuple(found), hits=hits, good=good)


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
    found, good = [finding_of(hit) for hit in report.hits], _held_off(report)
    gate = Gate(
        name=ATTACKS, passed=not _holes(report.hits), evidence=_told(found, report.hits, good), seconds=report.seconds,
        command=f"{sent} attacks derived from /openapi.json",
    )  # fmt: skip
    return GateResult(gate=gate, findings=tuple(found), hits=report.hits, good=good)


def without(result: GateResult, known: Collection[str]) -> GateResult:
    """A result of one of these gates without the findings of those marks, which were there before the change.

    Their number is told; what is left fails the gate as it would have alone.
    """
    left = [finding for finding in result.findings if finding.mark not in known]
    gone = len(result.findings) - len(left)
    if not gone:
        return result
    marks, operations = {finding.mark for finding in left}, {f"schema/{finding.code}" for finding in left}
    hits = tuple(h for h in result.hits if finding_of(h).mark in marks or h.attack.id in operations)
    attacked = result.gate.name == ATTACKS
    told = _told(left, hits, result.good) if attacked else evidence(left, "nothing new")
    gate = result.gate.model_copy(
        update={
            "passed": not _holes(hits) if attacked else not left,
            "evidence": f"{told}; {gone} {'was' if gone == 1 else 'were'} there before the change",
        }
    )
    return result.model_copy(update={"gate": gate, "findings": tuple(left), "hits": hits})


def finding_of(hit: Hit) -> GateFinding:
    """A hit as a finding."""
    return GateFinding(
        gate=ATTACKS, code=hit.attack.category, text=f"{hit.attack.title}: {hit.told}", source=hit.attack.id
    )


def _holes(hits: Sequence[Hit]) -> bool:
    return any(not hit.attack.doubt for hit in hits)


def _held_off(report: AttackReport) -> str:
    if report.reason:
        return f"not measured: {report.reason}"
    left = f"; {report.not_run} not sent in the time" if report.not_run else ""
    skipped = f"; {len(report.skipped)} do not apply" if report.skipped else ""
    return f"{report.done} attacks were held off{skipped}{left}"


def _told(found: list[GateFinding], hits: Sequence[Hit], good: str) -> str:
    """Holes first; hits that may all be meant come after what is good."""
    if found and not _holes(hits):
        return f"{good}; meant? {evidence(found, '')}"
    return evidence(found, good)
