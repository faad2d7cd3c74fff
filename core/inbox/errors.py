"""Why what a provider told us is not taken, not there, or not yet to be acted on."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


class NotVerified(Exception):
    """Nobody who knows the secret of this endpoint signed these bytes a moment ago."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    """`unsigned`, `forged`, `stale` or `ahead`: a word of ours, never anything that was sent."""


@dataclass(eq=False)
class DeliveryRefused(EngineError):
    """This is not an event that this endpoint takes: {reason}."""

    code = "delivery_refused"
    kind = Kind.INVALID
    reason: str
    """`unsigned`, `forged`, `stale`, `ahead`, `not_utf8`, `not_json` or `not_an_event`."""


@dataclass(eq=False)
class StripeEventNotFound(EngineError):
    """There is no event {stripe_event_id} here. It may never have arrived, or be forgotten."""

    code = "stripe_event_not_found"
    kind = Kind.NOT_FOUND
    stripe_event_id: str


@dataclass(eq=False)
class ParentMissing(EngineError):
    """{object_id} is not known here yet: what it belongs to is still being written."""

    code = "parent_missing"
    kind = Kind.CONFLICT
    object_id: str


@dataclass(eq=False)
class Overtaken(EngineError):
    """{object_id} changed here while it was being read. It is read again."""

    code = "overtaken"
    kind = Kind.CONFLICT
    object_id: str


class HandledElsewhere(Exception):
    """Another unit settled this event, or it was replayed meanwhile: ours must not count."""


class NotSettled(Exception):
    """A handler returned without having said, in a unit that committed, that it was done."""
