"""Tell the world, but only of what was committed.

An event is written in the unit of work of its cause. The relay hands it on afterwards, so there is
never an event without its cause, nor a cause whose event was lost with the process.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from core.db.bell import Bell, ring_after_commit
from core.db.schema import PLATFORM
from core.db.sets import insert_rows
from core.db.together import Order, Step
from core.db.work import Work
from core.messaging import tables

KEPT_DAYS = 35


async def publish(work: Work, type: str, object_id: str, data: Mapping[str, Any]) -> str:
    """Tell that this happened to the object, in the past tense: `wallet.credited`. Return the id.

    `data` is JSON: ids, texts, decimal strings beside their asset; never a secret.
    """
    row = _row(work, type, object_id, data)
    await work.leave(PUBLISH, row)
    work.record("published", object_id, type=type)
    ring_after_commit(work, Bell.EVENT)
    return str(row["id"])


Told = tuple[Work, str, str, Mapping[str, Any]]
"""What `publish` is told: the work, what happened to which object, and its data."""


async def publish_many(told: Sequence[Told]) -> None:
    """Tell of all of these, however many there are, in one statement, and of each in its own work.

    For a unit of its own, or inside a step: no other call of a shared unit is waited for.
    """
    if not told:
        return
    await _publish([(each[0], _row(*each)) for each in told])
    for work, happened, object_id, _ in told:
        work.record("published", object_id, type=happened)
    ring_after_commit(told[0][0], Bell.EVENT)


def _row(work: Work, type: str, object_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "project_id": work.found_project_id or work.caller.project_id or PLATFORM,
        "id": work.ids.new("evt"),
        "type": type,
        "object_id": object_id,
        "occurred_at": work.now,
        "invocation_id": work.invocation_id,
        "data": dict(data),
        "attempt": 0,
        "due_at": work.real_now,
        "lease_token": 0,
    }


async def _publish(items: Sequence[tuple[Work, Mapping[str, Any]]]) -> list[None]:
    rows = [tuple(row.values()) for _, row in items]
    await insert_rows(items[0][0], tables.outbox, NAMES, rows)
    return [None] * len(items)


NAMES = (
    "project_id", "id", "type", "object_id", "occurred_at", "invocation_id", "data", "attempt",
    "due_at", "lease_token",
)  # fmt: skip
PUBLISH: Step[Mapping[str, Any], None] = Step(Order.TELL, _publish)


async def forget_old(work: Work) -> int:
    """Delete what was dispatched or consumed long ago; return how many rows.

    Everything is kept equally long, so that nothing can be delivered again after its consumers
    have forgotten it.
    """
    before = work.real_now - timedelta(days=KEPT_DAYS)
    outbox, consumed = tables.outbox.c, tables.consumed.c
    deletions = (
        delete(tables.outbox).where(outbox.dispatched_at < before),
        delete(tables.consumed).where(consumed.consumed_at < before),
    )
    return sum([int((await work.execute(deletion)).rowcount) for deletion in deletions])
