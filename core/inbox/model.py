"""What an event is: as it is delivered, as a handler hears it, and as staff look at it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

STRIPE = "stripe"


class Endpoint(StrEnum):
    """How an event came here."""

    SNAPSHOT = "snapshot"
    """Pushed, with its object as it was then."""
    THIN = "thin"
    """Pushed, naming its object and nothing more."""
    FETCHED = "fetched"
    """Asked for by us, because nobody had pushed it."""


class State(StrEnum):
    WAITING = "waiting"
    """To be handled, or to be tried again after a pause."""
    HANDLED = "handled"
    IGNORED = "ignored"
    """Kept, and nothing here acts on its type."""
    PARKED = "parked"
    """Given up after every attempt, until somebody replays it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event that a provider told, read and cleaned, and not stored yet."""

    source: str
    external_id: str
    endpoint: Endpoint
    type: str
    object_id: str | None
    api_version: str | None
    livemode: bool
    occurred_at: datetime
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Delivery):
    """A stored event, and what came of it so far."""

    received_at: datetime
    replays: int
    attempt: int
    error: str | None
    handled_at: datetime | None
    ignored_at: datetime | None
    parked_at: datetime | None

    @property
    def state(self) -> State:
        if self.handled_at:
            return State.HANDLED
        if self.ignored_at:
            return State.IGNORED
        return State.PARKED if self.parked_at else State.WAITING

    @property
    def snapshot(self) -> Mapping[str, Any]:
        """The object as the provider had it when the event happened; empty in a thin event."""
        data = self.payload.get("data")
        found = data.get("object") if isinstance(data, Mapping) else None
        return found if isinstance(found, Mapping) else {}


def job_key(source: str, external_id: str, replays: int) -> str:
    """Name the job that handles the event: one for each time that it is to be handled."""
    return f"{source}:{external_id}:{replays}"


def progressed(now: str | None, told: str, *, terminal: Collection[str]) -> str:
    """Return the state that follows when we have one and are told another.

    A state that ends things is kept, whatever comes late: what was refunded is not paid again.
    """
    return now if now is not None and now in terminal else told
