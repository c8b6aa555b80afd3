"""A package index on loopback: real HTTP, both forms of the simple API, real wheels, every way an index can fail."""

import contextlib
import hashlib
import io
import json
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html; charset=utf-8"


@dataclass(frozen=True)
class Reply:
    """One answer, or one way of not giving it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    act: str = ""
    """`hang`: never answer; `drip`: a byte every 50 ms, without end; `flood`: zeros without end; `cut`: half of it."""


@dataclass
class Project:
    """What the index has under one name."""

    files: dict[str, bytes] = field(default_factory=dict)
    uploaded: str = ""
    """ISO time of every file, empty: the index does not say."""
    files_at: str = ""
    """Origin of the files' addresses, the server's own when empty."""


class IndexServer:
    """Use as a context manager; `projects` by normalised name, `replies` by path win over them."""

    def __init__(self, *, form: str = JSON) -> None:
        self.form = form
        self.projects: dict[str, Project] = {}
        self.replies: dict[str, Reply | Callable[[], Reply]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/simple/"

    def add(self, name: str, *, uploaded: str = "", files: dict[str, bytes] | None = None, files_at: str = "") -> None:
        """Put a project on the index, with an empty wheel when no files are given."""
        plain = {f"{name.replace('-', '_')}-1.0-py3-none-any.whl": wheel(name)}
        self.projects[name] = Project(files or plain, uploaded, files_at)

    def __enter__(self) -> "IndexServer":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _reply(self, path: str) -> Reply:
        if path in self.replies:
            found = self.replies[path]
            return found if isinstance(found, Reply) else found()
        parts = path.strip("/").split("/")
        if parts[0] == "simple" and len(parts) == 2 and parts[1] in self.projects:
            return self._page(parts[1], self.projects[parts[1]])
        if parts[0] == "files" and parts[1] in self.projects and parts[2] in self.projects[parts[1]].files:
            lasting = {"Cache-Control": "max-age=365000000, immutable, public"}
            return Reply(body=self.projects[parts[1]].files[parts[2]], headers=lasting)
        return Reply(404)

    def _page(self, name: str, project: Project) -> Reply:
        where = project.files_at or self.origin
        urls = {file: f"{where}/files/{name}/{file}" for file in project.files}
        digests = {file: hashlib.sha256(content).hexdigest() for file, content in project.files.items()}
        if self.form == HTML:
            links = "".join(f'<a href="{url}#sha256={digests[file]}">{file}</a>\n' for file, url in urls.items())
            return Reply(
                body=f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), headers={"Content-Type": HTML}
            )
        when = {"upload-time": project.uploaded} if project.uploaded else {}
        files = [{"filename": f, "url": url, "hashes": {"sha256": digests[f]}, **when} for f, url in urls.items()]
        page = {"meta": {"api-version": "1.1"}, "name": name, "files": files, "versions": ["1.0"]}
        return Reply(body=json.dumps(page).encode(), headers={"Content-Type": JSON})

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.asked.append(f"{self.command} {self.path}")
                server.headers.append(dict(self.headers))
                with contextlib.suppress(OSError):
                    server._send(self, server._reply(self.path))

            do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.act == "hang":
            self._closing.wait()
            return
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        endless = reply.act in ("drip", "flood")
        if endless:
            handler.send_header("Connection", "close")
        else:
            handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        if handler.command == "HEAD":
            return
        if reply.act == "cut":
            handler.wfile.write(reply.body[: len(reply.body) // 2])
            handler.connection.shutdown(2)
            return
        handler.wfile.write(reply.body)
        while endless and not self._closing.is_set():
            handler.wfile.write(b" " if reply.act == "drip" else b" " * (1 << 20))
            if reply.act == "drip":
                time.sleep(0.05)


def wheel(name: str, content: str = "", version: str = "1.0") -> bytes:
    """A wheel with one module."""
    module, archive = name.replace("-", "_"), io.BytesIO()
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(archive, "w") as zipped:
        for path, text in (files | {f"{info}/RECORD": record}).items():
            zipped.writestr(path, text)
    return archive.getvalue()
