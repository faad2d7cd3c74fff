"""Who handles what a payment provider tells us: the slices' handlers, joined by type of event."""

from core import checkouts, exporting, inbox, packs, payers, payments, settling

HANDLERS: inbox.Handlers = {
    **checkouts.HANDLERS,
    **exporting.HANDLERS,
    **packs.HANDLERS,
    **payers.HANDLERS,
    **payments.HANDLERS,
    **settling.HANDLERS,
}
"""A type that is not here is kept and marked ignored."""
