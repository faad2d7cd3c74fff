"""Be the only one who does something, and be stopped when that is no longer true.

A lease is a name, its holder, an instant until which nobody else may take it, and a token that
grows with every holder. Clocks decide only when a lease may be taken over; whether a write counts
is decided by the token, so a holder that was stalled, or whose clock is wrong, does no harm.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from core.db.upsert import insert_for
from core.db.work import Work
from core.jobs import tables
from core.jobs.errors import LeaseLost


@dataclass(frozen=True, slots=True)
class Lease:
    name: str
    holder: str
    token: int
    until: datetime


async def acquire(work: Work, name: str, *, holder: str, seconds: float) -> Lease | None:
    """Take the lease if it was never taken, was released, or has run out; otherwise None."""
    until = work.real_now + timedelta(seconds=seconds)
    leases = tables.leases.c
    first = insert_for(work, tables.leases).values(
        name=name, holder=holder, token=1, lease_until=until
    )
    # One statement: of two who see it free, the second waits for the first and then does not.
    taken = first.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "token": leases.token + 1, "lease_until": until},
        where=leases.lease_until <= work.real_now,
    ).returning(leases.token)
    token = (await work.execute(taken)).scalar()
    return None if token is None else Lease(name, holder, token, until)


async def renew(work: Work, lease: Lease, *, seconds: float) -> Lease:
    """Hold it longer. Raises LeaseLost when another took it, even if it is free again."""
    until = work.real_now + timedelta(seconds=seconds)
    change = update(tables.leases).where(*_mine(lease)).values(lease_until=until)
    if (await work.execute(change)).rowcount != 1:
        raise LeaseLost
    return replace(lease, until=until)


async def release(work: Work, lease: Lease) -> None:
    """Let the next one take it at once. Nothing happens when it was lost before."""
    change = update(tables.leases).where(*_mine(lease)).values(lease_until=work.real_now)
    await work.execute(change)


async def require(work: Work, lease: Lease) -> None:
    """Let this unit commit only while the lease is ours: the fence for everything it writes.

    The row stays locked until the unit ends, so nobody can take the lease between here and the
    commit. The lock is shared, so that one holder may write in several units at once.
    """
    query = select(tables.leases.c.token).where(*_mine(lease)).with_for_update(read=True)
    if (await work.execute(query)).scalar() is None:
        raise LeaseLost


def _mine(lease: Lease) -> tuple[Any, ...]:
    return tables.leases.c.name == lease.name, tables.leases.c.token == lease.token
