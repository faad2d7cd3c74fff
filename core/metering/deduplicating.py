"""Tell first deliveries from repeated ones, within a batch and against what is recorded. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.kernel.errors import EngineError
from core.metering.errors import EventConflict
from core.metering.model import Event, Reading


class Status(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """Recorded before, with the same content. Nothing was recorded again."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one event of a batch."""

    event_id: str
    status: Status
    error: EngineError | None = None
    """Why it was refused."""


def first_of_each(readings: Sequence[Reading | EngineError]) -> dict[str, int]:
    """Pick, of the events that can be recorded, where the first with each id stands."""
    first: dict[str, int] = {}
    for n, reading in enumerate(readings):
        if isinstance(reading, Reading):
            first.setdefault(reading.event_id, n)
    return first


def judge(
    events: Sequence[Event],
    readings: Sequence[Reading | EngineError],
    recorded: Mapping[str, bytes],
) -> list[Verdict]:
    """Say of each event what came of it. `recorded` is the content of what was there before.

    What was recorded once stays a duplicate, even when it has become too old to be recorded.
    """
    first = first_of_each(readings)
    verdicts = []
    for n, (event, reading) in enumerate(zip(events, readings, strict=True)):
        winner = first.get(event.event_id, len(events))
        if event.event_id in recorded:
            verdicts.append(_repeated(event, recorded[event.event_id]))
        elif isinstance(reading, EngineError) and n < winner:
            verdicts.append(Verdict(event.event_id, Status.REFUSED, reading))
        elif n == winner:
            verdicts.append(Verdict(event.event_id, Status.ACCEPTED))
        else:
            verdicts.append(_repeated(event, events[winner].content))
    return verdicts


def _repeated(event: Event, content: bytes) -> Verdict:
    if event.content == content:
        return Verdict(event.event_id, Status.DUPLICATE)
    return Verdict(event.event_id, Status.REFUSED, EventConflict(event.event_id))
