"""One model behind one endpoint: attempts, retries, and what the endpoint turned out not to support."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage
from pydantic import BaseModel

from agents.faults import Fault, read_fault, usage_of
from agents.ledger import Ledger
from agents.models import ModelConfig, Structured, parameters
from agents.prices import estimate_tokens
from agents.replies import Reply, estimated, read_reply, without
from agents.retry import Policy, pause_s

STEPS_DOWN: dict[str, Structured] = {"json_schema": "json_object", "json_object": "plain"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked."""

    role: str
    step: str
    messages: tuple[BaseMessage, ...]
    tools: tuple[dict[str, Any], ...] = ()
    """OpenAI function declarations."""
    schema: type[BaseModel] | None = None
    """The answer's form, when it has to be JSON."""

    def tokens(self) -> int:
        """Estimated size of the prompt (tokens)."""
        written = sum(estimate_tokens(str(m.text) + str(getattr(m, "tool_calls", "") or "")) + 8 for m in self.messages)
        declared = estimate_tokens(str(self.tools)) if self.tools else 0
        return written + declared + (estimate_tokens(str(self.schema.model_json_schema())) if self.schema else 0)


class Exhausted(Exception):
    """This endpoint is given up for this prompt; `fault` says why."""

    def __init__(self, fault: Fault, attempts: int) -> None:
        self.fault = fault
        self.attempts = attempts
        super().__init__(fault.says)


class Endpoint:
    """Asks one model; remembers which parameters it refused."""

    def __init__(
        self, config: ModelConfig, ledger: Ledger, policy: Policy, lost: Callable[[Prompt, ModelConfig, Any], None]
    ) -> None:
        from agents.chat import make_chat_model

        self.config = config
        self._ledger = ledger
        self._policy = policy
        self._lost = lost
        self._chat = make_chat_model(config)
        self._dropped: set[str] = set()
        self._structured: Structured = "json_schema" if config.structured == "auto" else config.structured

    async def ask(self, prompt: Prompt, tell: Callable[[str], None]) -> Reply:
        """One answer, whatever it says.

        Raises:
            Exhausted: no answer within the policy's bounds, or a fault that another try cannot cure.
            BudgetExceeded: the next attempt could cost more than what is left.
        """
        ends = time.monotonic() + self._policy.total_s
        attempt = 0
        account, size = self.config.account(), prompt.tokens() + self.config.max_output_tokens
        while True:
            asked = time.monotonic()
            await self._ledger.turn(account, size)
            ends += time.monotonic() - asked
            outcome = await self._attempt(prompt, ends - time.monotonic())
            if isinstance(outcome, Reply):
                return outcome
            if outcome.crowded and self._ledger.slow_down(account, outcome.wait_s):
                tell(f"{self.config.name}: {outcome.says}; all who share the key wait")
                continue
            if outcome.kind == "unsupported" and self._step_down(outcome.feature):
                continue
            attempt += 1
            pause = pause_s(self._policy, attempt, outcome.wait_s)
            patient = (outcome.wait_s or 0) <= self._policy.longest_wait_s and time.monotonic() + pause < ends
            if outcome.kind != "again" or attempt >= self._policy.attempts or not patient:
                raise Exhausted(outcome, attempt)
            tell(f"{self.config.name}: {outcome.says}; trying again in {pause:.0f} s")
            await asyncio.sleep(pause)

    async def _attempt(self, prompt: Prompt, left_s: float) -> Reply | Fault:
        import openai

        size = prompt.tokens()
        held = self._ledger.reserve(prompt.role, size, self.config.max_output_tokens, self.config.price())
        settled = False
        try:
            async with asyncio.timeout(max(0.001, min(self.config.timeout_s, left_s))):
                message = await self._chat.ainvoke(list(prompt.messages), **self._options(prompt))
            reply = without(estimated(read_reply(message, self.config.name), size), self.config.hides())
            used, settled = self._ledger.settle(held, reply.usage), True
            return reply.model_copy(update={"usage": used})
        except openai.LengthFinishReasonError as error:
            used, settled = self._ledger.settle(held, usage_of(error)), True
            return Reply(finish_reason="length", usage=used, model=self.config.name)
        except openai.ContentFilterFinishReasonError:
            used, settled = self._ledger.settle(held, None), True
            return Reply(finish_reason="content_filter", usage=used, model=self.config.name)
        except Exception as error:  # noqa: BLE001 - libraries raise anything here; classified, never swallowed
            fault = read_fault(error, self.config.hides())
            if fault.billed:
                self._lost(prompt, self.config, self._ledger.settle(held, usage_of(error)))
            else:
                self._ledger.release(held)
            settled = True
            return fault
        finally:
            if not settled:
                self._lost(prompt, self.config, self._ledger.settle(held, None))

    def _options(self, prompt: Prompt) -> dict[str, Any]:
        from langchain_core.utils.function_calling import convert_to_openai_tool

        options = dict(parameters(self.config, frozenset(self._dropped)))
        if prompt.tools and "tools" not in self._dropped:
            options["tools"] = [convert_to_openai_tool(tool) for tool in prompt.tools]
        if prompt.schema is not None and self._structured == "json_schema":
            form = {"name": prompt.schema.__name__, "schema": prompt.schema.model_json_schema(), "strict": False}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        elif prompt.schema is not None and self._structured == "json_object":
            options["response_format"] = {"type": "json_object"}
        return options

    def _step_down(self, feature: str) -> bool:
        """Do without a refused feature from now on; False when there is nothing left to give up (or it is `tools`)."""
        if feature == "response_format" and self.config.structured == "auto" and self._structured in STEPS_DOWN:
            self._structured = STEPS_DOWN[self._structured]
            return True
        if feature in ("temperature", "max_tokens") and feature not in self._dropped:
            self._dropped.add(feature)
            return True
        return False
