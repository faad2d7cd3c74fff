"""Tell first deliveries from repeated ones, within a batch and against what is recorded. Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from core.kernel.errors import EngineError
from core.usage.errors import EventConflict
from core.usage.model import Reading, Told, content_of


class Status(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """Recorded before, with the same content. Nothing was recorded again."""
    REFUSED = "refused"


class Verdict(NamedTuple):
    """What came of one event of a batch."""

    event_id: str
    status: Status
    error: EngineError | None = None
    """Why it was refused."""


def first_of_each(readings: Sequence[Reading | EngineError]) -> dict[str, Reading]:
    """Pick, of the events that can be recorded, the first with each id, in order."""
    first: dict[str, Reading] = {}
    for reading in readings:
        if isinstance(reading, Reading):
            first.setdefault(reading.event_id, reading)
    return first


def judge(
    told: Sequence[Told],
    readings: Sequence[Reading | EngineError],
    recorded: Mapping[str, bytes],
) -> list[Verdict]:
    """Say of each event what came of it. `recorded` is the content of what was there before.

    What was recorded once stays a duplicate, even when it has become too old to be recorded.
    """
    stands = dict(recorded)
    verdicts = []
    for event, reading in zip(told, readings, strict=True):
        event_id = event.event_id
        content = stands.get(event_id)
        if content is not None:
            verdicts.append(_repeated(event, reading, content))
        elif isinstance(reading, Reading):
            stands[event_id] = reading.content
            verdicts.append(Verdict(event_id, Status.ACCEPTED))
        else:
            verdicts.append(Verdict(event_id, Status.REFUSED, reading))
    return verdicts


def _repeated(event: Told, reading: Reading | EngineError, content: bytes) -> Verdict:
    said = reading.content if isinstance(reading, Reading) else content_of(event)
    if said == content:
        return Verdict(event.event_id, Status.DUPLICATE)
    return Verdict(event.event_id, Status.REFUSED, EventConflict(event.event_id))
