"""Messaging: what we tell others once it is committed, and what others tell us. See README.md."""

from core.messaging.broker import Broker, Event, Handler, Subscription
from core.messaging.errors import NotTaken
from core.messaging.inbox import Received, consume, handled, receive, unhandled
from core.messaging.mailing import Mail, Mailer, MailRefused
from core.messaging.outbox import Told, forget_old, publish, publish_many
from core.messaging.relay import Backlog, Relay, backlog

__all__ = [
    "Backlog",
    "Broker",
    "Event",
    "Handler",
    "Mail",
    "MailRefused",
    "Mailer",
    "NotTaken",
    "Received",
    "Relay",
    "Subscription",
    "Told",
    "backlog",
    "consume",
    "forget_old",
    "handled",
    "publish",
    "publish_many",
    "receive",
    "unhandled",
]
