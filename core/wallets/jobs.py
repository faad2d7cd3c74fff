"""What wallets do later: book what has expired where nobody spends from it."""

from core import clocks, ledger
from core.db.work import Work
from core.jobs import JobContext, job

AT_ONCE = 100
"""Wallets in one unit, which holds the locks of all of them until it is committed."""


@job("expire_credits", outside=True)
async def expire_credits(context: JobContext) -> None:
    """Release the holds and take out the grants that have expired, unit by unit until none is."""
    found = AT_ONCE
    while found == AT_ONCE:
        async with context.begin() as work:
            found = await ledger.expire_due(work, AT_ONCE)


async def _expire(work: Work) -> None:
    await ledger.expire_due(work, AT_ONCE)


FALLS_DUE = clocks.FallsDue("credits", ledger.next_expiry, _expire)
