"""Charges in process: batches of `ledger.post_each`, each in a unit of work of its own."""

import asyncio
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
MEMO = "Tokens"
_numbers = count(1)


async def charges(database: Database, project_id: str, wallets: int) -> Measure:
    """Open and fill so many wallets, and return what charges them in turn."""
    return charging(database, project_id, await open_wallets(database, project_id, wallets))


def side_by_side(measures: Sequence[Measure]) -> Measure:
    """Return what does all of these at once, in one process, and adds them up."""

    async def together(seconds: float) -> Sample:
        samples = await asyncio.gather(*(measure(seconds) for measure in measures))
        whole = Sample()
        for each in samples:
            whole.count += each.count
            whole.latencies += each.latencies
            whole.errors += each.errors
            whole.problem = whole.problem or each.problem
        whole.seconds = max(each.seconds for each in samples)
        return whole

    return together


def charging(database: Database, project_id: str, wallets: Sequence[str]) -> Measure:
    """Return what charges these wallets in turn."""
    turns = cycle(wallets)

    async def once(sample: Sample) -> int:
        accepted = await charge(database, project_id, list(islice(turns, BATCH)))
        if accepted < BATCH:
            sample.fail(f"{BATCH - accepted} of a batch were not accepted")
        return accepted

    return lambda seconds: repeat(seconds, once)


async def charge(database: Database, project_id: str, wallets: Sequence[str]) -> int:
    """Charge each of these wallets once, in one unit of work; return how many were accepted."""
    async with database.begin(SYSTEM) as unit:
        work = unit.within(project_id)
        outcomes = await ledger.post_each(work, [_charge(work, each) for each in wallets])
    return sum(isinstance(each, ledger.Accepted) for each in outcomes)


def _charge(work: Work, wallet: str) -> ledger.Transaction:
    reference = f"bench:charged-{next(_numbers):012}"
    return ledger.flows.CHARGE.draw(work, PRICE, source=wallet, reference=reference, memo=MEMO)


async def open_wallets(database: Database, project_id: str, wallets: int) -> Sequence[str]:
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
