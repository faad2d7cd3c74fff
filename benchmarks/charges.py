"""Charges in process: batches of `ledger.post_each`, each in a unit of work of its own."""

from collections.abc import Sequence
from itertools import count, cycle, islice

from benchmarks.sample import Measure, Sample, repeat
from core import ledger
from core.db.work import Database, Work
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset, Money

BATCH = 200
CREDIT = Asset.parse("CREDIT/6")
PLENTY = Money(10**15, CREDIT)
PRICE = Money(1_000, CREDIT)
_numbers = count(1)


async def charges(database: Database, project_id: str, wallets: int) -> Measure:
    """Open and fill so many wallets, and return what charges them in turn."""
    ids = await _open(database, project_id, wallets)
    turns = cycle(ids)

    async def once(sample: Sample) -> int:
        async with database.begin(SYSTEM) as unit:
            work = unit.within(project_id)
            proposals = [_charge(work, each) for each in islice(turns, BATCH)]
            outcomes = await ledger.post_each(work, proposals)
        accepted = sum(isinstance(each, ledger.Accepted) for each in outcomes)
        if accepted < BATCH:
            sample.fail(f"{BATCH - accepted} of a batch were not accepted")
        return accepted

    return lambda seconds: repeat(seconds, once)


def _charge(work: Work, wallet: str) -> ledger.Transaction:
    return ledger.flows.CHARGE.draw(
        work, PRICE, source=wallet, reference=f"charge:{next(_numbers)}"
    )


async def _open(database: Database, project_id: str, wallets: int) -> Sequence[str]:
    async with database.begin(SYSTEM) as unit:
        work = unit.within(project_id)
        ids = [work.ids.new("wal") for _ in range(wallets)]
        for each in ids:
            await ledger.open_wallet_account(work, each, CREDIT, floor=0)
        grants = [
            ledger.flows.GRANT.draw(work, PLENTY, target=each, reference=f"grant:{each}")
            for each in ids
        ]
        await ledger.post(work, *grants)
    return ids
