"""An OpenAPI document the result is held to, as acceptance tests: what it names, the service has to offer."""

import json
from collections.abc import Mapping
from pprint import pformat
from typing import Any

import yaml

from agents.contracts import TestCase, TestFile
from agents.errors import NoOpenApi

PATH = "tests/acceptance/test_openapi_contract.py"
Operation = tuple[str, str, list[str], list[str]]
"""Method in lower case, path, successful statuses, required fields of a JSON body."""
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


@pytest.mark.parametrize(
    ("method", "path", "statuses", "required"),
    [pytest.param(*one, id=f"{{one[0].upper()}} {{one[1]}}") for one in OPERATIONS],
)
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
        NoOpenApi: it is neither, or has no paths.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise NoOpenApi(f"{where}neither JSON nor YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise NoOpenApi(f"neither JSON nor YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict) or not isinstance(found.get("paths"), dict) or not found["paths"]:
        raise NoOpenApi("it has no `paths`, so it is no OpenAPI document the result could be held to")
    return found


def operations_of(text: str) -> list[Operation]:
    """Every operation of the document, by path and method.

    Raises:
        NoOpenApi: see `read_openapi`; or it names no operation.
    """
    document = read_openapi(text)
    operations = [
        (method, str(path), _statuses(operation), _required(document, operation))
        for path, item in sorted(document["paths"].items(), key=lambda pair: str(pair[0]))
        if isinstance(item, dict)
        for method, operation in sorted(item.items(), key=lambda pair: str(pair[0]))
        if method in METHODS and isinstance(operation, dict)
    ]
    if not operations:
        raise NoOpenApi("its `paths` name no operation (get, post, ...)")
    return operations


def contract_tests(text: str, path: str = PATH, *, guard: bool = False) -> tuple[TestFile, TestCase]:
    """One parametrised acceptance test over every operation of the document, for the file `path`.

    `guard`: the service may offer some of them already.

    Raises:
        NoOpenApi: see `operations_of`.
    """
    content = _MODULE.format(operations=pformat(operations_of(text), width=110))
    name = "test_the_service_offers_what_the_document_names"
    return TestFile(path=path, content=content), TestCase(node_id=f"{path}::{name}", criteria=(), guard=guard)


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
