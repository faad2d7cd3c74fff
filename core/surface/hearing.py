"""Who handles what a payment provider tells us: the slices' handlers, joined by type of event."""

from collections.abc import Awaitable, Callable

from core import checkouts, exporting, inbox, packs, payers, payments, settling, shelving, stepping

Claiming = Callable[[inbox.Hearing], Awaitable[bool]]
"""Handles an event that is about something of its own, or returns False."""


def _either(first: Claiming, second: inbox.Handler) -> inbox.Handler:
    """Have a type that two slices hear be heard by the one whose object it is about."""

    async def heard(hearing: inbox.Hearing) -> None:
        if not await first(hearing):
            await second(hearing)

    return heard


HANDLERS: inbox.Handlers = {
    **checkouts.HANDLERS,
    **exporting.HANDLERS,
    **packs.HANDLERS,
    **payers.HANDLERS,
    **payments.HANDLERS,
    **settling.HANDLERS,
    **stepping.HANDLERS,
    **{
        each: _either(shelving.product_changed, packs.HANDLERS[each])
        for each in ("product.updated", "product.deleted")
    },
    **{
        each: _either(shelving.price_changed, packs.HANDLERS[each])
        for each in ("price.updated", "price.deleted")
    },
}
"""A type that is not here is kept and marked ignored."""
