"""The one way a model is called: journal, ledger, retries, fallback models, and a look at every answer."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import BaseModel

from agents.contracts import Usage
from agents.endpoint import Endpoint, Exhausted, Prompt
from agents.errors import BadAnswer, ContextTooLong, ModelUnavailable, ToolsUnsupported
from agents.faults import clean
from agents.ledger import Ledger
from agents.masking import mask
from agents.models import ModelConfig
from agents.replies import Reply, complaint
from agents.retry import Policy

DEFAULT_ROLE = "default"


class Journal(Protocol):
    """Where paid answers are kept."""

    def find(self, key: str, digest: str) -> dict[str, Any] | None:
        """The record saved under this key for exactly this prompt, None when there is none."""

    def save(self, key: str, digest: str, record: dict[str, Any]) -> None:
        """Keep a record; it survives a crash once this returns."""


class MemoryJournal:
    """A journal that lives as long as the process."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], dict[str, Any]] = {}

    def find(self, key: str, digest: str) -> dict[str, Any] | None:
        return self.records.get((key, digest))

    def save(self, key: str, digest: str, record: dict[str, Any]) -> None:
        self.records[key, digest] = json.loads(json.dumps(record))


class Caller:
    """Asks the models of each role. One per run; not shared between event loops."""

    def __init__(
        self,
        models: Mapping[str, Sequence[ModelConfig]],
        ledger: Ledger | None = None,
        journal: Journal | None = None,
        policy: Policy | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Set up.

        Args:
            models: role -> models in the order they are tried; `default` serves roles that are not named.
        """
        if not models.get(DEFAULT_ROLE):
            raise ValueError("a model for the role 'default' is needed")
        self._models = {role: tuple(chain) for role, chain in models.items() if chain}
        self.ledger = ledger or Ledger()
        self.journal = journal or MemoryJournal()
        self._policy = policy or Policy()
        self._tell = tell
        self._endpoints: dict[str, Endpoint] = {}

    def config(self, role: str) -> ModelConfig:
        """The first model of a role."""
        return self._chain(role)[0]

    async def ask(
        self,
        role: str,
        step: str,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any]] = (),
        schema: type[BaseModel] | None = None,
    ) -> Reply:
        """A usable answer: complete, not empty, with valid tool calls; one repair turn is spent on anything else.

        Raises:
            BadAnswer: unusable after the repair turn.
            ModelUnavailable: no model of the role answers (`ContextTooLong`: the prompt does not fit any of them).
            ToolsUnsupported: the endpoint refuses tools; ask without.
            BudgetExceeded: a limit forbids the call.
        """
        prompt = Prompt(role, step, tuple(messages), tuple(tools), schema)
        reply = await self.once(prompt)
        limit = self.config(role).max_output_tokens
        wrong = complaint(reply, limit)
        if not wrong:
            return reply
        self._tell(f"{reply.model}: unusable answer, asking once more")
        partial = reply.model_copy(update={"text": reply.text[:2_000], "tool_calls": ()}).message()
        repaired = await self.once(
            Prompt(role, step, (*messages, partial, HumanMessage(wrong)), prompt.tools, prompt.schema)
        )
        still = complaint(repaired, limit)
        if still:
            raise BadAnswer(f"{role}: the model's answer stayed unusable. {still}")
        return repaired

    async def once(self, prompt: Prompt) -> Reply:
        """One answer as it came, from the journal when it was paid for before (errors: as `ask`, save BadAnswer)."""
        key = f"{prompt.step}-{prompt.role}-{len(prompt.messages):03d}"
        digest = self._digest(prompt)
        found = self.journal.find(key, digest)
        if found is not None:
            return Reply.model_validate({**found["reply"], "replayed": True})
        reply = await self._ask_chain(prompt)
        self.journal.save(key, digest, _record(prompt, reply.model, reply.usage, reply=reply.model_dump()))
        return reply

    async def _ask_chain(self, prompt: Prompt) -> Reply:
        chain = self._chain(prompt.role)
        failed: list[tuple[ModelConfig, Exhausted]] = []
        for config in chain:
            if any(e.fault.kind == "account" and config.same_account(c) for c, e in failed):
                continue
            try:
                return await self._endpoint(config).ask(prompt, self._tell)
            except Exhausted as error:
                if error.fault.feature == "tools" and prompt.tools:
                    raise ToolsUnsupported(error.fault.says) from None
                failed.append((config, error))
                self._tell(f"{config.name}: {error.fault.says}; given up")
        raise _unavailable(failed)

    def _chain(self, role: str) -> tuple[ModelConfig, ...]:
        return self._models.get(role) or self._models[DEFAULT_ROLE]

    def _endpoint(self, config: ModelConfig) -> Endpoint:
        name = config.model_dump_json() + "".join(config.hides())
        if name not in self._endpoints:
            self._endpoints[name] = Endpoint(config, self.ledger, self._policy, self._lost)
        return self._endpoints[name]

    def _lost(self, prompt: Prompt, config: ModelConfig, usage: Usage) -> None:
        """Keep the price of a call that was paid for without an answer."""
        unique = uuid4().hex
        self.journal.save(f"{prompt.step}-{prompt.role}-lost-{unique[:8]}", unique, _record(prompt, config.name, usage))

    def _digest(self, prompt: Prompt) -> str:
        config = self.config(prompt.role)
        asked = {
            "model": [config.name, config.base_url, config.temperature, config.max_output_tokens],
            "messages": [plain(message) for message in prompt.messages],
            "tools": prompt.tools,
            "schema": prompt.schema.model_json_schema() if prompt.schema else None,
        }
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def plain(message: BaseMessage) -> dict[str, Any]:
    """A message as JSON, with what makes it different from another and nothing else."""
    found: dict[str, Any] = {"role": message.type, "text": str(message.text)}
    if getattr(message, "tool_calls", None):
        found["calls"] = [[call["id"], call["name"], call["args"]] for call in message.tool_calls]  # type: ignore[attr-defined]
    if getattr(message, "tool_call_id", None):
        found["answers"] = message.tool_call_id  # type: ignore[attr-defined]
    return found


def _masked(message: dict[str, Any]) -> dict[str, Any]:
    """A message for the eyes of a person: what is shaped like a secret is taken out. A reply is kept as it came."""
    return {**message, "text": mask(message["text"])}


def _record(prompt: Prompt, model: str, usage: Usage, reply: dict[str, Any] | None = None) -> dict[str, Any]:
    """What is kept of a call: the messages since the last answer, so a long conversation is kept once."""
    last = max((i for i, m in enumerate(prompt.messages) if m.type == "ai"), default=-1)
    asked = [_masked(plain(message)) for message in prompt.messages[last + 1 :]]
    found = {"role": prompt.role, "step": prompt.step, "model": model, "usage": usage.model_dump(), "asked": asked}
    return found if reply is None else {**found, "reply": reply}


def _unavailable(failed: list[tuple[ModelConfig, Exhausted]]) -> ModelUnavailable:
    """One error for all models tried."""
    hides = tuple(secret for config, _ in failed for secret in config.hides())
    lines = [clean(f"{config.name}: {error.fault.says}", hides, 500) for config, error in failed]
    if all(error.fault.kind == "context" for _, error in failed):
        return ContextTooLong(f"{'; '.join(lines)} - lower context_tokens, or take a model that reads more")
    waits = [error.fault.wait_s for _, error in failed if error.fault.wait_s]
    if waits:
        when = datetime.now(UTC) + timedelta(seconds=min(waits))
        lines.append(f"come back in {min(waits):.0f} s (at {when:%H:%M:%S} UTC)")
    tries = sum(error.attempts for _, error in failed)
    return ModelUnavailable(f"no model answers after {tries} {'try' if tries == 1 else 'tries'}: {'; '.join(lines)}")
