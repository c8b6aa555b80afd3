"""A bounded conversation in which an agent works with tools."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from agents.calls import Caller, plain
from agents.contracts import FileEdit
from agents.errors import BadAnswer, ToolsUnsupported
from agents.excerpts import fence
from agents.history import fit
from agents.prompts import render
from agents.replies import Reply, ToolCall
from agents.roles import Desk
from agents.structured import instruct
from agents.textcalls import flatten, text_calls
from agents.tools import Result, Tool, declaration, use

WARNED_TURNS = 3
"""How many turns before the last the agent is told."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a loop ends when the agent does not end it."""

    turns: int = 40
    seconds: float = 1_800.0
    tokens: int = 3_000_000
    """Input and output of this loop together."""
    repeats: int = 3
    """The same call with nothing changed in between: told at this count, ended at the next."""


Why = Literal["finished", "talked", "unusable", "contradiction", "turns", "seconds", "tokens", "repeats"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a loop ended and what it changed."""

    why: Why
    text: str
    """The agent's summary or last words."""
    edits: tuple[FileEdit, ...]
    messages: tuple[BaseMessage, ...]
    """The conversation, to go on from."""


@dataclass(slots=True)
class Loop:
    """One agent at work. `run` may be called again with another message to go on."""

    caller: Caller
    role: str
    step: str
    desk: Desk
    tools: tuple[type[Tool], ...]
    messages: list[BaseMessage]
    bounds: Bounds = field(default_factory=Bounds)
    _edits: list[FileEdit] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)
    _turn: int = 0
    _tokens: int = 0
    _silent: bool = False
    _warned: bool = False
    _text_mode: bool = False
    _challenged: bool = False
    _started: float = field(default_factory=time.monotonic)

    async def run(self) -> Ended:
        """Work until the agent ends it or a bound does.

        Raises:
            BadAnswer: unusable before anything was changed. ModelUnavailable, BudgetExceeded: from the model.
            SandboxError: the tests could not be run.
        """
        if self.caller.config(self.role).tools is False:
            self._to_text()
        while True:
            limit = self._limit()
            if limit:
                return self._end(limit, "")
            try:
                reply = await self._ask()
            except BadAnswer as error:
                if not self._edits:
                    raise
                return self._end("unusable", str(error))
            calls = reply.tool_calls or text_calls(reply.text)
            if not calls:
                if self._silent:
                    return self._end("talked", reply.text)
                self._silent = True
                self.messages += [reply.message(), HumanMessage(render("nudge", **self._text_tools()))]
                continue
            self._silent = False
            ended = await self._carry_out(reply, calls)
            if ended:
                return ended

    def say(self, text: str) -> None:
        """Give the agent a message before `run` is called again."""
        self._seen.clear()
        self.messages = instruct(self.messages, text)

    def _limit(self) -> Why | None:
        if self._turn >= self.bounds.turns:
            return "turns"
        if time.monotonic() - self._started > self.bounds.seconds:
            return "seconds"
        if self._tokens > self.bounds.tokens:
            return "tokens"
        return None

    async def _ask(self) -> Reply:
        self._turn += 1
        config = self.caller.config(self.role)
        room = config.context_tokens - config.max_output_tokens
        try:
            declared = () if self._text_mode else tuple(map(declaration, self.tools))
            reply = await self.caller.ask(self.role, self.step, fit(self.messages, room), declared)
        except ToolsUnsupported:
            self._to_text()
            reply = await self.caller.ask(self.role, self.step, fit(self.messages, room))
        self._tokens += reply.usage.input_tokens + reply.usage.output_tokens
        return reply

    async def _carry_out(self, reply: Reply, calls: Sequence[ToolCall]) -> Ended | None:
        native = bool(reply.tool_calls)
        self.messages.append(reply.message())
        said: list[str] = []
        last: Ended | None = None
        for number, call in enumerate(calls):
            result = await self._call(call, number)
            self.messages += [ToolMessage(result.text, tool_call_id=call.id)] if native else []
            said.append(f"{call.name}: {result.text}")
            if result.contradiction is not None:
                last = self._end("contradiction", result.contradiction)
            elif result.finished is not None:
                last = self._end("finished", result.finished)
            elif self._seen[_signature(call)] > self.bounds.repeats:
                last = self._end("repeats", f"{call.name} was called again and again with nothing changed")
        if not native:
            self.messages.append(HumanMessage("\n\n".join(said)))
        left = self.bounds.turns - self._turn
        if left == WARNED_TURNS and last is None:
            warning = f"{left} turns are left. Bring the work to a state that can be kept, then call finish."
            self.messages = instruct(self.messages, warning)
        return last

    async def _call(self, call: ToolCall, number: int) -> Result:
        """Carry out one call; what cannot be repeated exactly is kept in the journal, for a resume."""
        tool = next((tool for tool in self.tools if tool.name == call.name), None)
        if tool is None or tool.repeatable:
            result = await use(self.tools, call.name, call.args, self.desk)
        else:
            seen = json.dumps([[plain(m) for m in self.messages], call.name, call.args], sort_keys=True)
            digest = hashlib.sha256(seen.encode()).hexdigest()
            key = f"{self.step}-{self.role}-tool-{self._turn:03d}-{number}"
            kept = self.caller.journal.find(key, digest)
            result = Result(text=kept["tool"]) if kept else await use(self.tools, call.name, call.args, self.desk)
            if not kept:
                self.caller.journal.save(key, digest, {"role": self.role, "step": self.step, "tool": result.text})
        return self._judge(call, result)

    def _judge(self, call: ToolCall, result: Result) -> Result:
        """Count repeats, collect edits, ask once before a contradiction is believed."""
        made = (*((result.edit,) if result.edit else ()), *result.edits)
        if made:
            self._edits += made
            self._seen.clear()
        self._seen[_signature(call)] += 1
        if result.contradiction is not None and not self._challenged:
            self._challenged = True
            self._seen.clear()
            return Result(text=render("challenge"))
        if self._seen[_signature(call)] == self.bounds.repeats:
            warning = "You have made this very call before and nothing has changed since. Do something else, or finish."
            return result.model_copy(update={"text": f"{result.text}\n{warning}"})
        if call.name == "run_tests":
            return result.model_copy(update={"text": fence("test output", result.text)})
        return result

    def _to_text(self) -> None:
        if not self._text_mode:
            self._text_mode = True
            self.messages = instruct(flatten(self.messages), render("text_tools", **self._text_tools()))

    def _text_tools(self) -> dict[str, object]:
        declared = [declaration(tool)["function"] for tool in self.tools]
        return {
            "tools": [
                {**tool, "arguments": json.dumps(tool["parameters"].get("properties", {}), sort_keys=True)}
                for tool in declared
            ]
        }

    def _end(self, why: Why, text: str) -> Ended:
        return Ended(why, text, tuple(self._edits), tuple(self.messages))


def _signature(call: ToolCall) -> str:
    return json.dumps([call.name, call.args], sort_keys=True)
