"""The inbox: what a payment provider told us, kept until it is acted on. See README.md."""

from core.inbox.backlog import Backlog, backlog
from core.inbox.delivered import read_body, read_event
from core.inbox.errors import (
    DeliveryRefused,
    HandledElsewhere,
    NotSettled,
    NotVerified,
    Overtaken,
    ParentMissing,
    StripeEventNotFound,
)
from core.inbox.finding import Sought, find_event, list_events
from core.inbox.forgetting import forget_old
from core.inbox.hearing import Handler, Handlers, Hearing, Standing
from core.inbox.jobs import HANDLERS, handle_event
from core.inbox.model import STRIPE, Delivery, Endpoint, Event, State, progressed
from core.inbox.replaying import replay
from core.inbox.storing import Intake, store
from core.inbox.verifying import WebhookVerifier

__all__ = [
    "HANDLERS",
    "STRIPE",
    "Backlog",
    "Delivery",
    "DeliveryRefused",
    "Endpoint",
    "Event",
    "HandledElsewhere",
    "Handler",
    "Handlers",
    "Hearing",
    "Intake",
    "NotSettled",
    "NotVerified",
    "Overtaken",
    "ParentMissing",
    "Sought",
    "Standing",
    "State",
    "StripeEventNotFound",
    "WebhookVerifier",
    "backlog",
    "find_event",
    "forget_old",
    "handle_event",
    "list_events",
    "progressed",
    "read_body",
    "read_event",
    "replay",
    "store",
]
