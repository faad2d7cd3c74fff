"""Which of the engine's own events are heard inside it, and by whom."""

from core import collecting, dunning, messaging, printing, shelving, stepping, subscriptions

SUBSCRIPTIONS: tuple[messaging.Subscription, ...] = (
    shelving.SUBSCRIPTION,
    printing.SUBSCRIPTION,
    *subscriptions.SUBSCRIPTIONS,
    collecting.SUBSCRIPTION,
    stepping.SUBSCRIPTION,
    *dunning.SUBSCRIPTIONS,
)
