"""Tool calls for models that call no tools: fenced blocks in the text of an answer.

    ```tool                                     any tool, as JSON
    {"name": "read_file", "arguments": {"path": "app/main.py"}}
    ```
    ```write app/main.py                        a whole file, as it is
    ...
    ```
    ```json                                     a list of edits, as `FileEdit` says
    [{"path": "app/main.py", "action": "replace", "old": "...", "new": "..."}]
    ```

A block ends at the first line that repeats its opening fence; a longer fence may hold shorter ones.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agents.replies import ToolCall

_OPEN = re.compile(r"^(`{3,})[ \t]*(.*?)[ \t]*$")
_ACTIONS = {"write": "write_file", "replace": "edit_file", "delete": "delete_file"}
_FIELDS = {"write": ("path", "content"), "replace": ("path", "old", "new"), "delete": ("path",)}


def text_calls(text: str) -> tuple[ToolCall, ...]:
    """The calls written into an answer, in order. One that looks like a call and is none will fail as a call."""
    found: list[tuple[str, dict[str, Any]]] = []
    for info, body in _blocks(text):
        word, _, rest = info.partition(" ")
        if word == "write" and rest.strip():
            found.append(("write_file", {"path": rest.strip(), "content": body}))
        elif word == "delete" and rest.strip():
            found.append(("delete_file", {"path": rest.strip()}))
        elif word == "tool":
            found.append(_tool(body))
        elif word in ("json", ""):
            found += _edits(body)
    return tuple(ToolCall(id=f"text-{number}", name=name, args=args) for number, (name, args) in enumerate(found))


def flatten(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """A conversation with tool calls as one without: calls become blocks, their results the user's words."""
    flat: list[BaseMessage] = []
    for message in messages:
        if isinstance(message, AIMessage) and message.tool_calls:
            blocks = [_block({"name": call["name"], "arguments": call["args"]}) for call in message.tool_calls]
            flat.append(AIMessage("\n".join(part for part in (str(message.text), *blocks) if part)))
        elif isinstance(message, ToolMessage):
            said = str(message.text)
            if flat and isinstance(flat[-1], HumanMessage):
                said = f"{flat.pop().text}\n\n{said}"
            flat.append(HumanMessage(said))
        else:
            flat.append(message)
    return flat


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    fence, info = "", ""
    body: list[str] = []
    for line in text.splitlines(keepends=True):
        if not fence:
            opened = _OPEN.match(line.rstrip("\r\n"))
            if opened:
                fence, info, body = opened[1], opened[2], []
        elif line.strip() == fence:
            yield info, "".join(body)
            fence = ""
        else:
            body.append(line)


def _tool(body: str) -> tuple[str, dict[str, Any]]:
    try:
        value = json.loads(body, strict=False)
        return str(value["name"]), dict(value.get("arguments") or {})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "tool", {"block": body[:200]}


def _edits(body: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        value = json.loads(body, strict=False)
    except (ValueError, RecursionError):
        return []
    items = value if isinstance(value, list) else [value]
    found = []
    for item in items:
        if isinstance(item, dict) and item.get("action") in _ACTIONS and "path" in item:
            action = item["action"]
            found.append((_ACTIONS[action], {k: item[k] for k in _FIELDS[action] if k in item}))
        elif isinstance(item, dict) and "name" in item and isinstance(item.get("arguments"), dict):
            found.append((str(item["name"]), item["arguments"]))
    return found


def _block(value: dict[str, Any]) -> str:
    return f"```tool\n{json.dumps(value)}\n```"
