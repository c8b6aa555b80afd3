"""What background exports promise."""

from collections.abc import Iterator

from agents.blueprints.spec import BlockSpec
from agents.offline.topics import Check, Topic, Words, lines
from agents.offline.topics_files import file_of
from agents.offline.world import World


def job_topics(world: World, block: BlockSpec) -> Iterator[Topic]:
    """Topics of a resource's exports."""
    thing = world.things[block.resource]
    w = Words(world, thing)
    path = f"{world.prefix}/exports/{thing.plural.replace('_', '-')}"
    who = w.login("list")
    done = lines(f"""
        made = [{w.make()}, {w.make()}]
        answer = client.post("{path}"{who})
        assert answer.status_code == 202, answer.text
        one = answer.headers["location"]
        assert one == f"{path}/{{answer.json()['id']}}"
        begun = time.monotonic()
        while (job := client.get(one{who}).json())["status"] in ("queued", "running"):
            assert time.monotonic() - begun < 20
            time.sleep(0.1)
        assert job == {{"id": answer.json()["id"], "status": "done", "attempts": 1}}
        taken = client.get(f"{{one}}/content"{who})
        assert taken.status_code == 200, taken.text
        assert taken.headers["content-type"].startswith("application/x-ndjson")
        found = [json.loads(row) for row in taken.text.splitlines()]
        assert [row for row in found if row["id"] >= made[0]["id"]][:2] == made
    """)
    unknown = lines(f"""
        for end in ("", "/content"):
            assert client.get(f"{path}/{{'0' * 32}}{{end}}"{who}).status_code == 404
            assert client.get(f"{path}/no-id{{end}}"{who}).status_code == 422
    """)
    checks = [
        Check(f"test_{thing.plural}_are_exported_in_the_background", "202, done in time, all of them in it.", done),
        Check(f"test_an_unknown_export_of_{thing.plural}_is_not_found", "404, and 422 for an odd id.", unknown),
    ]
    if who:
        closed = lines(f"""
            one = f"{path}/{{'0' * 32}}"
            answers = [client.post("{path}"), client.get(one), client.get(f"{{one}}/content")]
            assert [answer.status_code for answer in answers] == [401, 401, 401]
        """)
        checks.append(Check(f"test_exports_of_{thing.plural}_need_a_login", "401 without a token.", closed))
    yield Topic(
        file_of(block),
        f"POST {path} has all {thing.many} exported in the background: 202 with its address, which tells how far it is "
        "and, below /content, gives them as lines of JSON.",
        tuple(checks),
    )
