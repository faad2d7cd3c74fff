"""The broker for one process, or many equal ones: events go straight to the subscriptions.

Whichever process relays an event also consumes it, so nothing but the database is needed.
"""

import logging
from collections.abc import Mapping, Sequence

from core.db.work import Database
from core.kernel.errors import described
from core.messaging import Event, Subscription, consume

logger = logging.getLogger(__name__)


class LocalBroker:
    """Hands each event to every subscription that wants it; each handles it in its own unit."""

    def __init__(self, database: Database, subscriptions: Sequence[Subscription] = ()) -> None:
        self._database = database
        self._subscriptions = tuple(subscriptions)

    def wants(self, type: str) -> bool:
        return any(each.wants(type) for each in self._subscriptions)

    async def publish(self, events: Sequence[Event]) -> Mapping[str, str]:
        """Deliver in order. An event that any consumer failed on is refused, and offered again."""
        failed: dict[str, str] = {}
        for event in events:
            reason = await deliver(self._database, self._subscriptions, event)
            if reason:
                failed[event.id] = reason
        return failed


async def deliver(
    database: Database, subscriptions: Sequence[Subscription], event: Event
) -> str | None:
    """Let everyone who wants the event consume it; return who failed and why, or None.

    One that fails does not keep the others from it, and they will not see it again.
    """
    failed = []
    for subscription in subscriptions:
        if subscription.wants(event.type):
            try:
                await consume(database, subscription, event)
            except Exception as error:
                logger.exception("%s failed on %s %s", subscription.consumer, event.type, event.id)
                failed.append(f"{subscription.consumer}: {described(error)}")
    return "; ".join(failed)[:500] or None
