"""Reported requests as acceptance tests: what they need is created first, then they are sent in their order."""

import json
import re
from collections.abc import Sequence

from agents.blueprints.spec import FeatureSpec
from agents.bugs.report import Exchange
from agents.contracts import TestCase, TestFile
from agents.offline.source import path_before, quoted, short
from agents.offline.topics import Check, Topic, Words
from agents.offline.world import Thing, World, world_of
from agents.offline.writing import write_suite
from agents.profile import AppProfile, Route

_OWN_HEADERS = frozenset({"content-length", "host", "user-agent", "accept", "content-type", "connection"})


def says(exchange: Exchange) -> str:
    """The criterion an exchange stands for."""
    what = f"{exchange.method} {exchange.path}"
    if exchange.expected_status is not None:
        return f"{what} answers {exchange.expected_status}."
    if exchange.expected_body:
        return f"{what} answers {' '.join(exchange.expected_body.split())}."
    return f"{what} does not end in an error of the server."


def http_suite(
    stem: str, exchanges: Sequence[Exchange], criterion: str, profile: AppProfile
) -> tuple[TestFile, list[TestCase]]:
    """One test that sends all of them in order; what is said of an answer is asserted where it was given."""
    world = world_of(FeatureSpec(), profile)
    body: list[str] = []
    made: dict[str, str] = {}
    for exchange in exchanges:
        body += _prepared(exchange, world, made)
        body += _sent(exchange, world, made)
    told = [e for e in exchanges if e.tells]
    name = short("test_" + re.sub(r"[^A-Za-z0-9]+", "_", says(told[-1])).strip("_").lower(), 90)
    check = Check(name=name, says=" ".join(says(e) for e in told), body=tuple(body))
    topic = Topic(file=stem, text="", checks=(check,))
    files, cases = write_suite(world, [(criterion, topic)])
    return files[0], list(cases)


def _prepared(exchange: Exchange, world: World, made: dict[str, str]) -> list[str]:
    """Lines that create the items a path names by number, unless they are said not to be there."""
    if exchange.expected_status == 404:
        return []
    rows = []
    for thing in world.things.values():
        if thing.name in made or "create" not in thing.actions or not _item_of(exchange.path, thing):
            continue
        words = Words(world, thing)
        made[thing.name] = words.var
        rows += [*words.start(), f"{words.var} = {words.make()}"]
    return rows


def _item_of(path: str, thing: Thing) -> re.Match[str] | None:
    return re.match(rf"{re.escape(thing.path.rstrip('/'))}/(?P<key>\d+|[0-9a-f-]{{36}})(?=/|\?|$)", path)


def _sent(exchange: Exchange, world: World, made: dict[str, str]) -> list[str]:
    arguments = [_path(exchange, world, made), *_payload(exchange)]
    headers = {k: v for k, v in exchange.headers if k.lower() not in _OWN_HEADERS}
    if headers:
        arguments.append(f"headers={headers!r}")
    elif _guarded(exchange, world.profile) and exchange.expected_status not in (401, 403):
        arguments.append("headers=login(client)")
    call = f"answer = client.request({quoted(exchange.method)}, {', '.join(arguments)})"
    if exchange.method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        bodied = exchange.method in ("GET", "DELETE") and len(arguments) > 1 and arguments[1].startswith(("json", "co"))
        call = call if bodied else f"answer = client.{exchange.method.lower()}({', '.join(arguments)})"
    return [call, *_asserts(exchange, world, made)]


def _path(exchange: Exchange, world: World, made: dict[str, str]) -> str:
    """The path; the number of an item that was created before is that item's."""
    for thing in world.things.values():
        match = _item_of(exchange.path, thing)
        if match and thing.name in made and exchange.expected_status != 404:
            return path_before(thing.path, f"{made[thing.name]}['id']", exchange.path[match.end() :])
    return quoted(exchange.path)


def _payload(exchange: Exchange) -> list[str]:
    if not exchange.body:
        return []
    try:
        return [f"json={json.loads(exchange.body)!r}"]
    except (ValueError, RecursionError):
        kind = next(
            (v for k, v in exchange.headers if k.lower() == "content-type"), "application/x-www-form-urlencoded"
        )
        return [f"content={quoted(exchange.body)}", f'headers={{"Content-Type": {quoted(kind)}}}']


def _guarded(exchange: Exchange, profile: AppProfile) -> bool:
    plain = exchange.path.partition("?")[0].rstrip("/")
    return profile.login is not None and any(_fits(route, exchange.method, plain) for route in profile.routes)


def _fits(route: Route, method: str, path: str) -> bool:
    pattern = "[^/]+".join(map(re.escape, re.split(r"\{[^}/]+\}", route.path.rstrip("/"))))
    return route.guarded and route.method.upper() == method and re.fullmatch(pattern, path) is not None


def _asserts(exchange: Exchange, world: World, made: dict[str, str]) -> list[str]:
    rows = []
    if exchange.expected_status is not None:
        rows.append(f"assert answer.status_code == {exchange.expected_status}, answer.text")
    elif exchange.tells:
        rows.append("assert answer.status_code < 500, answer.text")
    if exchange.expected_body:
        rows += _body_asserts(json.loads(exchange.expected_body), bool(made))
    if not exchange.tells and exchange.seen_status is not None and exchange.seen_status < 400:
        rows.append("assert answer.is_success, answer.text")
    return rows


def _body_asserts(expected: object, with_own_items: bool) -> list[str]:
    """Every key that was named; ids are the service's own where items were created for the test."""
    if isinstance(expected, dict):
        kept = {k: v for k, v in expected.items() if not (with_own_items and (k == "id" or k.endswith("_id")))}
        return [f"assert answer.json()[{k!r}] == {v!r}" for k, v in kept.items()]
    return [f"assert answer.json() == {expected!r}"]
