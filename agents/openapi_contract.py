"""An OpenAPI document the result is held to, as acceptance tests: what it names, the service has to offer."""

import json
from collections.abc import Mapping
from pprint import pformat
from typing import Any

import yaml

from agents.contracts import TestCase, TestFile
from agents.errors import NotUnderstood

PATH = "tests/acceptance/test_openapi_contract.py"
METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})

_MODULE = '''\
"""The service offers every operation of the OpenAPI document it is held to."""

import re

import httpx
import pytest

OPERATIONS = {operations}


def unnamed(path: str) -> str:
    """A path without the names of its parameters."""
    return re.sub(r"{{[^}}]*}}", "{{}}", path)


@pytest.mark.parametrize(("method", "path", "statuses", "required"), OPERATIONS)
def test_the_service_offers_what_the_document_names(
    client: httpx.Client, method: str, path: str, statuses: list[str], required: list[str]
) -> None:
    """Method, path, successful statuses and required body fields, as the service itself publishes them."""
    published = client.get("/openapi.json").json()
    paths = {{unnamed(known): operations for known, operations in published["paths"].items()}}
    assert unnamed(path) in paths, f"{{path}} is not offered"
    assert method in paths[unnamed(path)], f"{{method.upper()}} {{path}} is not offered"
    operation = paths[unnamed(path)][method]
    assert set(statuses) <= set(operation["responses"])
    content = operation.get("requestBody", {{}}).get("content", {{}})
    schema = content.get("application/json", {{}}).get("schema", {{}})
    name = schema.get("$ref", "").rpartition("/")[2]
    schema = published.get("components", {{}}).get("schemas", {{}}).get(name, schema)
    assert set(required) <= set(schema.get("properties", {{}})), "a body field of the document is not accepted"
'''


def read_openapi(text: str) -> Mapping[str, Any]:
    """The document, from JSON or YAML.

    Raises:
        NotUnderstood: it is neither, or has no paths.
    """
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise NotUnderstood(text.strip()[:60], f"The OpenAPI document is neither JSON nor YAML: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("paths"), dict) or not found["paths"]:
        raise NotUnderstood(text.strip()[:60], "The OpenAPI document has no paths.")
    return found


def contract_tests(text: str) -> tuple[TestFile, TestCase]:
    """One parametrised acceptance test over every operation of the document.

    Raises:
        NotUnderstood: see `read_openapi`.
    """
    document = read_openapi(text)
    operations = [
        (method, path, _statuses(operation), _required(document, operation))
        for path, item in sorted(document["paths"].items())
        if isinstance(item, dict)
        for method, operation in sorted(item.items())
        if method in METHODS and isinstance(operation, dict)
    ]
    if not operations:
        raise NotUnderstood(text.strip()[:60], "The OpenAPI document names no operation.")
    content = _MODULE.format(operations=pformat(operations, width=110))
    name = "test_the_service_offers_what_the_document_names"
    return TestFile(path=PATH, content=content), TestCase(node_id=f"{PATH}::{name}", criteria=())


def _statuses(operation: Mapping[str, Any]) -> list[str]:
    responses = operation.get("responses")
    return sorted(str(s) for s in responses if str(s).startswith("2")) if isinstance(responses, dict) else []


def _required(document: Mapping[str, Any], operation: Mapping[str, Any]) -> list[str]:
    """Required fields of a JSON body; a reference is followed once."""
    try:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][str(schema["$ref"]).rpartition("/")[2]]
        return sorted(json.loads(json.dumps(schema.get("required", []))))
    except (KeyError, TypeError):
        return []
