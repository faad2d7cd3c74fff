"""Store an event once, by the name its sender gave it, and have it handled afterwards.

`Intake` gathers what is delivered at the same time into one unit, because whoever delivers waits
for the answer, and a commit costs the same for one event as for a hundred.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core import jobs
from core.db.sets import insert_new_rows
from core.db.work import Database, Work
from core.inbox import tables
from core.inbox.jobs import handle_event
from core.inbox.model import Delivery, job_key
from core.kernel.caller import SYSTEM
from core.kernel.errors import Busy
from core.operations.gathering import Queue, Waiting, divided
from core.operations.trying import attempted

WAITING_BYTES_MAX = 64 * 1024 * 1024
"""Bodies that wait to be stored. Beyond it the sender is asked to come again, which it does."""

NAMES = (
    "source", "external_id", "endpoint", "type", "object_id", "api_version", "livemode",
    "payload", "occurred_at", "received_at", "replays", "attempt",
)  # fmt: skip


async def store(work: Work, deliveries: Sequence[Delivery]) -> set[str]:
    """Keep those that are new, each with a job that will handle it; return their names.

    One that was stored before is left as it is, whatever came of it: its own job, and nobody's
    second telling, decides when it is tried again.
    """
    # In the order of their keys, so that two units which share some wait in one direction only.
    each_once = {(each.source, each.external_id): each for each in deliveries}
    rows = [
        (
            each.source, each.external_id, str(each.endpoint), each.type, each.object_id,
            each.api_version, each.livemode, dict(each.payload), each.occurred_at,
            work.real_now, 0, 0,
        )
        for _, each in sorted(each_once.items())
    ]  # fmt: skip
    new = await insert_new_rows(
        work, tables.events, NAMES, rows, returning=("source", "external_id")
    )
    wanted = {
        job_key(source, external_id, 0): {
            "source": source,
            "external_id": external_id,
            "replays": 0,
        }
        for source, external_id in new
    }
    await jobs.enqueue_all(work, handle_event, wanted)
    return {external_id for _, external_id in new}


@dataclass(slots=True)
class _Arrival:
    delivery: Delivery
    is_new: bool = False


@dataclass(slots=True)
class Intake:
    """Where one process takes deliveries in. Each has its own, and the table knows them all."""

    database: Database
    _line: Queue[_Arrival] = field(default_factory=Queue)
    _bytes: int = 0

    async def receive(self, delivery: Delivery, size: int) -> bool:
        """Return once the event is committed: True when it is new. Raises Busy, and then it is not.

        `size` is what the body weighs.
        """
        if self._bytes + size > WAITING_BYTES_MAX:
            raise Busy
        arrival = _Arrival(delivery)
        self._bytes += size
        try:
            # Two deliveries of one event never share a unit: the second must find the first.
            name = frozenset({f"{delivery.source}:{delivery.external_id}"})
            await self._line.join(arrival, name, self._store)
        finally:
            self._bytes -= size
        return arrival.is_new

    async def _store(self, batch: Sequence[Waiting[_Arrival]]) -> None:
        """Store these in one unit. Whatever cannot be stored must not take the others with it."""
        await divided(batch, self._commit)

    async def _commit(self, batch: Sequence[Waiting[_Arrival]]) -> None:
        async def unit(_attempt: int) -> None:
            async with self.database.begin(SYSTEM) as work:
                new = await store(work, [each.call.delivery for each in batch])
            for each in batch:
                each.call.is_new = each.call.delivery.external_id in new

        await attempted(unit)
