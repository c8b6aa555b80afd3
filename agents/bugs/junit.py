"""Failing tests out of a JUnit XML file, as CI systems keep them."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from agents.bugs.report import Trace
from agents.bugs.traces import traces_in
from agents.contracts import Frozen

MOST = 1_000


class FailedCase(Frozen):
    """One failing test case."""

    node_id: str
    traces: tuple[Trace, ...] = ()


class UnreadableReport(ValueError):
    """The file is no JUnit report; the message says why."""


def failures_in(text: str, files: Sequence[str]) -> tuple[FailedCase, ...]:
    """The failing cases whose test file is one of `files` (paths of the repository).

    Raises:
        UnreadableReport: no XML, not JUnit's, or XML with a document type (which could make it grow without bound).
    """
    if re.search(r"<!(?:DOCTYPE|ENTITY)", text[:100_000]):
        raise UnreadableReport("it declares a document type; a JUnit report needs none")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - entities cannot be declared without a document type
    except ElementTree.ParseError as broken:
        raise UnreadableReport(f"it is not XML ({broken})") from None
    if root.tag not in ("testsuites", "testsuite"):
        raise UnreadableReport(f"it holds <{root.tag[:40]}>, not <testsuites>")
    found = []
    for case in root.iter("testcase"):
        bad = [child for child in case if child.tag in ("failure", "error")]
        node_id = _node_id(case.attrib, files) if bad else ""
        if node_id:
            said = "\n".join(filter(None, (part.text for part in bad)))
            found.append(FailedCase(node_id=node_id, traces=traces_in(said)))
    return tuple(found[:MOST])


def _node_id(case: dict[str, str], files: Sequence[str]) -> str:
    """`tests.test_x.TestY`, `test_z[1]` -> `tests/test_x.py::TestY::test_z[1]`."""
    name, parts = case.get("name", ""), case.get("classname", "").split(".")
    for cut in range(len(parts), 0, -1):
        path = "/".join(parts[:cut]) + ".py"
        match = next((file for file in files if file == path or file.endswith(f"/{path}")), None)
        if match is not None:
            return "::".join((match, *parts[cut:], name))
    named = case.get("file", "").replace("\\", "/")
    return f"{named}::{name}" if named in files else ""
