"""Write the trail: an effect's row in the effect's own unit, all others gathered.

Reads and refusals have no unit that commits, so `Trail` gathers the rows of concurrent calls and
commits them together, before any of those calls is answered. Floods are counted, not listed.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from core.audit import tables
from core.audit.model import Invocation, digest_of, redacted
from core.db.engine import is_transient
from core.db.schema import PLATFORM
from core.db.sets import insert_rows
from core.db.together import Order, Step
from core.db.upsert import insert_all_if_absent, insert_if_absent
from core.db.work import Database, Work, canonical
from core.kernel.caller import SYSTEM, Caller
from core.kernel.errors import Busy, caught

ATTEMPTS = 3
BATCH_MAX = 500
WAITING_MAX = 10_000
FLOODS_MAX = 1_000


def invocation_row(work: Work, invocation: Invocation) -> dict[str, Any]:
    """Make the protected row; its digest covers every other column, in this order."""
    caller = invocation.caller
    role = caller.platform_role or caller.role
    row: dict[str, Any] = {
        "project_id": invocation.project_id or caller.project_id or PLATFORM,
        "id": invocation.id,
        "at": invocation.at,
        "caller_kind": str(caller.kind),
        "subject": caller.subject[:160],
        "user_id": caller.user_id,
        "client_id": caller.client_id,
        "key_id": caller.key_id,
        "role": role and str(role),
        "door": invocation.door,
        "operation": invocation.operation,
        "effect": invocation.effect,
        "decision": str(invocation.decision),
        "error_code": invocation.error_code,
        "replayed": invocation.replayed,
        "duration_us": invocation.duration_us,
        "request_id": invocation.request_id[:64],
        "trace_id": invocation.trace_id[:64],
        "arguments_digest": digest_of(invocation.arguments),
        "arguments": redacted(invocation.arguments),
        "touched": list(invocation.touched)[:40],
    }
    return row | {"digest": work.digest(*map(canonical, row.values()))}


async def record_invocation(work: Work, invocation: Invocation) -> bool:
    """Write the row in this unit. False when a unit with this invocation was committed before."""
    return await insert_if_absent(work, tables.invocations, invocation_row(work, invocation))


async def _record(items: Sequence[tuple[Work, Invocation]]) -> list[None]:
    rows = [tuple(invocation_row(work, invocation).values()) for work, invocation in items]
    await insert_rows(items[0][0], tables.invocations, NAMES, rows)
    return [None] * len(items)


NAMES = tuple(column.name for column in tables.invocations.columns)
RECORD: Step[Invocation, None] = Step(Order.AUDIT, _record)
"""Write the row of each call that shares a unit."""


async def was_recorded(work: Work, invocation: Invocation) -> bool:
    """Tell whether a unit with this invocation was committed, waiting for one that is about to be.

    Looking is not enough: the unit may still be committing in a server process whose client is
    gone. Inserting its key waits for it, and what was inserted for the question is taken back.
    """
    async with work.connection.begin_nested() as question:
        free = await record_invocation(work, invocation)
        await question.rollback()
    return not free


async def record(work: Work, action: str, object_id: str, **details: Any) -> None:
    """Note in this unit what was done to whom: `record(work, "key.revoked", key_id, by=…)`.

    Details are facts worth keeping for years: before and after, never a secret.
    """
    await work.leave(NOTE, event_row(work, work.caller, action, object_id, details))


async def _note(items: Sequence[tuple[Work, Mapping[str, Any]]]) -> list[None]:
    rows = [tuple(row[name] for name in EVENT_NAMES) for _, row in items]
    await insert_rows(items[0][0], tables.events, EVENT_NAMES, rows)
    return [None] * len(items)


EVENT_NAMES = tuple(column.name for column in tables.events.columns)
NOTE: Step[Mapping[str, Any], None] = Step(Order.AUDIT, _note)
"""Write what happened, for all of a unit at once: nobody in it reads the trail."""


def event_row(
    work: Work, caller: Caller, action: str, object_id: str, details: Mapping[str, Any]
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "project_id": work.found_project_id or caller.project_id or PLATFORM,
        "id": work.ids.new("aud"),
        "at": work.real_now,
        "subject": caller.subject[:160],
        "user_id": caller.user_id,
        "client_id": caller.client_id,
        "action": action,
        "object_id": object_id[:300],
        "invocation_id": work.invocation_id,
        "details": redacted(details),
    }
    return row | {"digest": work.digest(*map(canonical, row.values()))}


Waiting = tuple[Invocation, asyncio.Future[None]]


class Trail:
    """Gathers the rows that have no unit of their own. One per process; holds nothing for long."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Waiting] = []
        self._flusher: asyncio.Task[None] | None = None
        self._floods: Counter[tuple[str, str, str]] = Counter()

    async def record(self, invocation: Invocation) -> None:
        """Return when the row is durable. A caller who goes away does not stop the others' rows."""
        if len(self._waiting) >= WAITING_MAX:
            raise Busy
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((invocation, durable))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        await asyncio.shield(durable)

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
                await self._commit(batch)
        finally:
            self._flusher = None

    async def _commit(self, batch: Sequence[Waiting]) -> None:
        """Commit the batch. One that cannot be written must not take the others with it."""
        error = await self._try_to_write(batch)
        if error and len(batch) > 1 and not is_transient(error):
            for each in batch:
                await self._commit([each])
            return
        for _, durable in batch:
            if durable.done():
                continue
            if error is None:
                durable.set_result(None)
            else:
                durable.set_exception(Busy() if is_transient(error) else error)
                durable.exception()  # a caller who went away must not be warned about

    async def _try_to_write(self, batch: Sequence[Waiting]) -> Exception | None:
        error: Exception | None = None
        for _ in range(ATTEMPTS):
            error = await caught(self._write_once(batch))
            if error is None or not is_transient(error):
                return error
        return error

    async def _write_once(self, batch: Sequence[Waiting]) -> None:
        async with self._database.begin(SYSTEM) as work:
            rows = [invocation_row(work, invocation) for invocation, _ in batch]
            # A caller who went away during the commit of an effect is noted as failed, and its row
            # is there already if the effect was committed after all: that stands.
            await insert_all_if_absent(work, tables.invocations, rows)

    def count_flood(self, subject: str, object_id: str, reason: str) -> None:
        """Count a call that was turned away before it cost anything. See `write_floods`.

        Beyond `FLOODS_MAX` senders a minute the rest are counted together: a sender who has many
        addresses must be able to fill neither the trail nor the memory.
        """
        flood = subject, object_id, reason
        if flood not in self._floods and len(self._floods) >= FLOODS_MAX:
            flood = "others", object_id, reason
        self._floods[flood] += 1

    async def write_floods(self) -> None:
        """Write one event for each kind of flood since the last time, with how often it came."""
        floods, self._floods = self._floods, Counter()
        if not floods:
            return
        async with self._database.begin(SYSTEM) as work:
            rows = [
                event_row(work, SYSTEM, f"flood.{reason}", object_id, {"by": subject, "times": n})
                for (subject, object_id, reason), n in floods.items()
            ]
            await work.execute(insert(tables.events), rows)
