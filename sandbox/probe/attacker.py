# mypy: ignore-errors
"""Runs inside the container as the tests' user: carries out every attack and tells which answers are wrong."""

SHOWN = 600
RECOVERY_S = 6.0
LEAKED = set()
DONE = {}
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
    name, host = expect["leads_to"]
    if name and leads_to(answer.headers.get(name, ""), host):
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


def leads_to(address, host):
    """Where a browser goes: it takes a backslash for a slash."""
    try:
        return urllib.parse.urlsplit(address.strip().replace("\\", "/")).hostname == host
    except ValueError:
        return False


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
        if step["once"] in DONE:
            session.names |= DONE[step["once"]]
            continue
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
        if step["once"]:
            DONE[step["once"]] = {name: session.names[name] for name in step["take"]}
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
