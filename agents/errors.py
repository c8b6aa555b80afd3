"""What goes wrong between us and whoever plays the roles.

AgentError
├── NotUnderstood      offline: these words of the request mean nothing to the rules (quoted, with the nearest offer)
├── Contradiction      the request contradicts itself or the tests: needs a person
├── NoOpenApi          what is given as an OpenAPI document is none; one line says where
├── BadAnswer          the model's answer stayed unusable after the one repair turn
├── ModelUnavailable   the endpoint cannot be reached, refuses the key, or stays down after bounded retries
│   └── ContextTooLong the prompt is longer than any model of the role reads
├── ToolsUnsupported   the endpoint does not call tools: ask without (never ends a run)
├── BudgetExceeded     the next call could cost more than what is left (raised before it is sent)
└── EditRefused        an edit cannot be applied; the message tells the agent what to change (never ends a run)
"""


class AgentError(Exception):
    """Root of everything this package raises."""


class NotUnderstood(AgentError, ValueError):
    """The offline rules do not understand part of the request."""

    def __init__(self, quote: str, nearest: str) -> None:
        self.quote = quote
        self.nearest = nearest
        super().__init__(f'not understood: "{quote}". {nearest}')


class Contradiction(AgentError, ValueError):
    """The request contradicts itself or the existing tests; the message shows both sides."""


class NoOpenApi(AgentError, ValueError):
    """What is given as an OpenAPI document is none, or names no operation."""


class BadAnswer(AgentError, ValueError):
    """A model's answer stayed unusable."""


class ModelUnavailable(AgentError, ConnectionError):
    """No model answers; says what was tried and, for a rate limit, when to come back."""


class ContextTooLong(ModelUnavailable):
    """The prompt does not fit the model."""


class ToolsUnsupported(AgentError):
    """The endpoint refuses tool declarations; caught by the tool loop."""


class BudgetExceeded(AgentError, RuntimeError):
    """A limit of money, tokens or calls forbids the next call."""


class EditRefused(AgentError, ValueError):
    """An edit cannot be applied as given; the message is written for the agent that made it."""
