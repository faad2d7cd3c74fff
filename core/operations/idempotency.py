"""Do it once: the same key from the same caller gives the first result again.

In a unit of its own a call claims its key before anything else, so that of two calls with one key
the second waits for the first and then finds its result. In a shared unit, which a refused call
must leave without a trace, the key is looked up first and written last; whoever finds it taken
then runs again, and finds it the first time. Only successes are kept: a refused call may be tried
again with the same key once the reason is gone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from core import audit
from core.db.schema import PLATFORM
from core.db.sets import claim_rows, find_rows
from core.db.together import Order, Step
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.errors import EngineError
from core.operations.errors import IdempotencyKeyReused
from core.operations.operation import Operation
from core.operations.tables import idempotency_keys as keys

KEPT_DAYS = 35
NAMED = ("project_id", "subject", "key")


async def claim(
    work: Work, operation: Operation[Any, Any], key: str, arguments: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Claim the key for this unit, or return the result that it stands for."""
    sent = hash_of(operation, arguments)
    row = {
        **dict(zip(NAMED, (*_place(work), key), strict=True)),
        "operation": operation.name,
        "request_hash": sent,
        "created_at": work.real_now,
    }
    if await insert_if_absent(work, keys, row):
        return None
    query = select(keys.c.request_hash, keys.c.result).where(*_this(work, key))
    first = (await work.execute(query)).one()
    if first.request_hash != sent:
        raise IdempotencyKeyReused(operation.name)
    result: dict[str, Any] = first.result
    return result


def hash_of(operation: Operation[Any, Any], arguments: Mapping[str, Any]) -> bytes:
    """Equal requests have equal hashes."""
    return audit.digest_of({"operation": operation.name, "arguments": arguments})


@dataclass(frozen=True, slots=True)
class Use:
    """One call's use of its key, and its result once it has one."""

    operation: Operation[Any, Any]
    key: str
    request_hash: bytes
    result: Mapping[str, Any] | None = None


async def _find(
    items: Sequence[tuple[Work, Use]],
) -> list[dict[str, Any] | EngineError | None]:
    wanted = [(*_place(work), use.key) for work, use in items]
    names = (*NAMED, "request_hash", "result")
    rows = await find_rows(items[0][0], keys, NAMED, wanted, names)
    found = {row[:3]: row[3:] for row in rows}
    return [_first(use, found.get(place)) for (_, use), place in zip(items, wanted, strict=True)]


def _first(use: Use, found: tuple[Any, ...] | None) -> dict[str, Any] | EngineError | None:
    if found is None:
        return None
    request_hash, result = found
    first: dict[str, Any] = result
    return first if request_hash == use.request_hash else IdempotencyKeyReused(use.operation.name)


async def _keep(items: Sequence[tuple[Work, Use]]) -> list[None]:
    rows = sorted(
        (
            (
                *_place(work),
                use.key,
                use.operation.name,
                use.request_hash,
                work.real_now,
                use.result,
            )
            for work, use in items
        ),
        key=lambda row: row[:3],
    )
    names = (*NAMED, "operation", "request_hash", "created_at", "result")
    await claim_rows(items[0][0], keys, names, rows)
    return [None] * len(items)


FIND: Step[Use, dict[str, Any] | None] = Step(Order.KEY, _find)
"""Return the result that the key stands for, or None."""
KEEP: Step[Use, None] = Step(Order.KEEP, _keep)
"""Store the result under the key. Secrets must have been left out of it."""


async def keep(work: Work, key: str, body: Mapping[str, Any]) -> None:
    """Store the result of a claimed key. Secrets must have been left out of it."""
    await work.execute(update(keys).where(*_this(work, key)).values(result=dict(body)))


async def forget_old(work: Work) -> int:
    """Delete keys older than the window; return how many."""
    too_old = keys.c.created_at < work.real_now - timedelta(days=KEPT_DAYS)
    return int((await work.execute(delete(keys).where(too_old))).rowcount)


def _place(work: Work) -> tuple[str, str]:
    """Return whose keys these are: a project's, or the platform's, and one caller's of them."""
    return work.found_project_id or PLATFORM, work.caller.subject[:160]


def _this(work: Work, key: str) -> tuple[Any, ...]:
    project_id, subject = _place(work)
    return keys.c.project_id == project_id, keys.c.subject == subject, keys.c.key == key
