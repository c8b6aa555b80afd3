# mypy: ignore-errors
"""Runs inside the container as the tests' user: sends the steps of every attack and tells which answers are wrong."""

import base64
import contextlib
import hashlib
import hmac
import re
import socket
import urllib.parse

task = globals().get("task") or json.loads(sys.stdin.buffer.read())
tell = open_channel(task.pop("nonce"))
TIMEOUT_S = 12.0
BODY_MOST = 2_000_000
SHOWN = 600
RECOVERY_S = 6.0
LEAKED = set()
LEAKS = (
    ("a stack trace", re.compile(r"Traceback \(most recent call last\)|File \"[^\"\n]+\.py\", line \d+")),
    (
        "an error of the database",
        re.compile(r"sqlalchemy\.exc|sqlite3\.\w*Error|asyncpg\.exceptions|psycopg2?\.errors"),
    ),
    (
        "a password hash",
        re.compile(r"\$argon2[id]{1,2}\$|\$2[aby]\$\d\d\$|pbkdf2[_:]sha\d+|\"(?:hashed_password|password_hash)\""),
    ),
)


class Skip(Exception):
    """The attack does not apply."""


class Gone(Exception):
    """Nobody answers any more."""


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds
        self.text = body.decode("utf-8", "replace")

    def data(self):
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None


def encoded(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(head, payload, key):
    start = "%s.%s" % (encoded(json.dumps(head).encode()), encoded(json.dumps(payload).encode()))
    return "%s.%s" % (start, encoded(hmac.new(key, start.encode(), hashlib.sha256).digest()))


def forged(token, how):
    """The token changed in one way; skips what is no JWT."""
    try:
        head, payload, signature = token.split(".")
        header, claims = decoded(head), decoded(payload)
    except (ValueError, UnicodeDecodeError):
        raise Skip("the token is no JWT") from None
    if how == "none":
        return "%s.%s." % (encoded(b'{"alg":"none","typ":"JWT"}'), payload)
    if how == "tampered":
        claims["sub"] = "1" if str(claims.get("sub")) != "1" else "2"
        return "%s.%s.%s" % (head, encoded(json.dumps(claims).encode()), signature)
    if how.startswith("weak:"):
        return signed(header, claims, how[5:].encode())
    for key in task["secrets"]:
        own = hmac.new(key.encode(), ("%s.%s" % (head, payload)).encode(), hashlib.sha256).digest()
        if encoded(own) == signature:
            return signed(header, {**claims, "exp": 1_000_000_000, "iat": 999_990_000}, key.encode())
    raise Skip("the service's key is not known here")


class Session:
    """One attack: what was kept so far."""

    def __init__(self, attack_id):
        digest = hashlib.sha256(("%s %s" % (task["seed"], attack_id)).encode()).hexdigest()
        self.names = {"unique": "u" + digest[:7]}
        self.answers = {}

    def fill(self, text):
        def one(match):
            name, _, how = match[1].partition(":")
            if name == "large":
                return "x" * int(how)
            if name not in self.names:
                raise Skip("%s is not there" % name)
            value = self.names[name]
            return forged(str(value), how) if how else str(value)

        return re.sub(r"<<([\w:\- ]+)>>", one, text)

    def filled(self, value):
        if isinstance(value, str):
            whole = re.fullmatch(r"<<(\w+)>>", value)
            if whole and whole[1] in self.names:
                return self.names[whole[1]]
            return self.fill(value)
        if isinstance(value, dict):
            return {self.fill(key): self.filled(one) for key, one in value.items()}
        return [self.filled(one) for one in value] if isinstance(value, list) else value


def body_of(step, session):
    """Content and its type."""
    if step["upload"] is not None:
        return multipart(step["upload"])
    if step["raw"] is not None:
        raw = session.fill(step["raw"]).encode("utf-8", "surrogatepass") * step["repeat"]
        return raw + (b"0" + step["tail"].encode() * step["repeat"] if step["tail"] else b""), ""
    if step["form"] is not None:
        return urllib.parse.urlencode(session.filled(step["form"])).encode(), "application/x-www-form-urlencoded"
    if step["json_body"] is not None:
        return json.dumps(session.filled(step["json_body"])).encode(), "application/json"
    return b"", ""


def multipart(upload):
    mark = "----1337"
    content = upload["text"].encode()
    if upload["size"] > len(content):
        content = (content or b"x") * (upload["size"] // max(1, len(content)))
    head = '--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s\r\n\r\n' % (
        mark, upload["field"], upload["name"], upload["kind"],
    )  # fmt: skip
    return head.encode() + content + ("\r\n--%s--\r\n" % mark).encode(), "multipart/form-data; boundary=%s" % mark


def send(step, session):
    body, kind = body_of(step, session)
    headers = {"Connection": "close", "Content-Length": str(len(body)), **({"Content-Type": kind} if kind else {})}
    headers |= {name: session.fill(value) for name, value in step["headers"].items()}
    path = urllib.parse.quote(session.fill(step["path"]), safe="/%:@!$&'()*+,;=-._~\\|`{}<>#\"")
    path = re.sub(r"[^\x21-\x7e]", lambda m: urllib.parse.quote(m[0]), path)
    if step["query"]:
        path += "?" + urllib.parse.urlencode(session.filled(step["query"]))
    lines = ["%s %s HTTP/1.1" % (step["method"], path), "Host: 127.0.0.1:%d" % task["port"]]
    lines += ["%s: %s" % (name, re.sub(r"[\r\n]", " ", value)) for name, value in headers.items()]
    begun = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", task["port"]), timeout=TIMEOUT_S) as connection:
            said = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")
            with contextlib.suppress(OSError):  # it stopped reading: its answer tells
                connection.sendall(said + body)
            answer = http.client.HTTPResponse(connection, method=step["method"])
            answer.begin()
            content = answer.read(BODY_MOST)
            known = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, known, content, time.monotonic() - begun)
    except socket.timeout:
        return Answer(0, {}, b"no answer in time", time.monotonic() - begun)
    except (OSError, http.client.HTTPException) as broken:
        if answers(task["port"], task["ready_path"]) is None:
            raise Gone(str(broken)) from None
        return Answer(0, {}, b"the connection was cut", time.monotonic() - begun)


def place(data, path):
    for part in path.split("."):
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def has_id(data, wanted):
    if isinstance(data, dict):
        return str(data.get("id")) == wanted or any(has_id(one, wanted) for one in data.values())
    return isinstance(data, list) and any(has_id(one, wanted) for one in data)


def length(data):
    if isinstance(data, dict):
        data = next((one for one in data.values() if isinstance(one, list)), None)
    return len(data) if isinstance(data, list) else -1


def wrong(expect, answer, session):
    """What about the answer is not as it must be, in words; empty when nothing is."""
    if expect["status"] and answer.status not in expect["status"]:
        return "it answered %s, not %s" % (answer.status or "nothing in time", "/".join(map(str, expect["status"])))
    if expect["below"] and (answer.status == 0 or answer.status >= expect["below"]):
        return "it answered %s" % (answer.status or answer.text)
    page = answer.text if "text/html" in answer.headers.get("content-type", "") else ""
    for text in expect["absent"]:
        if session.fill(text) in answer.text:
            return "its answer holds %s" % text
    for text in map(session.fill, expect["absent_in_html"]):
        if text in page:
            return "its page holds %s as it was sent" % text
    if expect["absent_header"] and expect["absent_header"] in answer.headers:
        return "its answer has the header %s" % expect["absent_header"]
    name, text = expect["header_without"]
    if name and text in answer.headers.get(name, ""):
        return "its answer says %s: %s" % (name, answer.headers[name])
    data = answer.data()
    for path, value in expect["unlike"].items():
        if 200 <= answer.status < 300 and place(data, path) == value:
            return "its answer has %s = %r, as it was sent" % (path, value)
    if expect["with_id"] and not has_id(data, session.fill(expect["with_id"])):
        return "its answer has no such item"
    if expect["without_id"] and has_id(data, session.fill(expect["without_id"])):
        return "its answer has the item"
    return compared(expect, answer, session)


def compared(expect, answer, session):
    if expect["same_as"]:
        first = session.answers[expect["same_as"]]
        if first.status != answer.status:
            return "it answered %d, and %d the other time" % (answer.status, first.status)
        plain = [re.sub(r"[\w.+-]*u[0-9a-f]{7}[\w.@-]*", "*", one.text) for one in (first, answer)]
        if plain[0] != plain[1]:
            return "it answered other words than the other time"
    if expect["fewer_than"]:
        before = length(session.answers[expect["fewer_than"]].data())
        if before >= 0 and length(answer.data()) > before:
            return "it answered %d items instead of %d" % (length(answer.data()), before)
    return ""


def leaks(answer):
    for what, pattern in LEAKS:
        if pattern.search(answer.text):
            return what
    return "a secret of the service" if any(one in answer.text for one in task["secrets"]) else ""


def take(step, answer, session):
    for name, path in step["take"].items():
        value = answer.headers.get(path[7:]) if path.startswith("header:") else place(answer.data(), path)
        if value is None:
            raise Skip("the answer to %s %s has no %s" % (step["method"], step["path"], path))
        session.names[name] = value
    if step["keep"]:
        session.answers[step["keep"]] = answer


def judged(step, answer, session):
    """Why this step is a hit, empty when it is none."""
    if step["only_if"] is not None and (because := wrong(step["only_if"], answer, session)):
        raise Skip("%s %s: %s" % (step["method"], step["path"], because))
    if step["expect"] is None:
        if step["only_if"] is None and not step["keep"] and not 200 <= answer.status < 400:
            raise Skip("%s %s answered %s" % (step["method"], step["path"], answer.status))
        return ""
    because = wrong(step["expect"], answer, session)
    limit = step["expect"]["within_s"]
    if not because and limit and answer.seconds > limit:
        again = send(step, session)  # twice, so that a busy machine is no hit
        if again.seconds > limit:
            because = "it took %.1f s, and %.1f s again" % (answer.seconds, again.seconds)
    return because


def carry_out(number, attack):
    """Every step until one is a hit."""
    session = Session(attack["id"])
    for index, step in enumerate(attack["steps"]):
        try:
            answer = send(step, session)
        except Gone as gone:
            hit(number, index, "the service does not answer any more (%s)" % gone, None)
            raise
        what = leaks(answer)
        if what and (step["method"], step["path"], what) not in LEAKED:
            LEAKED.add((step["method"], step["path"], what))
            hit(number, index, "its answer tells %s" % what, answer, leak=what)
        because = judged(step, answer, session)
        if because:
            hit(number, index, because, answer)
            if answer.status == 0 and not recovers():
                raise Gone("it does not answer any more")
            return True
        take(step, answer, session)
    return False


def recovers():
    """Whether the service answers again soon after it was too busy to."""
    deadline = time.monotonic() + RECOVERY_S
    while time.monotonic() < deadline:
        if answers(task["port"], task["ready_path"]) is not None:
            return True
        time.sleep(0.2)
    return False


def hit(number, index, because, answer, leak=""):
    said = "" if answer is None else "%s %s" % (answer.status, shorten(answer.text, SHOWN))
    tell(k="hit", n=number, step=index, told=because[:500], answer=said, leak=leak)


def main():
    wait_ready(task, tell)
    tell(k="ready")
    deadline = time.monotonic() + task["budget_s"]
    for number, attack in enumerate(task["attacks"]):
        if time.monotonic() > deadline:
            break
        try:
            if not carry_out(number, attack):
                tell(k="held", n=number)
        except Skip as skip:
            tell(k="skipped", n=number, why=str(skip)[:300])
        except Gone:
            tell(k="gone", n=number)
            break
    tell(k="end")
    sys.stderr.flush()
    os._exit(0)


main()
