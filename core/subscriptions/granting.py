"""The credits that a plan includes: granted once for each bill that is paid, and rolled over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_, update

from core import catalog, dues, ledger, statements, wallets
from core.db.together import Order, Step
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.dues import Billed
from core.kernel.money import Asset, Money
from core.lifecycles import Subscription
from core.subscriptions import tables

SOURCE = "subscription"
PRIORITY = 95
"""Spent before what was bought, which lasts; and after what was given away."""
ROLLED_PRIORITY = 94
"""What was left of the period before goes first."""
INCLUDED, ROLLED = "included", "rolled"


async def grant(work: Work, of: Subscription, billed: Billed) -> None:
    """Grant what a paid bill brings, once for ever.

    Paid late, they last as long as they would have. Of a period that cost nothing and is over,
    nobody missed them.
    """
    if billed.credits is None:
        return
    until = billed.credits_until
    if until is not None and until <= work.now:
        if billed.total.amount <= 0:
            return
        until = work.now + (until - billed.period_start_at)
    version = await catalog.version_by_id(work, of.choice.version_id)
    included = version.included
    most = included.rollover_max if included else None
    await _grant(
        work,
        of,
        Given(
            kind=INCLUDED,
            bill_id=billed.id,
            cause=f"credits:{billed.id}",
            amount=billed.credits,
            expires_at=until,
            rollover_max=most.amount if most and most.asset == billed.credits.asset else 0,
        ),
    )


async def roll_over(work: Work, of: Subscription) -> None:
    """Give again what may be kept of the credits that have expired, until this period ends.

    Of all that expired since it was last looked no more than the cap. After a downtime it is done
    for the period that goes on now, and not for those that were missed.
    """
    if of.period_end_at <= work.now:
        return
    by_wallet: dict[tuple[str, str], list[Any]] = {}
    for row in await _expired(work, of):
        by_wallet.setdefault((row.wallet_id, row.asset), []).append(row)
    for (wallet_id, asset), rows in sorted(by_wallet.items()):
        account = ledger.wallet_account(wallet_id)
        # Only what is posted as expired is known to be left, and was not spent after all.
        await ledger.post_each(work, [ledger.Expire(work.project_id, account)])
        left = sum([await _unused(work, row.transaction_id) for row in rows])
        newest = rows[-1]
        amount = Money(min(left, newest.rollover_max), Asset.parse(asset))
        await _looked_at(work, of, rows)
        if amount.amount:
            given = Given(
                kind=ROLLED,
                bill_id=newest.bill_id,
                cause=f"rolled:{newest.transaction_id}",
                amount=amount,
                expires_at=of.period_end_at,
                rollover_max=newest.rollover_max,
            )
            await _grant(work, of, given, wallet_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    kind: str
    bill_id: str
    cause: str
    """Names the transaction, which is booked once for ever."""
    amount: Money
    expires_at: datetime | None
    rollover_max: int


async def _grant(work: Work, of: Subscription, given: Given, wallet_id: str | None = None) -> None:
    rolled = given.kind == ROLLED
    wallet_id = wallet_id or await _wallet(work, of, given.amount.asset)
    flow = ledger.flows.ROLLOVER if rolled else ledger.flows.GRANT
    priority = ROLLED_PRIORITY if rolled else PRIORITY
    terms = ledger.Terms(SOURCE, priority, given.expires_at or ledger.NEVER)
    drawn = flow.draw(
        work,
        given.amount,
        reference=f"subscription:{given.cause}",
        target=wallet_id,
        memo=f"Plan {of.choice.plan_key}",
        terms=terms,
    )
    transaction_id = await wallets.deposit(work, drawn, wallet_id, given.amount)
    row = {
        "project_id": work.project_id,
        "subscription_id": of.id,
        "transaction_id": transaction_id,
        "bill_id": given.bill_id,
        "kind": given.kind,
        "wallet_id": wallet_id,
        "asset": str(given.amount.asset),
        "amount": given.amount.amount,
        "expires_at": given.expires_at,
        "rollover_max": given.rollover_max,
        "granted_at": work.now,
    }
    await insert_if_absent(work, tables.credits, row)


async def _wallet(work: Work, of: Subscription, asset: Asset) -> str:
    """Return the subscription's own wallet, or the project's where that holds something else."""
    if of.wallet_id is not None:
        wallet = await wallets.find(work, of.wallet_id)
        if wallet.asset == asset:
            return wallet.id
    return (await wallets.default_wallet(work, asset)).id


async def _expired(work: Work, of: Subscription) -> list[Any]:
    return await work.together(EXPIRED, of.id)


async def _find_expired(items: Sequence[tuple[Work, str]]) -> list[list[Any]]:
    """Find credits that have expired and may roll over, the longest expired first."""
    c, work = tables.credits.c, items[0][0]
    wanted = {(own.project_id, of_id) for own, of_id in items}
    query = select(tables.credits).where(
        tuple_(c.project_id, c.subscription_id).in_(sorted(wanted)),
        c.expires_at <= max(own.now for own, _ in items),
        c.rolled_at.is_(None),
        c.rollover_max > 0,
    )
    found: dict[tuple[str, str], list[Any]] = {}
    for row in await work.execute(query.order_by(c.expires_at, c.transaction_id)):
        found.setdefault((row.project_id, row.subscription_id), []).append(row)
    return [
        [row for row in found.get((own.project_id, of_id), []) if row.expires_at <= own.now]
        for own, of_id in items
    ]


EXPIRED: Step[str, list[Any]] = Step(Order.LOOK + 13, _find_expired)


async def _unused(work: Work, transaction_id: str) -> int:
    """Return how much of what a transaction granted has expired and was posted as such."""
    gone = statements.taken("breakage").c
    # The reference of a grant's breakage names it; no other lies between these two.
    named = f"breakage:{ledger.lot_id(transaction_id, 0)}"
    query = select(func.coalesce(func.sum(gone.amount), 0)).where(
        gone.project_id == work.project_id,
        gone.reference > f"{named}:",
        gone.reference < f"{named};",
    )
    return int((await work.execute(query)).scalar_one())


async def _looked_at(work: Work, of: Subscription, rows: Sequence[Any]) -> None:
    c = tables.credits.c
    these = c.transaction_id.in_([row.transaction_id for row in rows])
    mine = c.project_id == work.project_id, c.subscription_id == of.id, these
    await work.execute(update(tables.credits).where(*mine).values(rolled_at=work.now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Credits that a subscription brought, for whoever explains the transaction that did."""

    subscription_id: str
    bill_id: str
    kind: str
    wallet_id: str
    amount: Money
    expires_at: datetime | None
    billed: Money | None
    """What its bill says."""


async def granted(work: Work, transaction_id: str) -> Granted | None:
    """Return what a transaction of the unit's project granted, if a subscription did."""
    c = tables.credits.c
    this = c.project_id == work.project_id, c.transaction_id == transaction_id
    row = (await work.execute(select(tables.credits).where(*this))).first()
    if row is None:
        return None
    billed = (await dues.find(work, row.bill_id)).credits
    return Granted(
        subscription_id=row.subscription_id,
        bill_id=row.bill_id,
        kind=row.kind,
        wallet_id=row.wallet_id,
        amount=Money(row.amount, Asset.parse(row.asset)),
        expires_at=row.expires_at,
        billed=billed,
    )
