"""Record usage: a batch costs the same few statements whatever its size.

One look-up of the meters; one insert of the ids, which leaves out those that are there already;
one of the events whose ids were new; one that adds them to the sums; and, only if something was
left out, one look-up of what that was. Concurrent calls share them, see `core.db.together`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from core import audit
from core.db.months import ensure_months
from core.db.sets import claim_rows, find_rows, insert_new_rows, insert_rows
from core.db.together import Collided, Order, Step
from core.db.work import Work
from core.kernel.errors import EngineError
from core.metering import events, meters, rollups, tables
from core.operations.progress import report
from core.usage import (
    Reading,
    Status,
    Told,
    Verdict,
    bucket_of,
    first_of_each,
    judge,
    may_record,
    try_read,
)

STEPS = 3
"""What a listener hears of a batch: read, recorded, compared."""

_IDS = (
    "project_id", "event_id", "occurred_at", "received_at", "quantity", "content", "digest",
)  # fmt: skip
_EVENTS = (
    "project_id", "event_id", "meter_id", "occurred_at", "received_at", "position", "bucket",
    "quantity", "properties", "content", "digest",
)  # fmt: skip
_KEY = ("project_id", "event_id")

Key = tuple[str, str]


class Recorded(NamedTuple):
    """An event that is there already: a hash of what was said, what the meter read, and when."""

    content: bytes
    quantity: int
    occurred_at: datetime


class Batch(NamedTuple):
    """Events to be recorded unless their ids are taken, and ids to be looked up beside them."""

    readings: Sequence[Reading]
    others: Sequence[str] = ()


async def record(work: Work, sent: Sequence[Told]) -> list[Verdict]:
    """Record those events that are new and right, and say of each what came of it, in order."""
    known = await work.together(meters.BY_KEY, frozenset(each.meter_key for each in sent))
    now, find, caller = work.now, known.get, work.caller
    readings = [may_record(try_read(each, find(each.meter_key), now), caller) for each in sent]
    report(1, STEPS, f"read {len(sent)} events")
    fresh = first_of_each(readings)
    others = {each.event_id for each in sent} - fresh.keys() if len(fresh) < len(sent) else ()
    before = await work.together(WRITE, Batch(list(fresh.values()), sorted(others)))
    verdicts = judge(sent, readings, {name: each.content for name, each in before.items()})
    accepted = Counter(
        event.meter_key
        for event, verdict in zip(sent, verdicts, strict=True)
        if verdict.status is Status.ACCEPTED
    )
    report(2, STEPS, f"recorded {accepted.total()} events")
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


async def _look_up(items: Sequence[tuple[Work, str]]) -> Sequence[Recorded | EngineError | None]:
    """Return what is recorded under each id."""
    keys = [(work.project_id, event_id) for work, event_id in items]
    found = await _recorded(items[0][0], dict.fromkeys(keys))
    return [found.get(key) for key in keys]


async def _write(
    items: Sequence[tuple[Work, Reading | Batch]],
) -> Sequence[Mapping[str, Recorded] | EngineError]:
    """Record what is new of each item; say of a batch what was there before."""
    wanted: dict[Key, tuple[Work, Reading, bool]] = {}
    for work, item in items:
        project_id = work.project_id
        # What is recorded by itself is recorded to be charged.
        is_charged = isinstance(item, Reading)
        for each in (item,) if isinstance(item, Reading) else item.readings:
            wanted.setdefault((project_id, each.event_id), (work, each, is_charged))
    # What was looked up before is new, or somebody else was faster.
    all_new = all(isinstance(item, Reading) for _, item in items)
    fresh = await _insert(wanted, claim=all_new) if wanted else {}
    left = [_left_out(work, item, fresh) for work, item in items]
    taken = {key for keys in left for key in keys}
    found = await _recorded(items[0][0], taken) if taken else {}
    return [{key[1]: found[key] for key in keys if key in found} for keys in left]


def _left_out(work: Work, item: Reading | Batch, fresh: Mapping[Key, Reading]) -> Sequence[Key]:
    """Name what was not recorded for this item, though it may have been for another one."""
    project_id = work.project_id
    if isinstance(item, Reading):
        if fresh.get((project_id, item.event_id)) is not item:
            # It was looked up and not there: somebody else has recorded it since.
            raise Collided
        return ()
    keys = [(project_id, each.event_id) for each in item.readings]
    left = [
        key for key, each in zip(keys, item.readings, strict=True) if fresh.get(key) is not each
    ]
    return left + [(project_id, event_id) for event_id in item.others]


class _Row(NamedTuple):
    """One event on its way into the tables, with its instants as the digests say them."""

    work: Work
    key: Key
    reading: Reading
    bucket: int
    occurred: str
    received: str
    content: str
    digest: bytes
    is_charged: bool


Wanted = Mapping[Key, tuple[Work, Reading, bool]]


async def _insert(wanted: Wanted, *, claim: bool = False) -> dict[Key, Reading]:
    """Insert those whose ids are free, with their events and sums, and return them.

    To claim is to insert all of them, or to raise Collided.
    """
    work = next(iter(wanted.values()))[0]
    await ensure_months(work, tables.events, {each.occurred_at for _, each, _ in wanted.values()})
    fresh = list(_signed(wanted))
    ids = tables.event_ids, _IDS, _id_rows(fresh)
    if claim:
        await claim_rows(work, *ids)
    else:
        # The digest covers the whole row, so that it can name it.
        taken = {digest for (digest,) in await insert_new_rows(work, *ids, returning=("digest",))}
        fresh = [each for each in fresh if each.digest in taken]
    if fresh:
        rows = [_event_row(n, each) for n, each in enumerate(fresh)]
        await insert_rows(work, tables.events, _EVENTS, rows)
        await rollups.add_counts(work, (_counted(n, each) for n, each in enumerate(fresh)))
    return {each.key: each.reading for each in fresh}


def _signed(wanted: Wanted) -> Iterator[_Row]:
    received_at, received = None, ""
    for key, (work, each, is_charged) in wanted.items():
        if work.now is not received_at:
            # Nearly always the same for all of them: it is written once.
            received_at, received = work.now, _text(work.now)
        occurred, content = _text(each.occurred_at), each.content.hex()
        digest = work.digest(*key, occurred, received, each.quantity, content)
        bucket = bucket_of(each.occurred_at)
        yield _Row(work, key, each, bucket, occurred, received, content, digest, is_charged)


def _text(instant: datetime) -> str:
    """Write an instant in UTC as `canonical` does, which would look at its kind and zone first."""
    return instant.isoformat(timespec="microseconds")


def _id_rows(rows: Sequence[_Row]) -> list[tuple[Any, ...]]:
    """Make the rows of ids, in the order of the ids.

    Two units that share some then wait for each other in one direction only. On Postgres they wait
    for a unit that is recording one of the same ids.
    """
    return [
        (
            *row.key, row.reading.occurred_at, row.work.now, row.reading.quantity,
            row.reading.content, row.digest,
        )
        for row in sorted(rows, key=_key)
    ]  # fmt: skip


_key = attrgetter("key")


def _event_row(position: int, row: _Row) -> tuple[Any, ...]:
    work, key, each, bucket, occurred, received, content, *_ = row
    meter_id, packed, quantity = each.meter.id, each.packed, each.quantity
    digest = work.digest(
        *key, meter_id, occurred, received, position, bucket, quantity, packed.decode(), content
    )
    return (
        *key, meter_id, each.occurred_at, work.now, position, bucket, quantity,
        orjson.Fragment(packed), each.content, digest,
    )  # fmt: skip


def _counted(position: int, row: _Row) -> rollups.Counted:
    work, (project_id, event_id), each, bucket, *_ = row
    place = each.occurred_at, work.now, position, event_id
    return project_id, each.meter.id, bucket, each.quantity, place, row.is_charged


async def _recorded(work: Work, keys: Iterable[Key]) -> dict[Key, Recorded]:
    """Return those of these events that are recorded."""
    shown = ("project_id", "event_id", "content", "quantity", "occurred_at")
    found = await find_rows(work, tables.event_ids, _KEY, sorted(keys), shown)
    return {(row[0], row[1]): Recorded(*row[2:]) for row in found}


LOOK_UP: Step[str, Recorded | None] = Step(Order.LOOK + 1, _look_up)
"""What is recorded under an id, or None."""

WRITE: Step[Reading | Batch, Mapping[str, Recorded]] = Step(Order.WRITE, _write)
"""Record one event that was looked up before, or a batch of which some may be there.

Of a batch, what was there before is returned. One event that is there after all is `Collided`.
"""
