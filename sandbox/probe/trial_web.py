# mypy: ignore-errors
"""Runs inside the container: while a test talks to an application, asks it more than the test does.

After every request of the test, the same application, in the state it is in then, is asked to read things nearby: with
other numbers in path and query, and what is at the place that was written to.
"""

from urllib.parse import parse_qsl, urlencode


class Asker:
    """Between the application and whoever calls it. `tell`: gets a label and an answer."""

    PER_REQUEST = 8
    MOST = 120

    def __init__(self, tell):
        self.tell, self.test, self.requests, self.left = tell, "", 0, self.MOST

    def install(self):
        """Stand before every ASGI application made with Starlette; True when there may be one."""
        applications = sys.modules.get("starlette.applications")
        if applications is None:
            return False
        plain, asker = applications.Starlette.__call__, self

        async def between(app, scope, receive, send):
            if scope["type"] != "http" or "greenloop.asked" in scope:
                await plain(app, scope, receive, send)
                return
            scope = {**scope, "greenloop.asked": True}
            await plain(app, dict(scope), receive, send)
            asker.requests += 1
            for path, query in asker.nearby(app, scope):
                if asker.left > 0:
                    asker.left -= 1
                    await asker.ask(plain, app, scope, path, query)

        applications.Starlette.__call__ = between
        return True

    def begin(self, test):
        self.test, self.requests = test, 0

    async def ask(self, plain, app, scope, path, query):
        said, body = {}, b""

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            nonlocal body
            if message["type"] == "http.response.start":
                said["status"] = message["status"]
            elif len(body) < 100_000:
                body += message.get("body", b"")

        headers = [(k, v) for k, v in scope["headers"] if k not in (b"content-length", b"content-type")]
        asked = {**scope, "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode()}
        label = "GET %s%s, asked after request %d of %s" % (
            path,
            "?" + query if query else "",
            self.requests,
            self.test,
        )
        try:
            await plain(app, {**asked, "headers": headers}, receive, send)
            self.tell(label, ["value", digest("%s %s" % (said.get("status"), body.decode("utf-8", "replace")))])
        except Exception as error:  # noqa: BLE001 - how the application fails is its answer
            self.tell(label, ["error", type(error).__name__])

    def nearby(self, app, scope):
        """Paths and queries to ask for."""
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        if scope["method"] != "GET":
            return [(path, "")]
        given = dict(parse_qsl(query, keep_blank_values=True))
        found = [(path, "")] if query else []
        for name, kind in [*parameters(app, scope), *((name, None) for name in given)]:
            for value in values(given.get(name), kind):
                found.append((path, urlencode({**given, name: value})))
        parts = path.split("/")
        for place, part in enumerate(parts):
            if part.isdigit():
                found += [("/".join([*parts[:place], str(n), *parts[place + 1 :]]), query) for n in (int(part) + 1, 0)]
        return [one for one in dict.fromkeys(found) if one != (path, query)][: self.PER_REQUEST]


def parameters(app, scope):
    """Names and types of the query parameters of the route that answers."""
    for route in getattr(app, "routes", ()):
        try:
            if getattr(route.matches(scope)[0], "value", 0) == 2:
                return [(one.alias, one.field_info.annotation) for one in route.dependant.query_params]
        except Exception:  # noqa: BLE001 - a route of another kind has none
            continue
    return []


def values(given, kind):
    """Other values for a parameter."""
    told = str(kind)
    if kind is bool or "bool" in told:
        return ["true", "false"]
    if (given or "").lstrip("-").isdigit():
        return [str(int(given) + 1), str(int(given) - 1)]
    if kind is int or "int" in told:
        return ["1", "2", "0"]
    return [given[:1], given.upper(), "zz"] if given else ["a"]
