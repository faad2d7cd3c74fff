"""Messaging: what we tell others once it is committed, and who has seen it. See README.md."""

from core.messaging.broker import Broker, Event, Handler, Subscription
from core.messaging.consuming import consume
from core.messaging.errors import NotTaken
from core.messaging.mailing import Mail, Mailer, MailNotTaken, MailRefused
from core.messaging.outbox import Told, forget_old, publish, publish_many
from core.messaging.relay import Backlog, Relay, backlog, waiting

__all__ = [
    "Backlog",
    "Broker",
    "Event",
    "Handler",
    "Mail",
    "MailNotTaken",
    "MailRefused",
    "Mailer",
    "NotTaken",
    "Relay",
    "Subscription",
    "Told",
    "backlog",
    "consume",
    "forget_old",
    "publish",
    "publish_many",
    "waiting",
]
