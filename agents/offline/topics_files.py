"""What uploads and tables promise."""

from collections.abc import Iterator

from agents.blueprints.names import attribute
from agents.blueprints.spec import BlockSpec
from agents.offline.source import quoted
from agents.offline.topics import Check, Topic, Words, lines, sends
from agents.offline.world import World

_PNG = 'b"\\x89PNG\\r\\n\\x1a\\n" + b"\\x00" * 32'
_SAMPLES = {"image": (_PNG, "image/png", ".png"), "pdf": ('b"%PDF-1.7 nothing"', "application/pdf", ".pdf"),
            "text": ('b"plain words"', "text/plain", ".txt")}  # fmt: skip


def file_of(block: BlockSpec) -> str:
    """Stem of the test module of a block."""
    return f"{block.name}_{block.resource}" if block.resource else block.name


def upload_topics(world: World, block: BlockSpec) -> Iterator[Topic]:
    """Topics of files left and taken."""
    path = f"{world.prefix}/files"
    sample, kind, ending = _SAMPLES[block.names[0]]
    told = kind if kind == "text/plain" else "text/html"
    guarded = world.spec.login or world.profile.login is not None
    mine = ", headers=login(client)" if guarded else ""
    kept = lines(f"""
        content = {sample}
        sent = {{"file": ("../..\\\\etc/pass<wd>{ending}", content, "{told}")}}
        answer = client.post("{path}", files=sent{mine})
        assert answer.status_code == 201, answer.text
        stored = answer.json()
        assert stored["content_type"] == "{kind}" and stored["size"] == len(content)
        assert stored["name"].endswith("{ending}") and not set(stored["name"]) & set("/\\\\<>")
        one = f"{path}/{{stored['id']}}"
        assert client.get(one{mine}).json() == stored
        taken = client.get(f"{{one}}/content"{mine})
        assert taken.status_code == 200 and taken.content == content
        assert taken.headers["content-type"].startswith("{kind}")
        assert taken.headers["x-content-type-options"] == "nosniff"
        assert taken.headers["content-disposition"].startswith("attachment")
        assert client.delete(one{mine}).status_code == 204
        assert client.get(one{mine}).status_code == 404
        assert client.get(f"{{one}}/content"{mine}).status_code == 404
    """)
    refused = lines(f"""
        page = {{"file": ("photo{ending}", b"\\x00\\x01<script>alert(1)</script>", "{kind}")}}
        assert client.post("{path}", files=page{mine}).status_code == 415
        assert client.post("{path}", files={{"file": ("none{ending}", b"", "{kind}")}}{mine}).status_code == 415
        assert client.post("{path}", data={{"file": "text"}}{mine}).status_code == 422
        large = {{"file": ("large{ending}", ({sample}).ljust({block.amount + 1}, b" "), "{kind}")}}
        assert client.post("{path}", files=large{mine}).status_code == 413
        for unknown in ("0" * 32, "..%2f..%2fetc%2fpasswd", "nothing"):
            assert client.get(f"{path}/{{unknown}}/content"{mine}).status_code in (404, 422)
    """)
    checks = [
        Check("test_a_file_is_left_and_taken", "safe name, kind by content, download only, gone after.", kept),
        Check("test_odd_and_large_files_are_refused", "415 for other kinds, 413 for large ones.", refused),
    ]
    if guarded:
        closed = lines(f"""
            sent = {{"file": ("a{ending}", {sample}, "{kind}")}}
            answers = [client.post("{path}", files=sent), client.get("{path}/{"0" * 32}/content")]
            assert [answer.status_code for answer in answers] == [401, 401]
        """)
        checks.append(Check("test_files_need_a_login", "401 without a token.", closed))
    yield Topic(
        file_of(block),
        f"POST {path} keeps a file ({', '.join(block.names)}; at most {block.amount} bytes) under a safe name and "
        f"answers 201; GET {path}/{{id}} tells about it, GET {path}/{{id}}/content gives it back as a download, "
        "DELETE ends it.",
        tuple(checks),
    )


def csv_topics(world: World, block: BlockSpec) -> Iterator[Topic]:
    """Topics of a resource as a table."""
    thing = world.things[block.resource]
    w = Words(world, thing)
    path = quoted(f"{thing.path}.csv")
    reads, writes = w.login("list"), w.login("create")
    names = [attribute(f.name) for f in thing.fields if sends(f, thing)]
    ids = [f"{r.target}_id" for r in thing.references if r.required]
    columns = ", ".join(quoted(name) for name in (*names, *ids))
    send = f"client.post({path}, content=table.getvalue().encode(), headers={_headers(writes)})"
    start = f"""
        columns = [{columns}]
        table = io.StringIO()
        writer = csv.DictWriter(table, columns)
        writer.writeheader()
    """
    both = lines(f"""{start}
        rows_sent = [{w.new()} for _ in range(3)]
        for row in rows_sent:
            writer.writerow({{name: row[name] for name in columns}})
        before = client.get({path}{reads})
        assert before.headers["content-type"].startswith("text/csv")
        answer = {send}
        assert answer.status_code == 201, answer.text
        assert answer.json() == {{"created": 3}}
        after = list(csv.DictReader(io.StringIO(client.get({path}{reads}).text)))
        assert len(after) == len(list(csv.DictReader(io.StringIO(before.text)))) + 3
        last = client.get({path}, params={{"after": after[-2]["id"]}}{reads})
        assert [row["id"] for row in csv.DictReader(io.StringIO(last.text))] == [after[-1]["id"]]
        assert all(name in after[-1] for name in columns)
    """)
    wrong = lines(f"""{start}
        row = {w.new()}
        writer.writerow({{name: row[name] for name in columns}})
        before = client.get({path}{reads}).text
        table.write("no such,thing,in,any,of,the,columns,at,all" + chr(13) + chr(10))
        table.write(chr(34) + "never closed")
        assert {send}.status_code == 422
        table = io.StringIO("no_such_column" + chr(10) + "1" + chr(10))
        assert {send}.status_code == 422
        assert client.get({path}{reads}).text == before
    """)
    checks = [
        Check(f"test_{thing.plural}_go_out_and_in_as_a_table", "what is imported is exported.", both),
        Check(f"test_a_wrong_table_of_{thing.plural}_changes_nothing", "422, and no row is kept.", wrong),
    ]
    yield Topic(
        file_of(block),
        f"GET {thing.path}.csv answers the {thing.many} as a table by id, from `after` on; POST to it creates "
        f"{thing.many} from a table, all rows or none.",
        tuple(checks),
    )


def _headers(login: str) -> str:
    kind = '{"Content-Type": "text/csv"}'
    return f"{kind} | {login.removeprefix(', headers=')}" if login else kind
