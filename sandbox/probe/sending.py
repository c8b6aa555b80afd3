# mypy: ignore-errors
"""Runs inside the container as the tests' user: sends requests written down as steps, byte for byte."""

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
        claims["exp"] = int(claims.get("exp", 4_000_000_000)) + 1
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
