"""An OpenAPI document becomes tests that read it exactly."""

import ast
import asyncio
import json
from typing import Any

import pytest

from agents.contracts import Plan, Request
from agents.desk import MemoryDesk
from agents.errors import NoOpenApi, NotUnderstood
from agents.offline.team import offline_team
from agents.openapi_contract import PATH, contract_tests
from agents.roles import Brief
from tests.e2e import notes

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/books": {
            "summary": "not an operation",
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {"201": {}, "422": {}},
            },
            "get": {"responses": {200: {}}},
        },
        "/books/{id}": {"delete": {"responses": {"204": {}}}},
    },
    "components": {"schemas": {"New": {"required": ["title"], "properties": {"title": {}}}}},
}


def operations(text: str) -> list[Any]:
    file, _ = contract_tests(text)
    (value,) = [
        node.value
        for node in ast.parse(file.content).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "OPERATIONS"
    ]
    return ast.literal_eval(value)


@pytest.mark.parametrize("text", [json.dumps(DOCUMENT), json.dumps(DOCUMENT, indent=2)])
def test_every_operation_is_asked_for(text: str) -> None:
    assert operations(text) == [
        ("get", "/books", ["200"], []),
        ("post", "/books", ["201"], ["title"]),
        ("delete", "/books/{id}", ["204"], []),
    ]


def test_yaml_is_read_too() -> None:
    text = "openapi: 3.1.0\npaths:\n  /ping:\n    get:\n      responses:\n        '200': {}\n"
    assert operations(text) == [("get", "/ping", ["200"], [])]


def test_the_case_names_the_test_in_the_file() -> None:
    file, case = contract_tests(json.dumps(DOCUMENT))
    assert case.node_id.startswith(f"{PATH}::")
    assert f"def {case.node_id.partition('::')[2]}(" in file.content


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no `paths`"),
        ("[]", "no `paths`"),
        ("a: 1\n{", "line 2, column 1: neither JSON nor YAML"),
        ("paths: {}", "no `paths`"),
        ('{"paths": {"/a": {"x": 1}}}', "no operation"),
        ("a: &a [*a]", "no `paths`"),
        ("a: \x07", "neither JSON nor YAML"),
        ("paths: {1: {2: {}}, /a: {x: 1}}", "no operation"),
    ],
)
def test_what_is_no_document_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(NoOpenApi) as refused:
        contract_tests(text)
    assert says in str(refused.value) and "\n" not in str(refused.value)


def planned(text: str, document: dict[str, Any], files: dict[str, str] | None = None) -> Plan:
    given = Brief(request=Request(text=text, openapi=json.dumps(document)), desk=MemoryDesk(files or {}))
    return asyncio.run(offline_team().planner.plan(given))


BOOKS = {
    "/books": {"get": {"responses": {"200": {}}}, "post": {"responses": {"201": {}}}},
    "/books/{key}": {"get": {}, "patch": {}, "delete": {"responses": {"204": {}}}},
    "/auth/token": {"post": {}},
    "/health": {"get": {}},
}


def test_what_the_rules_would_build_is_held_against_a_document_before_it_is_built() -> None:
    text = "Add books with title and year. Require login to create books."
    assert planned(text, {"paths": BOOKS}).criteria
    body = {"content": {"application/json": {"schema": {"required": ["title", "pages"]}}}}
    for path, method, operation, told in (
        ("/books/{key}/lend", "post", {}, '"POST /books/{key}/lend"'),
        ("/books/{key}", "put", {}, '"PUT /books/{key}"'),
        ("/books", "post", {"requestBody": body}, "POST /books with the field pages"),
        ("/books", "post", {"responses": {"200": {}}}, "POST /books with status 200"),
    ):
        item = {**BOOKS.get(path, {}), method: operation}
        with pytest.raises(NotUnderstood) as refused:
            planned(text, {"paths": {**BOOKS, path: item}})
        assert told in str(refused.value) and "OpenAPI document" in str(refused.value)


def test_what_a_service_may_have_already_is_only_told() -> None:
    plan = planned(
        "Add books with title", {"paths": {"/odd": {"get": {}}, "/books": {"get": {}}}}, {"main.py": notes.APP}
    )
    (told,) = [line for line in plan.assumptions if "OpenAPI" in line]
    assert "GET /odd" in told and "/books" not in told


def test_hostile_names_stay_data() -> None:
    path = '/a"); import os; os.system("x'
    text = json.dumps({"paths": {path: {"get": {"responses": {}}}}})
    assert operations(text) == [("get", path, [], [])]
