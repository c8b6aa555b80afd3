"""What a package index says about a name: whether it is there, since when, and where its files are.

Both forms of the simple repository API are read (PEP 691, PEP 503). Every wait is bounded; an index that cannot be
asked is an answer of its own, never a yes or a no. Certain answers are kept for a while.
"""

import contextlib
import hashlib
import json
import os
import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from urllib3.exceptions import HTTPError, InsecureRequestWarning, ReadTimeoutError

from sandbox.build_network import BuildNetwork, Index
from sandbox.manifest_pip import normal

ASK_S = 12.0
"""For all questions asked together."""
TIMEOUT = (4.0, 6.0)
"""Of one connection: to be made, and to say the next thing."""
LARGEST = 32 << 20
AT_ONCE = 8
FRESH_S = {True: 86_400.0, False: 300.0}
"""How long a yes and a no are kept; a package may come into being a minute after it was asked for."""
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1, */*;q=0.01"
_HTML = ("text/html", "application/vnd.pypi.simple.v1+html")
_JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one index says of one name."""

    found: bool | None
    """None: it could not be asked."""
    trouble: str = ""
    """Why not, in a few words."""
    first_upload: float | None = None
    """Seconds since the epoch, None when the index does not say."""
    hosts: tuple[str, ...] = ()
    """`host:port` of its files, and of where the index sends a client on for them."""


Question = tuple[Index, str]


class Asker:
    """Asks the user's indexes, through the user's proxy, trusting the user's certificates.

    `cache`: a folder for answers.
    """

    def __init__(self, network: BuildNetwork, cache: Path, *, now: Callable[[], float] = time.time) -> None:
        self._network, self._cache, self._now = network, cache, now

    def ask(self, questions: Collection[Question], within: float = ASK_S) -> dict[Question, Answer]:
        """Every question's answer, asked side by side; what is not answered within so many seconds is not known."""
        answers = {one: kept for one in questions if (kept := self._kept(one)) is not None}
        missing = [one for one in dict.fromkeys(questions) if one not in answers]
        if missing:
            import pypi_simple  # noqa: F401 - a quarter of a second that only a build has to spend, and no answer's
        fresh = _side_by_side(missing, lambda one: self._fetched(*one), within)
        for question in missing:
            answers[question] = fresh.get(question) or Answer(None, f"no answer within {within:g} s")
            self._keep(question, answers[question])
        return answers

    def _fetched(self, index: Index, name: str) -> Answer:
        try:
            with self._session(index.url) as session:
                return self._page(session, index, name)
        except (requests.RequestException, HTTPError, OSError) as broken:
            return Answer(None, _reason(broken))
        except (ValueError, KeyError, RecursionError) as damaged:
            return Answer(None, f"its page cannot be read ({type(damaged).__name__})")

    def _page(self, session: requests.Session, index: Index, name: str) -> Answer:
        with session.get(f"{index.url}{normal(name)}/", stream=True, timeout=TIMEOUT) as response:
            if response.status_code in (404, 410):
                return Answer(False)
            if response.status_code != 200:
                return Answer(None, f"it answered {response.status_code}")
            body = _body(response)
            if body is None:
                return Answer(None, f"its page is larger than {LARGEST >> 20} MiB")
            form = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            files = _files(form, body, normal(name), response.url)
        if files is None:
            return Answer(None, f"it answered with {form or 'no type'}")
        uploads = [file.upload_time.timestamp() for file in files if file.upload_time is not None]
        hosts = {host_of(file.url) for file in files}
        if files:
            hosts |= self.sent_on(files[-1].url, _credentials(index.url, files[-1].url))
        return Answer(bool(files), "", min(uploads, default=None), tuple(sorted(hosts - {""})))

    def sent_on(self, url: str, auth: tuple[str, str] | None = None) -> set[str]:
        """`host:port` of everywhere a client is sent on to for a file."""
        try:
            with self._session(url) as session:
                response = session.head(url, auth=auth, allow_redirects=True, timeout=TIMEOUT)
        except requests.RequestException:
            return set()
        return {host_of(one.url) for one in (*response.history, response)}

    def _session(self, url: str) -> requests.Session:
        """A session for one host."""
        session, where, network = requests.Session(), urlsplit(url), self._network
        host = where.hostname or ""
        session.trust_env = False
        session.max_redirects = 5
        session.headers.update({"Accept": ACCEPT, "User-Agent": "greenloop"})
        session.proxies = {s: proxy for s in ("http", "https") if (proxy := network.proxy_for(s, host))}
        session.verify = str(network.bundle() or "") or True
        if {host, f"{host}:{where.port}"} & set(network.trusted()):
            urllib3.disable_warnings(InsecureRequestWarning)
            session.verify = False
        return session

    def _file(self, question: Question) -> Path:
        index, name = question
        key = hashlib.sha256(f"{index.name}\n{normal(name)}".encode()).hexdigest()[:32]
        return self._cache / f"{key}.json"

    def _kept(self, question: Question) -> Answer | None:
        try:
            found = json.loads(self._file(question).read_bytes())
            at, answer = float(found.pop("at")), Answer(**(found | {"hosts": tuple(found["hosts"])}))
            return answer if 0 <= self._now() - at < FRESH_S[bool(answer.found)] else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def _keep(self, question: Question, answer: Answer) -> None:
        if answer.found is None:
            return
        path = self._file(question)
        half = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        with contextlib.suppress(OSError):
            self._cache.mkdir(parents=True, exist_ok=True)
            half.write_text(json.dumps({"at": self._now(), **asdict(answer)}))
            half.replace(path)


def _side_by_side(
    questions: Sequence[Question], work: Callable[[Question], Answer], within: float
) -> dict[Question, Answer]:
    """Whatever is answered in time; threads that hang are left behind."""
    waiting: queue.SimpleQueue[Question] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Question, Answer]] = queue.SimpleQueue()
    for one in questions:
        waiting.put(one)

    def worker() -> None:
        with contextlib.suppress(queue.Empty):
            while time.monotonic() < deadline:
                question = waiting.get_nowait()
                done.put((question, work(question)))

    deadline = time.monotonic() + within
    for _ in range(min(AT_ONCE, len(questions))):
        threading.Thread(target=worker, name="index", daemon=True).start()
    found: dict[Question, Answer] = {}
    with contextlib.suppress(queue.Empty):
        while len(found) < len(questions):
            question, answer = done.get(timeout=max(0.0, deadline - time.monotonic()))
            found[question] = answer
    return found


def _body(response: requests.Response) -> bytes | None:
    """The decoded body, None when it is larger than a page may be."""
    body, end = bytearray(), time.monotonic() + ASK_S
    while data := response.raw.read1(1 << 16, decode_content=True):
        body += data
        if len(body) > LARGEST:
            return None
        if time.monotonic() > end:
            raise requests.Timeout("its page comes too slowly")
    return bytes(body)


def _files(form: str, body: bytes, name: str, url: str) -> Sequence[Any] | None:
    """The files of a page; None when it is in no form we read."""
    from pypi_simple import ProjectPage

    if form == _JSON:
        page = ProjectPage.from_json_data(json.loads(body), url)
    elif form in _HTML:
        page = ProjectPage.from_html(project=name, html=body, base_url=url)
    else:
        return None
    return page.packages


def host_of(url: str) -> str:
    """`host:port` of an address, empty when it has none."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.hostname}:{port}" if parts.hostname and port else ""


def _credentials(index: str, url: str) -> tuple[str, str] | None:
    """An index's credentials, for files that are with it."""
    parts = urlsplit(index)
    if parts.username is None or host_of(index) != host_of(url):
        return None
    return unquote(parts.username), unquote(parts.password or "")


def _reason(broken: Exception) -> str:
    """Without the address, which may hold credentials."""
    if isinstance(broken, requests.Timeout | ReadTimeoutError):
        return "it does not answer in time"
    if isinstance(broken, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(broken, requests.TooManyRedirects):
        return "it sends clients in circles"
    return "it cannot be reached"
