"""Who handles what a payment provider tells us: the slices' handlers, joined by type of event."""

from core import inbox

HANDLERS: inbox.Handlers = {}
"""A type that is not here is kept and marked ignored."""
