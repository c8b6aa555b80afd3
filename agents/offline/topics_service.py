"""What every new application promises, whatever it serves: error answers, request ids, readiness, closed origins."""

from collections.abc import Iterator

from agents.offline.topics import Check, Topic, lines


def service_topics() -> Iterator[Topic]:
    """Topics of a new application's frame."""
    yield Topic(
        "service",
        "Errors are answered as application/problem+json with title, status and detail.",
        (Check("test_errors_are_problems", "an unknown path and a wrong method are problems.", _PROBLEMS),),
    )
    yield Topic(
        "service",
        "Every answer carries X-Request-ID: the client's own when it is short and plain, else a new one.",
        (
            Check("test_a_request_keeps_its_id", "the client's own id comes back.", _OWN_ID),
            Check("test_a_request_gets_an_id", "a new id for every request, odd ones are replaced.", _NEW_ID),
        ),
    )
    yield Topic(
        "service",
        "GET /health/ready answers 200 while the database answers.",
        (Check("test_the_service_is_ready", "the database answers.", _READY),),
    )
    yield Topic(
        "service",
        "Pages of other origins may not read answers unless the settings name them.",
        (Check("test_other_origins_are_kept_out", "no origin is allowed by itself.", _ORIGIN),),
    )


_PROBLEMS = lines("""
    for answer, status in ((client.get("/no-such-path"), 404), (client.delete("/health"), 405)):
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
        found = answer.json()
        assert found["status"] == status
        assert found["title"] and found["detail"]
""")
_OWN_ID = lines("""
    answer = client.get("/health", headers={"X-Request-ID": "order-42"})
    assert answer.headers["x-request-id"] == "order-42"
""")
_NEW_ID = lines("""
    answers = [client.get("/health"), client.get("/health", headers={"X-Request-ID": "<b>" * 50})]
    answers.append(client.get("/no-such-path"))
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 3
    assert all(one.isalnum() for one in ids)
""")
_READY = lines("""
    answer = client.get("/health/ready")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"status": "ok"}
""")
_ORIGIN = lines("""
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    for answer in (client.get("/health", headers=asked), client.options("/health", headers=asked)):
        assert "access-control-allow-origin" not in answer.headers
    assert client.get("/health", headers=asked).status_code == 200
""")
