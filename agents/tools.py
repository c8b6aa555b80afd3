"""The tools an agent works with: each takes checked arguments, acts on a desk, and answers in text."""

import asyncio
import fnmatch
from typing import Any, ClassVar

from pydantic import Field, ValidationError

from agents.contracts import FileEdit, Frozen
from agents.desk import apply_edit
from agents.errors import EditRefused
from agents.excerpts import shorten
from agents.masking import mask
from agents.roles import Desk
from agents.searching import search
from agents.showing import report_text
from agents.structured import plain_schema

LISTED = 400
LINES = 400
"""Most lines read at once."""
RESULT_CHARS = 20_000


class Result(Frozen):
    """What a tool call came to."""

    text: str
    edit: FileEdit | None = None
    """The change it made to the tree; None when the tree is as it was."""
    edits: tuple[FileEdit, ...] = ()
    """The changes it made, when they are several."""
    failed: bool = False
    finished: str | None = None
    """The summary, when this call ends the work."""
    contradiction: str | None = None
    """Why a person is needed, when this call says so."""


class Tool(Frozen):
    """The arguments of one tool, and what it does. The docstring is what the model reads."""

    name: ClassVar[str]
    repeatable: ClassVar[bool] = True
    """The same desk gives the same answer, so it need not be journaled."""

    async def act(self, desk: Desk) -> Result:
        """Raises: EditRefused, for the model to read; sandbox errors, which are nobody's to read."""
        raise NotImplementedError


class ListFiles(Tool):
    """List the repository's files."""

    name = "list_files"
    glob: str = Field("*", description="shell pattern on the whole path; * crosses slashes")

    async def act(self, desk: Desk) -> Result:
        found = [path for path in desk.files() if fnmatch.fnmatchcase(path, self.glob)]
        more = f"\n... and {len(found) - LISTED} more; use a narrower glob" if len(found) > LISTED else ""
        return Result(text="\n".join(found[:LISTED]) + more or f"No file matches {self.glob!r}.")


class ReadFile(Tool):
    """Read a file, or some of its lines."""

    name = "read_file"
    path: str
    start: int = Field(1, ge=1, description="first line")
    end: int = Field(0, ge=0, description="last line; 0 reads on")

    async def act(self, desk: Desk) -> Result:
        lines = desk.read(self.path).splitlines()
        end = min(self.end or len(lines), len(lines), self.start + LINES - 1)
        if self.start > len(lines):
            return Result(text=f"{self.path} has {len(lines)} lines.")
        shown = "\n".join(lines[self.start - 1 : end])
        return Result(text=f"{self.path}, lines {self.start}-{end} of {len(lines)}:\n{shown}")


class Search(Tool):
    """Search the lines of all files with a regular expression."""

    name = "search"
    pattern: str = Field(min_length=1, max_length=500)
    glob: str = Field("*", description="shell pattern on the whole path")

    async def act(self, desk: Desk) -> Result:
        return Result(text=await asyncio.to_thread(search, desk, self.pattern, self.glob))


class EditFile(Tool):
    """Replace one piece of a file. The old text must occur exactly once."""

    name = "edit_file"
    path: str
    old: str = Field(description="the text to replace, copied exactly, with enough lines to be unique")
    new: str

    async def act(self, desk: Desk) -> Result:
        return _apply(desk, FileEdit(path=self.path, action="replace", old=self.old, new=self.new))


class WriteFile(Tool):
    """Create a file, or replace its whole content."""

    name = "write_file"
    path: str
    content: str

    async def act(self, desk: Desk) -> Result:
        return _apply(desk, FileEdit(path=self.path, action="write", content=self.content))


class DeleteFile(Tool):
    """Delete a file."""

    name = "delete_file"
    path: str

    async def act(self, desk: Desk) -> Result:
        return _apply(desk, FileEdit(path=self.path, action="delete"))


class RunTests(Tool):
    """Run the tests on the tree as it is now, in the sandbox: all of them, or some."""

    name = "run_tests"
    repeatable = False
    node_ids: tuple[str, ...] = Field((), description="e.g. tests/test_a.py::test_b; empty runs all")

    async def act(self, desk: Desk) -> Result:
        return Result(text=report_text(await asyncio.to_thread(desk.run_tests, self.node_ids)))


class Finish(Tool):
    """End the work: call it when the work is done, or when nothing more can be done."""

    name = "finish"
    summary: str = Field(min_length=1, description="first line: a commit's subject in the imperative; then details")

    async def act(self, desk: Desk) -> Result:
        return Result(text="done", finished=self.summary)


class ReportContradiction(Tool):
    """End the work because the tests contradict the request or each other, so that no code can satisfy both."""

    name = "report_contradiction"
    reason: str = Field(min_length=20, description="quote the request and the test that cannot both hold")

    async def act(self, desk: Desk) -> Result:
        return Result(text="reported", contradiction=self.reason)


READING: tuple[type[Tool], ...] = (ListFiles, ReadFile, Search)
EDITING: tuple[type[Tool], ...] = (EditFile, WriteFile, DeleteFile)


def declaration(tool: type[Tool]) -> dict[str, Any]:
    """A tool as an OpenAI function."""
    schema = plain_schema(tool)
    schema.pop("description", None)
    return {"type": "function", "function": {"name": tool.name, "description": tool.__doc__, "parameters": schema}}


async def use(tools: tuple[type[Tool], ...], name: str, args: dict[str, Any], desk: Desk) -> Result:
    """Call a tool by name; what the agent can put right comes back as text, a broken sandbox is raised.

    Raises:
        SandboxError: the tests could not be run.
    """
    known = {tool.name: tool for tool in tools}
    if name not in known:
        return Result(text=f"There is no tool {name!r}. There are: {', '.join(known)}.", failed=True)
    try:
        result = await known[name].model_validate(args).act(desk)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors()[:8])
        return Result(text=f"{name}: wrong arguments: {wrong}", failed=True)
    except EditRefused as error:
        return Result(text=str(error), failed=True)
    return result.model_copy(update={"text": shorten(mask(result.text), RESULT_CHARS)})


def _apply(desk: Desk, edit: FileEdit) -> Result:
    before = _content(desk, edit.path)
    apply_edit(desk, edit)
    after = _content(desk, edit.path)
    if before == after:
        return Result(text=f"{edit.path} is like that already; nothing changed.")
    done = {"delete": "deleted", "replace": "changed"}.get(edit.action, "written")
    return Result(text=f"{edit.path} {done}.", edit=edit)


def _content(desk: Desk, path: str) -> str | None:
    try:
        return desk.read(path)
    except EditRefused:
        return None
