"""What calls of another service promise."""

from collections.abc import Iterator

from agents.blueprints.spec import BlockSpec
from agents.offline.topics import Check, Topic, lines
from agents.offline.topics_files import file_of
from agents.offline.world import World
from agents.reading.service import URL

UPSTREAM = f'''\
class Upstream:
    """The other service: the codes it was given, one a request, then 200; `slow` seconds for each."""

    def __init__(self, *codes: int, slow: float = 0) -> None:
        upstream, self.codes, self.seen = self, list(codes), []

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                upstream.seen.append(self.path)
                time.sleep(slow)
                self.send_response(upstream.codes.pop(0) if upstream.codes else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                """Nothing is written."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", {URL.rpartition(":")[2]}), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> "Upstream":
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()'''


def upstream_topics(world: World, block: BlockSpec) -> Iterator[Topic]:
    """Topics of the client."""
    path = f"{world.prefix}/upstream/status"
    guarded = world.spec.login or world.profile.login is not None
    start = "headers = login(client)" if guarded else "headers: dict = {}"
    asked = f'client.get("{path}", headers=headers).json()'
    again = lines(f"""
        {start}
        for codes in ((), (503,), (502, 429), (504, 503)):
            with Upstream(*codes) as upstream:
                assert {asked} == {{"reachable": True, "status": 200, "reason": ""}}
                assert upstream.seen == ["/"] * (len(codes) + 1)
    """)
    ends = lines(f"""
        {start}
        with Upstream(503, 503, 503, 503) as upstream:
            assert {asked} == {{"reachable": False, "status": 503, "reason": "failing"}}
            assert len(upstream.seen) == 3
        for code in (500, 404, 302):
            with Upstream(code) as upstream:
                answer = {asked}
                assert (answer["reachable"], answer["status"]) == (code != 500, code)
                assert len(upstream.seen) == 1
    """)
    slow = lines(f"""
        {start}
        assert {asked} == {{"reachable": False, "status": None, "reason": "no connection"}}
        with Upstream(slow=4) as upstream:
            begun = time.monotonic()
            assert {asked} == {{"reachable": False, "status": None, "reason": "no answer in time"}}
            assert time.monotonic() - begun < 9
            assert len(upstream.seen) == 3
    """)
    checks = [
        Check("test_passing_trouble_is_tried_again", "up to three times, until it answers.", again),
        Check("test_trying_again_has_an_end", "three attempts for passing trouble, one for anything else.", ends),
        Check("test_nobody_waits_for_long", "without an answer a request ends in seconds.", slow),
    ]
    if guarded:
        closed = lines(f'assert client.get("{path}").status_code == 401')
        checks.append(Check("test_the_other_service_is_asked_for_users", "401 without a token.", closed))
    yield Topic(
        file_of(block),
        f"The service at UPSTREAM_URL is called by one client with timeouts; passing trouble (429, 502, 503, 504, no "
        f"answer) of what may be repeated is tried three times. GET {path} says whether it answers.",
        tuple(checks),
    )
