"""What webhooks that are sent promise."""

from collections.abc import Iterator

from agents.blueprints.spec import BlockSpec
from agents.offline.topics import Check, Topic, Words, lines
from agents.offline.topics_crud import another_value
from agents.offline.topics_files import file_of
from agents.offline.world import World
from agents.reading.service import THROWAWAY, URL

RECEIVER = f'''\
class Receiver:
    """Takes events: the codes it was given for the posts of each, then 204; every answer waits for `hold`."""

    def __init__(self, *codes: int, hold: threading.Event | None = None) -> None:
        receiver, self.posts, self.answered = self, [], []

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                event = self.headers["webhook-id"]
                before = sum(one["webhook-id"] == event for one, _ in receiver.posts)
                receiver.posts.append((self.headers, body))
                if hold is not None:
                    hold.wait(4)
                self.send_response(codes[before] if before < len(codes) else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()
                receiver.answered.append(json.loads(body)["data"]["id"])

            def log_message(self, *words: object) -> None:
                """Nothing is written."""

        begun = time.monotonic()
        while True:
            try:
                place = ("127.0.0.1", {URL.rpartition(":")[2]})
                self.server = http.server.ThreadingHTTPServer(place, Answers)
                break
            except OSError:  # another test listens there
                assert time.monotonic() - begun < 30
                time.sleep(0.1)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def events(self, kind: str, item: int, number: int = 1) -> list:
        """Headers and bodies of the posts that tell this of an item, as soon as there are so many."""
        begun = time.monotonic()
        while True:
            found = [(one, body) for one, body in list(self.posts) if json.loads(body)["type"] == kind]
            found = [one for one in found if json.loads(one[1])["data"] == {{"id": item}}]
            if len(found) >= number:
                return found
            assert time.monotonic() - begun < 30, f"no {{kind}} of {{item}} came"
            time.sleep(0.05)'''


def delivery_topics(world: World, block: BlockSpec) -> Iterator[Topic]:
    """Topics of a resource's events."""
    thing = world.things[block.resource]
    w = Words(world, thing)
    path = f"{world.prefix}/webhook-deliveries/{thing.plural.replace('_', '-')}"
    guarded = world.spec.login or world.profile.login is not None
    who = ", headers=login(client)" if guarded else ""
    ends = [f'"{name}"' for name in ("sent", "failed")]
    state = f"""
        def state(event: str) -> dict:
            begun = time.monotonic()
            while True:
                told = client.get("{path}", params={{"limit": 100}}{who}).json()
                one = next((one for one in told if one["id"] == event), None)
                if one and one["status"] in ({", ".join(ends)}):
                    return one
                assert time.monotonic() - begun < 20, one
                time.sleep(0.1)
    """
    checks = [*_changes(w, block)]
    if "created" in block.names and "create" in thing.actions:
        checks += _created(w, state)
    odd = lines(f"""
        for limit in (0, 101, "all"):
            answer = client.get("{path}", params={{"limit": limit}}{who})
            assert answer.status_code == 422, answer.text
    """)
    checks.append(Check(f"test_the_list_of_deliveries_of_{thing.plural}_is_bounded", "422 for more than 100.", odd))
    if guarded:
        closed = lines(f'assert client.get("{path}").status_code == 401')
        checks.append(Check(f"test_deliveries_of_{thing.plural}_need_a_login", "401 without a token.", closed))
    yield Topic(
        file_of(block),
        f"When one of the {thing.many} is {' or '.join(block.names)}, an event is sent to OUTGOING_WEBHOOK_URL, "
        "signed with OUTGOING_WEBHOOK_SECRET, in the background and again later until it is taken; "
        f"GET {path} tells how far each is.",
        tuple(checks),
    )


def _created(w: Words, state: str) -> Iterator[Check]:
    name, one = w.thing.name, w.var
    signed = lines(f"""{state}
        with Receiver() as receiver:
            {one} = {w.make()}
            ((headers, body),) = receiver.events("{name}.created", {one}["id"])
            event, moment = headers["webhook-id"], headers["webhook-timestamp"]
            shared, signed = b"{THROWAWAY}", f"{{event}}.{{moment}}.".encode() + body
            mac = hmac.digest(shared, signed, "sha256")
            assert headers["webhook-signature"] == f"v1,{{base64.b64encode(mac).decode()}}"
            assert abs(int(moment) - time.time()) < 60
            assert headers["content-type"] == "application/json"
            told = json.loads(body)
            assert datetime.datetime.fromisoformat(told["timestamp"]).tzinfo
            found = state(event)
            assert (found["type"], found["status"], found["attempts"]) == ("{name}.created", "sent", 1)
    """)
    again = lines(f"""{state}
        with Receiver(503) as receiver:
            {one} = {w.make()}
            first, second = receiver.events("{name}.created", {one}["id"], 2)
            assert first[0]["webhook-id"] == second[0]["webhook-id"]
            assert first[1] == second[1]
            found = state(first[0]["webhook-id"])
            assert (found["status"], found["attempts"]) == ("sent", 2)
    """)
    waits = lines(f"""{state}
        hold = threading.Event()
        with Receiver(hold=hold) as receiver:
            try:
                {one} = {w.make()}
                assert {one}["id"] not in receiver.answered
            finally:
                hold.set()
            headers = receiver.events("{name}.created", {one}["id"])[0][0]
            assert state(headers["webhook-id"])["status"] == "sent"
    """)
    yield Check(f"test_a_new_{name}_is_told_of", "an event, signed over id, moment and body.", signed)
    yield Check(f"test_an_event_of_{w.name}_that_is_not_taken_comes_again", "the same id and body, once more.", again)
    yield Check(
        f"test_nobody_who_makes_{w.name}_waits_for_the_receiver", "it answers before the event is taken.", waits
    )


def _changes(w: Words, block: BlockSpec) -> Iterator[Check]:
    thing, one = w.thing, w.var
    if "create" not in thing.actions:
        return
    change = another_value(thing)
    if "updated" in block.names and "update" in thing.actions and thing.update == "patch" and change:
        body = lines(f"""
            with Receiver() as receiver:
                {one} = {w.make()}
                answer = client.patch({w.item()}, json={{"{change[0].name}": {change[1]}}}{w.login("update")})
                assert answer.status_code == 200, answer.text
                assert receiver.events("{thing.name}.updated", {one}["id"])
        """)
        yield Check(f"test_a_changed_{thing.name}_is_told_of", "an event with its id.", body)
    if "deleted" in block.names and "delete" in thing.actions:
        body = lines(f"""
            with Receiver() as receiver:
                {one} = {w.make()}
                assert client.delete({w.item()}{w.login("delete")}).status_code == 204
                assert receiver.events("{thing.name}.deleted", {one}["id"])
        """)
        yield Check(f"test_a_deleted_{thing.name}_is_told_of", "an event with its id.", body)
