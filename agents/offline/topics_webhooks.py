"""What signed webhooks promise."""

from collections.abc import Iterator

from agents.blueprints.spec import BlockSpec
from agents.offline.topics import Check, Topic, lines
from agents.offline.topics_files import file_of
from agents.offline.world import World
from agents.reading.service import THROWAWAY

EVENT_HEADERS = f'''\
def event_headers(
    key: str, body: bytes, ago: float = 0, shared: str = "{THROWAWAY}"
) -> dict:
    """What a sender of webhooks writes above a body: its id, the moment, and a signature of all three."""
    moment = str(int(time.time() - ago))
    signed = f"{{key}}.{{moment}}.".encode() + body
    mac = base64.b64encode(hmac.digest(shared.encode(), signed, "sha256")).decode()
    return {{"webhook-id": key, "webhook-timestamp": moment, "webhook-signature": f"v1,{{mac}}"}}'''


def webhook_topics(world: World, block: BlockSpec) -> Iterator[Topic]:
    """Topics of events from outside."""
    path = f"{world.prefix}/webhooks"
    post = f'client.post("{path}", content=body, headers='
    yield Topic(
        file_of(block),
        f"POST {path} takes events signed with WEBHOOK_SECRET (webhook-id, webhook-timestamp, webhook-signature), each "
        "once: 202, and 200 when it is repeated; what is forged or older than five minutes answers 401.",
        (*_taken(post), *_refused(post)),
    )


def _taken(post: str) -> tuple[Check, ...]:
    once = lines(f"""
        key, body = f"evt_{{unique()}}", b'{{"type": "order.paid", "amount": 7}}'
        answer = {post}event_headers(key, body))
        assert answer.status_code == 202, answer.text
        assert answer.json() == {{"id": key, "repeated": False}}
        again = {post}event_headers(key, body, 30))
        assert again.status_code == 200, again.text
        assert again.json() == {{"id": key, "repeated": True}}
        other = f"evt_{{unique()}}"
        assert {post}event_headers(other, body)).json() == {{"id": other, "repeated": False}}
    """)
    changed = lines(f"""
        key, body = f"evt_{{unique()}}", b'{{"amount": 7}}'
        good = event_headers(key, body)
        old = event_headers(key, body, 0, "the secret before, as long as the one that is right")
        both = f"{{old['webhook-signature']}} {{good['webhook-signature']}}"
        assert {post}good | {{"webhook-signature": both}}).status_code == 202
    """)
    return (
        Check("test_a_signed_event_is_taken_once", "202, then 200 with `repeated`.", once),
        Check("test_a_secret_can_be_changed", "one good signature of several is enough.", changed),
    )


def _refused(post: str) -> tuple[Check, ...]:
    forged = lines(f"""
        key, body = f"evt_{{unique()}}", b'{{"amount": 7}}'
        good = event_headers(key, body)
        other = event_headers(key, b'{{"amount": 8}}')
        stranger = event_headers(key, body, 0, "another secret, as long as the one that is right")
        for changes in (
            {{"webhook-signature": other["webhook-signature"]}},
            {{"webhook-signature": stranger["webhook-signature"]}},
            {{"webhook-signature": good["webhook-signature"][:-2]}},
            {{"webhook-signature": "v1,"}},
            {{"webhook-id": f"evt_{{unique()}}"}},
            {{"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)}},
        ):
            answer = {post}good | changes)
            assert answer.status_code == 401, (changes, answer.text)
        for name in good:
            kept = {{key: value for key, value in good.items() if key != name}}
            assert {post}kept).status_code == 422
        assert {post}good).json()["repeated"] is False
    """)
    late = lines(f"""
        key, body = f"evt_{{unique()}}", b'{{"amount": 7}}'
        for ago in (900, 310, -310, -900):
            answer = {post}event_headers(key, body, ago))
            assert answer.status_code == 401, (ago, answer.text)
        for ago, repeated in ((200, False), (-200, True)):
            assert {post}event_headers(key, body, ago)).json()["repeated"] is repeated
    """)
    odd = lines(f"""
        odd = [b"amount=7", b'{{"amount"', b"\\xff", b"[" * 90_000]
        for body, wanted in [*((body, 422) for body in odd), (b" " * 300_000, 413)]:
            answer = {post}event_headers(f"evt_{{unique()}}", body))
            assert answer.status_code == wanted, answer.text
    """)
    return (
        Check("test_a_forged_event_is_refused", "another body, id, moment or secret answers 401.", forged),
        Check("test_an_old_event_is_refused", "five minutes, in both directions.", late),
        Check("test_an_event_is_json_of_a_bounded_size", "422 and 413, though it is signed.", odd),
    )
