"""Which of the engine's own events are heard inside it, and by whom."""

from core import messaging, printing, shelving, subscriptions

SUBSCRIPTIONS: tuple[messaging.Subscription, ...] = (
    shelving.SUBSCRIPTION,
    printing.SUBSCRIPTION,
    subscriptions.SUBSCRIPTION,
)
