"""Record usage: a batch costs the same few statements whatever its size.

One look-up of the meters, one insert that leaves out what is there already, and, only if something
was left out, one look-up of what that was.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core import audit
from core.db.upsert import insert_for
from core.db.work import Work, canonical
from core.metering import events, meters, tables
from core.metering.deduplicating import Status, Verdict, first_of_each, judge
from core.metering.model import Event, Reading, bucket_of, try_read
from core.operations.progress import report

STEPS = 3
"""What a listener hears of a batch: read, recorded, compared."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event that is there already: a hash of what was said, and what the meter read."""

    content: bytes
    quantity: int


async def record(work: Work, sent: Sequence[Event]) -> list[Verdict]:
    """Record those events that are new and right, and say of each what came of it, in order."""
    known = await meters.by_key(work, (each.meter_key for each in sent))
    readings = [try_read(each, known.get(each.meter_key), work.now) for each in sent]
    report(1, STEPS, f"read {len(sent)} events")
    fresh = [readings[n] for n in first_of_each(readings).values()]
    inserted = await insert_new(work, [each for each in fresh if isinstance(each, Reading)])
    report(2, STEPS, f"recorded {len(inserted)} events")
    before = await recorded(work, {each.event_id for each in sent} - inserted)
    verdicts = judge(sent, readings, {name: each.content for name, each in before.items()})
    accepted = Counter(
        event.meter_key
        for event, verdict in zip(sent, verdicts, strict=True)
        if verdict.status is Status.ACCEPTED
    )
    if accepted:
        await events.usage_recorded(work, accepted)
    await _note_refused(work, verdicts)
    report(STEPS, STEPS, "compared the others with what was recorded before")
    return verdicts


async def _note_refused(work: Work, verdicts: Iterable[Verdict]) -> None:
    """Note why events were refused: the call itself is in the trail as allowed."""
    reasons = Counter(each.error.code for each in verdicts if each.error)
    if reasons:
        await audit.record(work, "usage.refused", work.project_id, reasons=dict(reasons))


async def insert_new(work: Work, readings: Sequence[Reading]) -> set[str]:
    """Insert the events whose ids are free, and return those ids.

    In the order of their ids: two batches that share some then wait for each other in one
    direction only. On Postgres this waits for a unit that is recording one of the same ids.
    """
    if not readings:
        return set()
    table = tables.events
    rows = [_row(work, n, each) for n, each in enumerate(readings)]
    rows.sort(key=lambda row: row["event_id"])
    insert = insert_for(work, table).on_conflict_do_nothing().returning(table.c.event_id)
    return set((await work.execute(insert, rows)).scalars())


async def recorded(work: Work, event_ids: Iterable[str]) -> dict[str, Recorded]:
    """Return those of these events that are recorded."""
    wanted = sorted(event_ids)
    if not wanted:
        return {}
    e = tables.events.c
    query = select(e.event_id, e.content, e.quantity).where(
        e.project_id == work.project_id, e.event_id.in_(wanted)
    )
    return {row.event_id: Recorded(row.content, row.quantity) for row in await work.execute(query)}


def _row(work: Work, position: int, reading: Reading) -> dict[str, Any]:
    row: dict[str, Any] = {
        "project_id": work.project_id,
        "event_id": reading.event_id,
        "meter_id": reading.meter.id,
        "occurred_at": reading.occurred_at,
        "received_at": work.now,
        "position": position,
        "bucket": bucket_of(reading.occurred_at),
        "quantity": reading.quantity,
        "properties": dict(reading.properties),
        "content": reading.content,
    }
    return row | {"digest": work.digest(*map(canonical, row.values()))}
