"""A scripted OpenAI-compatible server on loopback: real HTTP, chosen answers, every way an endpoint can fail."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body.get("messages", [])

    @property
    def last(self) -> str:
        """The last message's text."""
        content = self.messages[-1].get("content") or ""
        return content if isinstance(content, str) else json.dumps(content)

    @property
    def everything(self) -> str:
        """All messages as one text."""
        return "\n".join(str(m.get("content") or "") for m in self.messages)


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, or one way of not giving it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    act: str = ""
    """`hang`: never answer; `cut`: close in the middle; `reset`: close at once; `drip`: a byte every 50 ms."""


Script = Iterable[Answer] | Callable[[Asked], Answer]


class ModelServer:
    """Use as a context manager. A list is answered in order and then its last answer for ever; a callable decides."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Asked] = []
        self._script: Callable[[Asked], Answer] = script if callable(script) else self._in_order(list(script))
        self.asked = threading.Event()
        """Set with the first request."""
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """The base URL, ending in `/v1`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return self.url.removesuffix("/v1")

    def __enter__(self) -> "ModelServer":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _in_order(self, answers: list[Answer]) -> Callable[[Asked], Answer]:
        return lambda _: answers[min(len(self.requests), len(answers)) - 1]

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(raw or b"{}"))
                server.requests.append(asked)
                self.close_connection = True
                server.asked.set()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self._send(server._script(asked))

            def _send(self, answer: Answer) -> None:
                if answer.act == "hang":
                    server._closing.wait()
                    return
                if answer.act == "reset":
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                    return
                self.send_response(answer.status)
                headers = {"Content-Type": "application/json", "Content-Length": str(len(answer.body))}
                for name, value in {**headers, **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if answer.act == "cut":
                    self.wfile.write(answer.body[: len(answer.body) // 2])
                elif answer.act == "drip":
                    self._drip(answer.body)
                else:
                    self.wfile.write(answer.body)

            def _drip(self, body: bytes) -> None:
                for byte in body:
                    if server._closing.is_set():
                        return
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(0.05)

        return Handler


# Answers -------------------------------------------------------------------------------------------------------------


def reply(
    text: str | None = "ok",
    *,
    calls: Iterable[tuple[str, dict[str, Any] | str]] = (),
    finish: str | None = "",
    usage: dict[str, Any] | None = USAGE,
    refusal: str | None = None,
) -> Answer:
    """A chat completion. `calls`: (tool, arguments); a string goes out as it is. `finish=None` leaves it out."""
    asked = [
        {
            "id": f"call_{abs(hash((name, str(args)))) % 10**8}_{number}",
            "type": "function",
            "function": {"name": name, "arguments": args if isinstance(args, str) else json.dumps(args)},
        }
        for number, (name, args) in enumerate(calls)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if asked:
        message["tool_calls"] = asked
    if refusal is not None:
        message["refusal"] = refusal
    if finish == "":
        finish = "tool_calls" if asked else "stop"
    choice = {"index": 0, "message": message, "finish_reason": finish}
    body: dict[str, Any] = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [choice],
    }
    if usage is not None:
        body["usage"] = usage
    return Answer(body=json.dumps(body).encode())


def as_json(value: Any, **options: Any) -> Answer:
    """A chat completion whose text is a JSON value."""
    return reply(json.dumps(value), **options)


def call(name: str, /, **args: Any) -> Answer:
    """A chat completion that calls one tool."""
    return reply(None, calls=[(name, args)])


OPENINGS = {
    "planner": "You plan changes",
    "tester": "You write acceptance tests",
    "triage": "A FastAPI service was changed",
    "builder": "You are a FastAPI engineer",
    "reviewer": "You review a change",
    "hunter": "You look for bugs",
}
"""How each role's system prompt begins."""


def by_role(**scripts: Iterable[Answer]) -> Callable[[Asked], Answer]:
    """A script per role (the names of `OPENINGS`), each answered in order, its last answer for ever."""
    left = {role: list(answers) for role, answers in scripts.items()}

    def script(asked: Asked) -> Answer:
        system = str(asked.messages[0].get("content"))
        role = next(name for name, opening in OPENINGS.items() if system.startswith(opening))
        return left[role].pop(0) if len(left[role]) > 1 else left[role][0]

    return script


# Faults --------------------------------------------------------------------------------------------------------------


def error(status: int, message: str, *, code: str | None = None, kind: str = "error", **headers: str) -> Answer:
    """An HTTP error in OpenAI's form; `retry_after="3"` becomes a header."""
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, body=json.dumps(body).encode(), headers=named)


def rate_limited(retry_after: str | None = None) -> Answer:
    return error(429, "slow down", code="rate_limit_exceeded", **({"Retry-After": retry_after} if retry_after else {}))


def no_quota() -> Answer:
    return error(429, "You exceeded your current quota", code="insufficient_quota", kind="insufficient_quota")


def refused_key(key: str) -> Answer:
    return error(401, f"Incorrect API key provided: {key}", code="invalid_api_key")


def context_too_long() -> Answer:
    return error(400, "This model's maximum context length is 8192 tokens", code="context_length_exceeded")


def unsupported(what: str) -> Answer:
    return error(400, f"Unsupported parameter: '{what}' is not supported by this server", code="unsupported_parameter")


def html(status: int = 502) -> Answer:
    return Answer(status=status, body=b"<html><body>Bad Gateway</body></html>", headers={"Content-Type": "text/html"})


def broken_json() -> Answer:
    return Answer(body=b'{"id": "c1", "choices": [{"mess')


def null_choices() -> Answer:
    return Answer(
        body=json.dumps({"id": "c1", "choices": None, "error": {"message": "worker died", "code": 500}}).encode()
    )


def no_choices() -> Answer:
    return Answer(body=json.dumps({"id": "c1", "object": "chat.completion", "choices": []}).encode())


def hang() -> Answer:
    return Answer(act="hang")


def drip() -> Answer:
    return Answer(body=reply("x" * 2000).body, act="drip")


def cut() -> Answer:
    return Answer(body=reply("x" * 2000).body, act="cut")


def reset() -> Answer:
    return Answer(act="reset")


def truncated(text: str = "def half(") -> Answer:
    return reply(text, finish="length")


def filtered() -> Answer:
    return reply("", finish="content_filter")


def refusal() -> Answer:
    return reply(None, refusal="I cannot help with that.")


def empty() -> Answer:
    return reply("")


def bad_tool_json(name: str = "write_file") -> Answer:
    return reply(None, calls=[(name, '{"path": "app.py", "content": "x')])


def huge(megabytes: int) -> Answer:
    return reply("x" * megabytes * 1_000_000)
