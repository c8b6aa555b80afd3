"""What a job by the clock promises."""

from collections.abc import Iterator

from agents.blueprints.spec import BlockSpec
from agents.offline.topics import Check, Topic, Words, lines
from agents.offline.topics_files import file_of
from agents.offline.world import World

_AWAITED_S = 5
"""Intervals up to this long are waited for."""


def schedule_topics(world: World, block: BlockSpec) -> Iterator[Topic]:
    """Topics of the counts of a resource."""
    thing = world.things[block.resource]
    w = Words(world, thing)
    path = f"{world.prefix}/counts/{thing.plural.replace('_', '-')}"
    who = w.login("list")
    first = lines(f"""
        begun = time.monotonic()
        while not (found := client.get("{path}"{who}).json()):
            assert time.monotonic() - begun < 20
            time.sleep(0.1)
        assert found[0].keys() == {{"due_at", "number"}}
        due = [datetime.datetime.fromisoformat(one["due_at"]).timestamp() for one in found]
        assert due == sorted(set(due), reverse=True) and due[0] <= time.time()
        assert all((moment - {block.amount}) % {block.seconds} == 0 for moment in due)
    """)
    odd = lines(f"""
        for limit in (0, 101, "all"):
            answer = client.get("{path}", params={{"limit": limit}}{who})
            assert answer.status_code == 422, answer.text
        assert len(client.get("{path}", params={{"limit": 1}}{who}).json()) <= 1
    """)
    checks = [
        Check(f"test_{thing.plural}_are_counted_when_it_is_time", "at whole intervals, the newest first.", first),
        Check(f"test_the_list_of_counts_of_{thing.plural}_is_bounded", "at most 100, 422 for more.", odd),
    ]
    if block.seconds <= _AWAITED_S and "create" in thing.actions:
        again = lines(f"""
            assert {w.make()}
            made, begun = time.time(), time.monotonic()

            def newest() -> dict:
                return next(iter(client.get("{path}"{who}).json()), {{"due_at": "1970-01-01T00:00:00Z"}})

            while datetime.datetime.fromisoformat(newest()["due_at"]).timestamp() <= made:
                assert time.monotonic() - begun < {block.seconds * 2 + 20}
                time.sleep(0.1)
            assert newest()["number"] >= 1
        """)
        name = f"test_{thing.plural}_are_counted_again"
        checks.append(Check(name, "what was made is in the next count.", again))
    if who:
        closed = lines(f'assert client.get("{path}").status_code == 401')
        checks.append(Check(f"test_counts_of_{thing.plural}_need_a_login", "401 without a token.", closed))
    at = f" after {block.amount // 3600:02}:{block.amount // 60 % 60:02} UTC" if block.amount else ""
    yield Topic(
        file_of(block),
        f"The application counts its {thing.many} by itself every {block.seconds} seconds{at}, each moment once; "
        f"GET {path} answers the counts, the newest first.",
        tuple(checks),
    )
