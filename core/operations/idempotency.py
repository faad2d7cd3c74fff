"""Do it once: the same key from the same caller gives the first result again.

The key is claimed before anything else in the unit, so that of two calls with one key the second
waits for the first and then finds its result. Only successes are kept: a refused call rolls its
claim back, and may be tried again with the same key once the reason is gone.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from core import audit
from core.db.schema import PLATFORM
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.operations.errors import IdempotencyKeyReused
from core.operations.operation import Operation
from core.operations.tables import idempotency_keys as keys

KEPT_DAYS = 35


async def claim(
    work: Work, operation: Operation[Any, Any], key: str, arguments: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Claim the key for this unit, or return the result that it stands for."""
    sent = audit.digest_of({"operation": operation.name, "arguments": dict(arguments)})
    row = {
        "project_id": work.found_project_id or PLATFORM,
        "subject": work.caller.subject[:160],
        "key": key,
        "operation": operation.name,
        "request_hash": sent,
        "created_at": work.now,
    }
    if await insert_if_absent(work, keys, row):
        return None
    query = select(keys.c.request_hash, keys.c.result).where(*_this(work, key))
    first = (await work.execute(query)).one()
    if first.request_hash != sent:
        raise IdempotencyKeyReused(operation.name)
    result: dict[str, Any] = first.result
    return result


async def keep(work: Work, key: str, body: Mapping[str, Any]) -> None:
    """Store the result of a claimed key. Secrets must have been left out of it."""
    await work.execute(update(keys).where(*_this(work, key)).values(result=dict(body)))


async def forget_old(work: Work) -> int:
    """Delete keys older than the window; return how many."""
    too_old = keys.c.created_at < work.now - timedelta(days=KEPT_DAYS)
    return int((await work.execute(delete(keys).where(too_old))).rowcount)


def _this(work: Work, key: str) -> tuple[Any, ...]:
    return (
        keys.c.project_id == (work.found_project_id or PLATFORM),
        keys.c.subject == work.caller.subject[:160],
        keys.c.key == key,
    )
