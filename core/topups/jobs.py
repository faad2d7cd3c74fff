"""Look for wallets below their line, every few seconds, beside the hot path and not on it.

A charge writes nothing for this and waits for nothing. The look reads the rules that are on and not
resting, by their own index, a few hundred at a time, with the accounts of each page in one
statement by their keys; it takes no lock and no unit until a wallet is below its line. Hearing of
each charge instead would cost a unit for every charge, of whoever has no auto top-up as well.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from core import clocks, ledger
from core.db.work import Database, Work
from core.jobs import JobContext, LeaseLost, Schedule, job
from core.kernel.caller import SYSTEM
from core.kernel.errors import EngineError
from core.topups import finding, settling
from core.topups.beginning import begin
from core.topups.finding import Place
from core.topups.model import Rule
from core.topups.paying import pay_top_up
from core.topups.settling import Step

WATCH_SECONDS = 5.0
PAGE = 500


logger = logging.getLogger(__name__)
Act = Callable[[Work, str], Awaitable[object]]


@job("watch_wallets", outside=True)
async def watch_wallets(context: JobContext) -> None:
    """Bring open attempts up to their payments, then begin those that are due."""
    for look, act in ((_moved, settling.converge), (_below, begin)):
        place: Place | None = None
        while True:
            found, place = await look(context.database, place)
            for project_id, object_id in found:
                await _do(context, act, project_id, object_id)
            if place is None:
                break


async def _do(context: JobContext, act: Act, project_id: str, object_id: str) -> None:
    """Do it in a unit of its own. What fails for one is no reason to leave the others."""
    try:
        async with context.begin() as work:
            await act(work.within(project_id), object_id)
    except LeaseLost:
        raise
    except Exception:
        logger.exception("auto top-up of %s, project %s, failed", object_id, project_id)


Found = tuple[list[tuple[str, str]], Place | None]
"""What to act on, by project; and where the page ended, None after the last one."""


async def _moved(database: Database, place: Place | None) -> Found:
    """Return the open attempts about whose payment there is news."""
    async with database.read(SYSTEM) as work:
        page = await finding.open_after(work, place, PAGE)
        news = [
            (each.project_id, each.id)
            for each in page
            if await settling.next_step(work.within(each.project_id), each) is not Step.NOTHING
        ]
    end = (page[-1].project_id, page[-1].wallet_id) if len(page) == PAGE else None
    return news, end


async def _below(database: Database, place: Place | None) -> Found:
    """Return which wallets are below their line, of those that may be topped up now."""
    async with database.read(SYSTEM) as work:
        rules = await finding.rules_after(work, place, PAGE)
        low = await _low(work, [each for each in rules if each.project_id not in work.own_times])
        for rule in rules:
            here = work.within(rule.project_id)
            if here.own_time is not None and rule.is_due(here.now):
                low += await _low(here, [rule])
    end = (rules[-1].project_id, rules[-1].wallet_id) if len(rules) == PAGE else None
    return low, end


async def _low(work: Work, rules: Sequence[Rule]) -> list[tuple[str, str]]:
    """Return those whose wallet is below its line, of rules that go by one time."""
    accounts = [ledger.wallet_account(each.wallet_id) for each in rules]
    asked = [
        (work.within(rule.project_id), [account])
        for rule, account in zip(rules, accounts, strict=True)
    ]
    # The step that reads balances takes many calls at once, whatever projects they are of.
    held = await ledger.STAND.run(asked) if asked else []
    return [
        (rule.project_id, rule.wallet_id)
        for rule, account, found in zip(rules, accounts, held, strict=True)
        if not isinstance(found, EngineError) and found[account].available < rule.threshold.amount
    ]


async def _next_at(work: Work) -> datetime | None:
    """Return now where a wallet of the project is to be topped up, or when the first has rested."""
    rules = await finding.rules_after(work, None, PAGE)
    if await _low(work, [each for each in rules if each.is_due(work.now)]):
        return work.now
    rests = [each.rests_until for each in rules if each.rests_until and not each.is_due(work.now)]
    return min(rests, default=None)


async def _begin_low(work: Work) -> None:
    rules = await finding.rules_after(work, None, PAGE)
    for _, wallet_id in await _low(work, [each for each in rules if each.is_due(work.now)]):
        await begin(work, wallet_id)


FALLS_DUE = clocks.FallsDue("top-ups", _next_at, _begin_low)
JOBS = (pay_top_up,)
SCHEDULES = (Schedule(watch_wallets, every_seconds=WATCH_SECONDS),)
