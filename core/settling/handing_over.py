"""Payouts: the provider hands over what it owes us, all projects' money in one sum.

Each processor transaction of a payout is booked in its own project, from clearing to bank, so that
no transaction of the ledger spans two. What the list comes to is compared with what was paid out.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from core import ledger
from core.db.upsert import upsert
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.ledger import AccountRole, Entry, Transaction
from core.payments import PaymentGateway, Payout, ProcessorTransaction
from core.settling.following import Begin
from core.settling.tables import movements, payouts
from core.settling.taking import open_accounts, operator

KIND = "payout"
FAILED = {"failed", "canceled"}
CHUNK = 200
"""How many are booked in one unit, so that none lasts long."""


async def list_parts(gateway: PaymentGateway, payout: Payout) -> tuple[ProcessorTransaction, ...]:
    """Read what an automatic payout consists of. One made by hand is of nothing in particular.

    Money that an earlier payout failed to bring comes with a later one, as that payout's return; in
    its place stands what that one consisted of.
    """
    if not payout.automatic:
        return ()
    parts: list[ProcessorTransaction] = []
    sought = [payout.id]
    while sought:
        this = sought.pop()
        async for each in gateway.paid_out_by(this):
            if each.kind == "payout_failure" and each.source_id and each.source_id != this:
                sought.append(each.source_id)
            elif each.kind not in {"payout", "payout_failure"}:
                parts.append(each)
    return tuple(parts)


async def follow_payout(
    begin: Begin, payout: Payout, parts: Sequence[ProcessorTransaction]
) -> None:
    """Book what a payout brought to the bank, or take it back because it did not get there."""
    async with begin() as work:
        await _note(work, payout, parts)
    if payout.state in FAILED:
        while await _in_unit(begin, payout, None):
            pass
        return
    names = [each.id for each in parts]
    for start in range(0, len(names), CHUNK):
        await _in_unit(begin, payout, names[start : start + CHUNK])
    async with begin() as work:
        await _note(work, payout, parts)


async def _in_unit(begin: Begin, payout: Payout, names: Sequence[str] | None) -> int:
    async with begin() as work:
        if names is not None and await _has_failed(work, payout):
            return 0
        m = movements.c
        if names is None:
            query = select(movements).where(m.payout_id == payout.id).limit(CHUNK)
        else:
            query = select(movements).where(m.external_id.in_(names), m.payout_id.is_(None))
        rows = (await work.execute(query.order_by(m.project_id).with_for_update())).all()
        if rows:
            await _book(work, payout.id, rows, is_back=names is None)
        return len(rows)


async def _has_failed(work: Work, payout: Payout) -> bool:
    """Tell whether it failed since it was read, and keep it from failing until the unit ends."""
    known = select(payouts.c.state).where(payouts.c.external_id == payout.id)
    return (await work.execute(known.with_for_update())).scalar() in FAILED


async def _book(work: Work, payout_id: str, rows: Sequence[Any], *, is_back: bool) -> None:
    drawn = []
    for row in rows:
        here = work.within(row.project_id)
        if row.net:
            await open_accounts(here, Asset.parse(row.asset))
            drawn.append(_draw(here, payout_id, row, is_back=is_back))
        m = movements.c
        this = m.project_id == row.project_id, m.external_id == row.external_id
        change = update(movements).where(*this)
        await work.execute(change.values(payout_id=None if is_back else payout_id))
    if drawn:
        await ledger.post_each(work, drawn)


def _draw(work: Work, payout_id: str, row: Any, *, is_back: bool) -> Transaction:
    money = Money(-row.net if is_back else row.net, Asset.parse(row.asset))
    entries: tuple[Entry, ...] = (
        operator(work, AccountRole.BANK, money),
        operator(work, AccountRole.CLEARING, -money),
    )
    name = f"{KIND}:{payout_id}:{row.external_id}"
    return Transaction(
        project_id=row.project_id,
        id=work.ids.new("txn"),
        kind=f"{KIND}_failed" if is_back else KIND,
        reference=f"{name}:failed" if is_back else name,
        entries=entries,
        memo=f"Payout {payout_id}",
    )


async def _note(work: Work, payout: Payout, parts: Sequence[ProcessorTransaction]) -> None:
    m = movements.c
    rows = await work.execute(select(m.net).where(m.payout_id == payout.id))
    row = {
        "external_id": payout.id,
        "state": payout.state[:32],
        "asset": str(payout.amount.asset),
        "amount": payout.amount.amount,
        "listed": sum(each.net.amount for each in parts),
        "booked": sum(each.net for each in rows),
        "is_automatic": payout.automatic,
        "failure_code": payout.failure_code,
        "created_at": payout.created_at,
        "arrives_at": payout.arrives_at,
        "seen_at": work.now,
    }
    known = select(payouts.c.state).where(payouts.c.external_id == payout.id)
    state = (await work.execute(known.with_for_update())).scalar()
    if state not in FAILED or payout.state in FAILED:
        # What has failed stays so: a picture of before is older, whenever it comes.
        await upsert(work, payouts, row, key=["external_id"])
