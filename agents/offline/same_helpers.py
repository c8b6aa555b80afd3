"""Helpers of tests that are the same for every application."""

from agents.offline.topics_accounts import MAILBOX
from agents.offline.topics_changes import CHANNEL, EVENT_OF
from agents.offline.topics_deliveries import RECEIVER
from agents.offline.topics_upstream import UPSTREAM
from agents.offline.topics_webhooks import EVENT_HEADERS

TEXTS = {
    "event_of": EVENT_OF,
    "Channel": CHANNEL,
    "Mailbox": MAILBOX,
    "event_headers": EVENT_HEADERS,
    "Upstream": UPSTREAM,
    "Receiver": RECEIVER,
}
"""Name -> its source."""
