"""An OpenAPI document becomes tests that read it exactly."""

import ast
import json
from typing import Any

import pytest

from agents.errors import NotUnderstood
from agents.openapi_contract import PATH, contract_tests

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


@pytest.mark.parametrize("text", ["", "[]", "{", "paths: {}", '{"paths": {"/a": {"x": 1}}}', "a: &a [*a]"])
def test_what_is_no_document_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(NotUnderstood):
        contract_tests(text)


def test_hostile_names_stay_data() -> None:
    path = '/a"); import os; os.system("x'
    text = json.dumps({"paths": {path: {"get": {"responses": {}}}}})
    assert operations(text) == [("get", path, [], [])]
