# mypy: ignore-errors
"""Runs inside the container as the tests' user: property-based requests from the service's own document."""

import subprocess

EVENTS = "/scratch/schema-check.ndjson"
CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance,response_headers_conformance"
MOST = 200


def token():
    """A token of a user who was registered for this, empty when none can be had."""
    session = Session("schema check")
    try:
        for step in task["login"]:
            answer = send(step, session)
            if not 200 <= answer.status < 400:
                return ""
            for name, path in step["take"].items():
                session.names[name] = place(answer.data(), path)
        return str(session.names.get("token") or "")
    except (Skip, Gone):
        return ""


def arguments():
    known = token() if task["login"] else ""
    base = "http://127.0.0.1:%d" % task["port"]
    found = [
        sys.executable, "-m", "schemathesis.cli", "run", base + task["document"], "--url", base, "--checks", CHECKS,
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(task["examples"]), "--generation-deterministic",
        "--continue-on-failure", "--no-color", "--no-shrink", "--suppress-health-check", "all", "--workers", "1",
        "--report", "ndjson", "--report-ndjson-path", EVENTS, "--output-sanitize", "false", "--request-timeout", "8",
    ]  # fmt: skip
    for path in task["paths"] or ():
        found += ["--include-path", path]
    return found + (["--header", "Authorization:Bearer %s" % known] if known else [])


def failures():
    """Each failed check with the request that shows it."""
    if not os.path.exists(EVENTS):
        return
    with open(EVENTS, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            with contextlib.suppress(ValueError):
                recorder = (json.loads(line).get("ScenarioFinished") or {}).get("recorder") or {}
                for case, checks in (recorder.get("checks") or {}).items():
                    failed = [check for check in checks if check.get("status") == "failure"]
                    yield from ((recorder, case, check) for check in failed)


def told(recorder, case, check):
    failure = (check.get("failure_info") or {}).get("failure") or {}
    interaction = (recorder.get("interactions") or {}).get(case) or {}
    request = interaction.get("request") or {}
    parts = urllib.parse.urlsplit(str(request.get("uri", "")))
    body = request.get("body") or {}
    content = body.get("$base64") if isinstance(body, dict) else None
    headers = {k: v[0] if isinstance(v, list) and v else v for k, v in (request.get("headers") or {}).items()}
    return {
        "operation": str(failure.get("operation") or recorder.get("label")),
        "title": str(failure.get("title") or check.get("name"))[:200],
        "message": str(failure.get("message") or "")[:600],
        "method": str(request.get("method", "GET")),
        "path": parts.path + ("?" + parts.query if parts.query else ""),
        "type": next((str(v) for k, v in headers.items() if k.lower() == "content-type"), ""),
        "body": base64.b64decode(content).decode("utf-8", "replace")[:4000] if content else "",
        "status": int((interaction.get("response") or {}).get("status_code") or 0),
    }


def main():
    wait_ready(task, tell)
    tell(k="ready")
    done = subprocess.run(
        arguments(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=task["budget_s"] + 30,
        errors="replace", check=False,
    )  # fmt: skip
    seen = set()
    for found in failures():
        one = told(*found)
        key = one["operation"], one["title"]
        if key not in seen and len(seen) < MOST:
            seen.add(key)
            tell(k="failure", **one)
    tell(k="end", exit=done.returncode, said=(done.stdout + done.stderr)[-600:])
    sys.stderr.flush()
    os._exit(0)


main()
