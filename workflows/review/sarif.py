"""A review as SARIF 2.1.0, the format code hosts show beside a change."""

import json
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from agents.rules import catalog
from agents.rules.explain import page
from workflows.review.findings import Review, ReviewFinding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def as_sarif(review: Review) -> str:
    """One SARIF log with one run."""
    names = sorted({finding.code for finding in review.findings} | {f.code for f, _ in review.dismissed})
    rules = [_rule(name) for name in names]
    results = [_result(review, finding, names) for finding in review.findings]
    for finding, why in review.dismissed:
        said = {"kind": "external", "status": "accepted", "justification": why.reason}
        results.append({**_result(review, finding, names), "suppressions": [said]})
    run = {
        "tool": {"driver": {"name": "greenloop", "version": version("greenloop"), "rules": rules}},
        "results": results,
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": f"not checked: {line}"}} for line in review.not_checked
                ],
            }
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _rule(name: str) -> dict[str, Any]:
    try:
        found = catalog.rule(name)
    except KeyError:
        return {"id": name}
    told = page(found.id)
    return {
        "id": found.id,
        "name": "".join(word.title() for word in found.name.split("-")),
        "shortDescription": {"text": told.title},
        "fullDescription": {"text": told.why},
        "defaultConfiguration": {"level": LEVELS[found.severity]},
    }


def _result(review: Review, finding: ReviewFinding, names: list[str]) -> dict[str, Any]:
    text = finding.message
    if finding.proof is not None:
        text += f"\n\nProof ({finding.proof.kind}): {finding.proof.ran}\n{finding.proof.said}"
    found: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": names.index(finding.code),
        "level": LEVELS[finding.severity],
        "message": {"text": text},
        "partialFingerprints": {"greenloopId/v1": finding.id},
        "properties": {"gate": finding.gate, "proven": finding.proof is not None},
    }
    if not review.first:
        found["baselineState"] = "new" if finding.id in review.new else "unchanged"
    if finding.path:
        region = {"startLine": max(1, finding.line)} | ({"startColumn": finding.column} if finding.column else {})
        place = {"uri": quote(finding.path), "uriBaseId": "%SRCROOT%"}
        found["locations"] = [{"physicalLocation": {"artifactLocation": place, "region": region}}]
    return found
