"""Follow a dispute: credits are frozen while it is open, given back when won, taken when lost.

Only its status decides. The names of events do not, and what they say may be old; what banks took
and gave back is booked by the processor's own transactions, whatever the outcome.
"""

from typing import Any

from sqlalchemy import func, select, update

from core import ledger, payments
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.ledger import AccountRole, Entry, Transaction
from core.payments import PaymentRecord
from core.settling import events, finding, standing
from core.settling.model import (
    FINAL,
    Dispute,
    Share,
    dispute_state_after,
    is_inquiry,
    is_open,
    named_after,
)
from core.settling.moving import Cause, book_movement
from core.settling.refunding import booked
from core.settling.tables import disputes, movements
from core.settling.taking import freeze, operator, take_back, unfreeze

KIND = "dispute"
LOSS = "dispute_loss"


async def converge(work: Work, payment_id: str, seen: payments.Dispute) -> Dispute:
    """Bring our dispute up to the provider's: its money, its state, and the credits it is about."""
    now = await standing.lock(work, payment_id)
    known = next((each for each in now.disputes if each.external_id == seen.id), None)
    before = known or await _begin(work, now.record, seen)
    state = dispute_state_after(before.state, seen.state)
    for each in seen.processor_transactions:
        await book_movement(work, each, Cause(payment_id=payment_id, dispute_id=before.id))
    values: dict[str, Any] = {"seen_at": work.now, "state": state}
    if seen.evidence_due_at:
        values["evidence_due_at"] = seen.evidence_due_at
    values |= await _about_credits(work, now, before, state)
    if state == payments.DisputeState.LOST:
        values["written_off"] = await _write_off(work, before)
    if state in FINAL and before.closed_at is None:
        values["closed_at"] = work.now
    after = await _change(work, before, values)
    if known is None or after.state != before.state:
        await standing.note(work, payment_id)
        work.record(after.state, after.id)
        await _tell(work, after, is_new=known is None)
    return after


async def _about_credits(
    work: Work, now: standing.Standing, before: Dispute, state: str
) -> dict[str, Any]:
    """Freeze, give back, or take the credits that the disputed money bought."""
    record = now.record
    values: dict[str, Any] = {}
    if is_open(state):
        if before.hold_id is None:
            held = await _freeze(work, now, before)
            values = {"hold_id": held and held.id, "frozen": held.amount if held else 0}
    elif before.hold_id and before.frozen:
        # In this same unit, so that nobody else can spend what is about to be taken.
        await unfreeze(work, record, before.hold_id)
        values["frozen"] = 0
    if state == payments.DisputeState.LOST:
        values |= await _take(work, now, before)
    return values


async def _take(work: Work, now: standing.Standing, before: Dispute) -> dict[str, Any]:
    """Take what is due for a dispute that is lost, and is not taken yet.

    More may become due later: when a refund of the same payment, whose credits were taken before,
    fails after all. Nothing is due twice, because what was due until now is counted.
    """
    more = now.due(0 if before.is_lost else before.amount.amount)
    if more == Share():
        return {}
    until_now = before.due.credits + before.due.bonus
    reference = f"{before.reference}:{until_now}" if until_now else before.reference
    back = await take_back(work, now.record, more, (), kind=KIND, reference=reference)
    values, due, taken = booked(back), before.due + back.due, before.taken + back.taken
    return values | {
        "credits_due": due.credits,
        "bonus_due": due.bonus,
        "credits_taken": taken.credits,
        "bonus_taken": taken.bonus,
        "transaction_id": before.transaction_id or back.transaction_id,
        "bonus_transaction_id": before.bonus_transaction_id or back.bonus_transaction_id,
    }


async def revise(work: Work, payment_id: str) -> None:
    """Decide anew about disputed credits, because a refund that had taken some gave them back.

    What the bank took is gone whatever became of the refund: its credits are frozen while that is
    open, and taken when it is lost.
    """
    for dispute_id in [each.id for each in (await standing.lock(work, payment_id)).disputes]:
        now = await standing.lock(work, payment_id)
        before = next(each for each in now.disputes if each.id == dispute_id)
        values: dict[str, Any] = {}
        if before.is_lost:
            values = await _take(work, now, before)
        elif is_open(before.state):
            if before.hold_id and before.frozen:
                await unfreeze(work, now.record, before.hold_id)
            held = await _freeze(work, now, before)
            values = {"hold_id": held and held.id, "frozen": held.amount if held else 0}
        if values:
            await _change(work, before, values)


async def _freeze(work: Work, now: standing.Standing, this: Dispute) -> ledger.Hold | None:
    memo = f"Frozen: dispute {this.id}"
    return await freeze(work, now.record, now.due(this.amount.amount), memo)


async def _begin(work: Work, record: PaymentRecord, seen: payments.Dispute) -> Dispute:
    row = {
        "project_id": work.project_id,
        "id": named_after("dsp", seen.created_at, work.project_id, seen.id),
        "payment_id": record.id,
        "external_id": seen.id,
        "asset": str(seen.amount.asset),
        "amount": seen.amount.amount,
        # Of what it was before we were told nothing is known; where it stands follows.
        "state": "new",
        "reason": seen.reason[:64],
        "evidence_due_at": seen.evidence_due_at,
        "created_at": seen.created_at,
        "seen_at": work.now,
        **dict.fromkeys(("credits_due", "bonus_due", "credits_taken", "bonus_taken"), 0),
        "frozen": 0,
        "written_off": 0,
    }
    await insert_if_absent(work, disputes, row)
    return await finding.find_dispute(work, str(row["id"]))


async def _write_off(work: Work, dispute: Dispute) -> int:
    """Book as given back what banks took and kept; return how much that is by now, in all."""
    m = movements.c
    query = (
        select(m.asset, func.sum(m.amount).label("total"), func.count().label("parts"))
        .where(m.project_id == work.project_id, m.dispute_id == dispute.id)
        .group_by(m.asset)
    )
    # A provider settles one dispute in one currency.
    row = (await work.execute(query)).first()
    if row is None:
        return dispute.written_off
    asset, total, count = row.asset, row.total, row.parts
    gone = -int(total)
    money = Money(gone - dispute.written_off, Asset.parse(asset))
    if money.amount:
        entries: tuple[Entry, ...] = (
            operator(work, AccountRole.EXCHANGE, money),
            operator(work, AccountRole.DISPUTED, -money),
        )
        transaction = Transaction(
            project_id=work.project_id,
            id=work.ids.new("txn"),
            kind=LOSS,
            reference=f"{dispute.reference}:loss:{count}",
            entries=entries,
            memo=f"Dispute {dispute.id} is lost",
        )
        await ledger.post(work, transaction)
    return gone


async def _change(work: Work, dispute: Dispute, values: dict[str, Any]) -> Dispute:
    d = disputes.c
    this = update(disputes).where(d.project_id == work.project_id, d.id == dispute.id)
    await work.execute(this.values(values))
    return await finding.find_dispute(work, dispute.id)


async def _tell(work: Work, dispute: Dispute, *, is_new: bool) -> None:
    if is_new:
        opened = "inquired" if is_inquiry(dispute.state) else "opened"
        await events.tell_dispute(work, f"dispute.{opened}", dispute)
    if dispute.state in FINAL:
        await events.tell_dispute(work, "dispute.closed", dispute)
    elif not is_new:
        await events.tell_dispute(work, "dispute.updated", dispute)
