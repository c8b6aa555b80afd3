"""A hit as an acceptance test: the same requests, and what must not come of them."""

import re
from collections.abc import Sequence

from sandbox.attack.script import Attack, Expect, Hit, Step

_MARK = re.compile(r"<<([\w:\- ]+)>>")
_FORGED = '''
def forged(token: str, how: str) -> str:
    """A token somebody changed: nobody may take it."""
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    if how == "none":
        return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{payload}."
    if how == "tampered":
        claims["exp"] = int(claims.get("exp", 4_000_000_000)) + 1
        return f"{head}.{encoded(claims)}.{signature}"
    key = how.partition(":")[2].encode()
    start = f"{head}.{encoded(claims)}"
    return f"{start}.{text_of(hmac.new(key, start.encode(), hashlib.sha256).digest())}"


def encoded(value: dict) -> str:
    return text_of(json.dumps(value).encode())


def text_of(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
'''
TAKEN = '''
def taken(data: object, path: str) -> object:
    """The value at a place of an answer."""
    for part in path.split("."):
        data = data[int(part)] if isinstance(data, list) else data[part]
    return data
'''


def can_be_shown(hit: Hit) -> bool:
    """Whether a test can repeat it: tokens that are out of date would need the service's key."""
    return "<<token:expired>>" not in "".join(step.model_dump_json() for step in hit.attack.steps)


def test_file(hits: Sequence[Hit], title: str) -> str:
    """A module with a test for every hit that can be shown."""
    shown = [hit for hit in hits if can_be_shown(hit)]
    names: set[str] = set()
    tests = []
    for hit in shown:
        name = _free(_name(hit.attack), names)
        names.add(name)
        tests.append(_test(name, hit))
    body = "\n\n".join(tests)
    helpers = (_FORGED if "forged(" in body else "") + (TAKEN if "taken(" in body else "")
    modules = ["base64", "hashlib", "hmac", "json"] if "forged(" in body else []
    head = "".join(f"import {one}\n" for one in modules) + "from collections.abc import Callable\n\nimport httpx\n"
    return f'"""{title}"""\n\n{head}\n{helpers}\n\n{body}'


test_file.__test__ = False  # type: ignore[attr-defined]


def _name(attack: Attack) -> str:
    return "test_" + re.sub(r"[^a-z0-9]+", "_", attack.id.lower()).strip("_")[:100]


def _free(name: str, taken: set[str]) -> str:
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def _test(name: str, hit: Hit) -> str:
    rows = [f"def {name}(client: httpx.Client, unique: Callable[[], str]) -> None:"]
    rows.append(f"    {docstring(f'{hit.attack.title}: {hit.told}.')}")
    body: list[str] = []
    for number, step in enumerate(hit.attack.steps[: hit.step + 1]):
        body += [f"    {row}" for row in step_rows(step, last=number == hit.step, told=hit.told)]
    named = "{name}" in "".join(body)
    return "\n".join([*rows, *(["    name = unique()"] if named else []), *body]) + "\n"


def docstring(text: str) -> str:
    plain = " ".join(text.replace("\\", "/").replace('"', "'").split())
    return f'"""{plain[:110]}"""'


def step_rows(step: Step, *, last: bool, told: str) -> list[str]:
    arguments = [repr(step.method), source(step.path)]
    arguments += [f"params={source(step.query)}"] if step.query else []
    arguments += [f"headers={source(step.headers)}"] if step.headers else []
    arguments += [f"json={source(step.json_body)}"] if step.json_body is not None else []
    arguments += [f"data={source(step.form)}"] if step.form is not None else []
    if step.raw is not None:
        tail = f" + '0' + {step.tail!r} * {step.repeat}" if step.tail else ""
        times = f" * {step.repeat}" if step.repeat > 1 else ""
        arguments.append(f"content={source(step.raw)}{times}{tail}")
    if step.upload is not None:
        one = step.upload
        content = f"{one.text!r} * {max(1, one.size // max(1, len(one.text)))}" if one.size else repr(one.text)
        arguments.append(f"files={{{one.field!r}: ({one.name!r}, {content}, {one.kind!r})}}")
    rows = [f"answer = client.request({', '.join(arguments)}, follow_redirects=False)"]
    if step.keep:
        rows.append(f"{step.keep} = answer")
    if step.expect is None and step.only_if is None and not step.keep:
        rows.append("assert answer.is_success or answer.is_redirect, answer.text")
    for name, path in step.take.items():
        value = f"answer.headers[{path[7:]!r}]" if path.startswith("header:") else f"taken(answer.json(), {path!r})"
        rows.append(f"{name} = {value}")
    return rows + (_asserts(step.expect, told) if last else [])


def _asserts(expect: Expect | None, told: str) -> list[str]:
    rows = _leak(told) if told.startswith("its answer tells") else []
    if expect is None:
        return rows
    if expect.status:
        rows.append(f"assert answer.status_code in {expect.status}, answer.text[:300]")
    if expect.below:
        rows.append(f"assert answer.status_code < {expect.below}, answer.text[:300]")
    rows += [f"assert {source(text)} not in answer.text" for text in expect.absent]
    for text in expect.absent_in_html:
        rows.append('if "text/html" in answer.headers.get("content-type", ""):')
        rows.append(f"    assert {source(text)} not in answer.text")
    if expect.absent_header:
        rows.append(f"assert {expect.absent_header!r} not in answer.headers")
    if expect.header_without[0]:
        header, text = expect.header_without
        rows.append(f'assert {text!r} not in answer.headers.get({header!r}, "")')
    if expect.leads_to[0]:
        header, host = expect.leads_to
        rows.append(f'address = answer.headers.get({header!r}, "").strip().replace("\\\\", "/")')
        rows.append(f"assert httpx.URL(address).host != {host!r}")
    rows += [f"assert taken(answer.json(), {path!r}) != {value!r}" for path, value in expect.unlike.items()]
    if expect.same_as:
        rows.append(f"assert answer.status_code == {expect.same_as}.status_code")
    if expect.fewer_than:
        rows.append(f"assert len(answer.json()) <= len({expect.fewer_than}.json())")
    if expect.within_s:
        rows.append(f"assert answer.elapsed.total_seconds() < {expect.within_s}")
    return rows


def _leak(told: str) -> list[str]:
    words = {
        "a stack trace": ("Traceback (most recent call last)", '.py\\", line'),
        "an error of the database": ("sqlalchemy.exc", "sqlite3.", "asyncpg.exceptions"),
        "a password hash": ("$argon2", "$2b$", "pbkdf2", "hashed_password", "password_hash"),
    }
    found = next((texts for what, texts in words.items() if what in told), ())
    return [f"assert {text!r} not in answer.text" for text in found]


def source(value: object) -> str:
    """The value as Python source; text with placeholders as an f-string."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{source(k)}: {source(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(source, value)) + "]"
    return repr(value)


def _text(value: str) -> str:
    whole = _MARK.fullmatch(value)
    if whole and whole[1].startswith("large:"):
        return f'"x" * {int(whole[1][6:])}'
    if whole and whole[1] != "unique" and ":" not in whole[1]:
        return whole[1]
    if not _MARK.search(value):
        return repr(value)
    parts = []
    for number, part in enumerate(_MARK.split(value)):
        plain, _, how = part.partition(":")
        if number % 2 == 0:
            parts.append(repr(part)[1:-1].replace("{", "{{").replace("}", "}}").replace('"', '\\"'))
        elif how:
            parts.append(f"{{forged({plain}, {how!r})}}")
        else:
            parts.append("{name}" if part == "unique" else f"{{{part}}}")
    return f'f"{"".join(parts)}"'
