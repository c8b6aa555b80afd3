# mypy: ignore-errors
"""Runs inside the container as the tests' user: reads the document the service publishes of itself."""

task = globals().get("task") or json.loads(sys.stdin.buffer.read())
tell = open_channel(task.pop("nonce"))
PIECE = 20_000


def main():
    wait_ready(task, tell)
    tell(k="ready")
    connection = http.client.HTTPConnection("127.0.0.1", task["port"], timeout=10)
    try:
        connection.request("GET", task["path"], headers={"Connection": "close"})
        answer = connection.getresponse()
        text = answer.read(task["most"] + 1).decode("utf-8", "replace")
        status = answer.status
    except (OSError, http.client.HTTPException) as broken:
        status, text = 0, str(broken)
    for start in range(0, len(text), PIECE):
        tell(k="piece", text=text[start : start + PIECE])
    tell(k="end", status=status)
    sys.stderr.flush()
    os._exit(0)


main()
