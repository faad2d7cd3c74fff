"""Explain what came of payments: what was bought, what went back, what the processor kept."""

from sqlalchemy import select

from core import payments, settling
from core.db.work import Work
from core.explaining.booked import Booked
from core.explaining.explained import Explained, moved, told
from core.kernel.money import Asset, Money
from core.ledger import AccountRole
from core.payments import PaymentRecord
from core.settling import tables

BONUS = ":bonus"
LOSS = ":loss:"


async def explain_payment(work: Work, booked: Booked, cause: str) -> Explained:
    """Compare with what the payment says was paid, and what it was for: credits, or the bonus."""
    payment_id = cause.removesuffix(BONUS)
    record = await _payment(work, payment_id)
    if record is None:
        return _gone("payment", payment_id)
    sale = record.sale
    if cause.endswith(BONUS):
        return Explained(
            origin="payment",
            origin_id=payment_id,
            summary=f"{sale.bonus} given with a payment of {record.received}",
            facts=_sale(record) | {"bonus_credits": sale.bonus.decimal},
            expected=moved(
                work.project_id,
                (AccountRole.PROMOTIONS, sale.bonus),
                (sale.wallet, -sale.bonus),
            ),
        ).but(*_unless_named(record.bonus_transaction_id, booked))
    if sale.invoice_id:
        return Explained(
            origin="payment",
            origin_id=payment_id,
            summary=f"{record.received} came for {sale.invoice_id}",
            facts=_sale(record) | {"invoice_id": sale.invoice_id},
            expected=moved(
                work.project_id,
                (AccountRole.CLEARING, record.received),
                (AccountRole.EXCHANGE, -record.received),
            ),
        ).but(*_unless_named(record.transaction_id, booked))
    return Explained(
        origin="payment",
        origin_id=payment_id,
        summary=f"{sale.credits} bought for {record.received}",
        facts=_sale(record),
        expected=moved(
            work.project_id,
            (AccountRole.CLEARING, record.received),
            (AccountRole.EXCHANGE, -record.received),
            (AccountRole.EXCHANGE, sale.credits),
            (sale.wallet, -sale.credits),
        ),
    ).but(*_unless_named(record.transaction_id, booked))


async def explain_refund(work: Work, booked: Booked, cause: str) -> Explained:
    """Compare with what the refund says was due for it, and how much of that was still there."""
    refund_id = cause.removesuffix(BONUS)
    try:
        refund = await settling.find_refund(work, refund_id)
    except settling.RefundNotFound:
        return _gone("refund", refund_id)
    record = await _payment(work, refund.payment_id)
    if record is None:
        return _gone("refund", refund_id)
    is_bonus, given = cause.endswith(BONUS), refund.amount
    money = [] if is_bonus else [(AccountRole.EXCHANGE, given), (AccountRole.CLEARING, -given)]
    named = refund.bonus_transaction_id if is_bonus else refund.transaction_id
    back = _Back(
        record,
        refund.due.bonus if is_bonus else refund.due.credits,
        refund.taken.bonus if is_bonus else refund.taken.credits,
        is_bonus=is_bonus,
    )
    return Explained(
        origin="refund",
        origin_id=refund_id,
        summary=f"{given} of {record.received} given back; {back.summary}",
        facts=back.facts | {"refunded": given.decimal, "paid": record.received.decimal},
        expected=moved(work.project_id, *money, *back.entries),
    ).but(*_unless_named(named, booked))


async def explain_dispute(work: Work, booked: Booked, cause: str) -> Explained:
    """Compare with what the dispute says was taken back, or what banks kept of the money."""
    dispute_id = cause.removesuffix(BONUS).partition(LOSS)[0]
    try:
        dispute = await settling.find_dispute(work, dispute_id)
    except settling.DisputeNotFound:
        return _gone("dispute", dispute_id)
    record = await _payment(work, dispute.payment_id)
    if record is None:
        return _gone("dispute", dispute_id)
    if LOSS in cause:
        return Explained(
            origin="dispute",
            origin_id=dispute_id,
            summary=f"What banks kept of {dispute.amount} when the dispute was lost",
            facts={"payment_id": record.id, "state": dispute.state},
            differences=("what banks keep is told by them, piece by piece",),
        )
    is_bonus = cause.endswith(BONUS)
    named = dispute.bonus_transaction_id if is_bonus else dispute.transaction_id
    back = _Back(
        record,
        dispute.due.bonus if is_bonus else dispute.due.credits,
        dispute.taken.bonus if is_bonus else dispute.taken.credits,
        is_bonus=is_bonus,
    )
    return Explained(
        origin="dispute",
        origin_id=dispute_id,
        summary=f"A dispute about {dispute.amount} was lost; {back.summary}",
        facts=back.facts | {"disputed": dispute.amount.decimal, "paid": record.received.decimal},
        expected=moved(work.project_id, *back.entries),
    ).but(*_unless_named(named, booked))


class _Back:
    """Credits that went back with money: those still there from the wallet, the rest as lost."""

    def __init__(self, record: PaymentRecord, due: int, taken: int, *, is_bonus: bool) -> None:
        asset, wallet_id = record.sale.credits.asset, record.sale.wallet_id
        source = AccountRole.PROMOTIONS if is_bonus else AccountRole.EXCHANGE
        whole, there = Money(due, asset), Money(taken, asset)
        lost = Money(due - taken, asset)
        self.entries: tuple[tuple[AccountRole | str, Money], ...] = (
            (AccountRole.LOSSES, lost),
            (source, -whole),
        )
        if wallet_id is not None:
            self.entries = ((wallet_id, there), *self.entries)
        self.summary = f"{there} taken of {whole} due"
        self.facts = {
            "payment_id": record.id,
            "credits_due": whole.decimal,
            "credits_taken": there.decimal,
            "credits_lost": lost.decimal,
            "asset": str(asset),
        }


async def explain_processor(work: Work, booked: Booked, external_id: str) -> Explained:
    """Compare with what the processor told of one of its own transactions."""
    m = tables.movements.c
    query = select(tables.movements).where(
        m.project_id == work.project_id, m.external_id == external_id
    )
    row = (await work.execute(query)).first()
    if row is None:
        return _gone("processor", external_id)
    asset = Asset.parse(row.asset)
    amount, fee = Money(row.amount, asset), Money(row.fee, asset)
    facts = told(
        [
            ("payment_id", row.payment_id),
            ("dispute_id", row.dispute_id),
            ("category", row.category),
            ("amount", amount.decimal),
            ("fee", fee.decimal),
            ("asset", str(asset)),
        ]
    )
    entries = [(AccountRole.FEES, fee), (AccountRole.CLEARING, -fee)]
    if row.dispute_id:
        entries += [(AccountRole.CLEARING, amount), (AccountRole.DISPUTED, -amount)]
    elif (crossed := await _crossed(work, booked, row.payment_id, amount)) is not None:
        entries += crossed
    return Explained(
        origin="processor",
        origin_id=external_id,
        summary=f"{row.category} of {amount}, with a fee of {fee}",
        facts=facts,
        expected=moved(work.project_id, *entries),
    ).but(*_unless_named(row.transaction_id, booked))


async def _crossed(
    work: Work, booked: Booked, payment_id: str, amount: Money
) -> list[tuple[AccountRole, Money]] | None:
    """Say what was booked where the processor settles in another currency than was paid in."""
    record = await _payment(work, payment_id)
    other = record.received.asset if record else amount.asset
    if other == amount.asset:
        return None
    # How much of the payment this was about, a charge or a refund, its own entry says.
    paid = next(
        (
            each.amount
            for each in booked.postings
            if each.role is AccountRole.EXCHANGE and each.amount.asset == other
        ),
        Money(0, other),
    )
    gone = -paid
    return [
        (AccountRole.EXCHANGE, gone),
        (AccountRole.CLEARING, -gone),
        (AccountRole.CLEARING, amount),
        (AccountRole.EXCHANGE, -amount),
    ]


async def explain_payout(work: Work, booked: Booked, cause: str) -> Explained:
    """Compare with the processor's transaction that was paid out, or came back."""
    payout_id, _, rest = cause.partition(":")
    external_id = rest.removesuffix(":failed")
    m = tables.movements.c
    query = select(m.net, m.asset).where(
        m.project_id == work.project_id, m.external_id == external_id
    )
    row = (await work.execute(query)).first()
    if row is None:
        return _gone("payout", payout_id)
    is_back = rest != external_id
    net = Money(-row.net if is_back else row.net, Asset.parse(row.asset))
    return Explained(
        origin="payout",
        origin_id=payout_id,
        summary=f"{net} paid out" if not is_back else f"{net} came back from the bank",
        facts={"processor_transaction": external_id, "net": net.decimal, "asset": row.asset},
        expected=moved(work.project_id, (AccountRole.BANK, net), (AccountRole.CLEARING, -net)),
    )


async def _payment(work: Work, payment_id: str) -> PaymentRecord | None:
    try:
        return await payments.find(work, payment_id)
    except payments.PaymentNotFound:
        return None


def _sale(record: PaymentRecord) -> dict[str, str]:
    sale = record.sale
    return told(
        [
            ("payment_id", record.id),
            ("purpose", str(sale.purpose)),
            ("source_id", sale.source_id),
            ("pack_id", sale.pack_id),
            ("quantity", str(sale.quantity)),
            ("credits", sale.credits.decimal),
            ("credits_asset", str(sale.credits.asset)),
            ("paid", record.received.decimal),
            ("asset", str(record.received.asset)),
        ]
    )


def _gone(origin: str, origin_id: str) -> Explained:
    summary = f"{origin.capitalize()} {origin_id}"
    missing = f"there is no such {origin}"
    return Explained(origin=origin, origin_id=origin_id, summary=summary, expected={}).but(missing)


def _unless_named(transaction_id: str | None, booked: Booked) -> tuple[str, ...]:
    """Say what is wrong, unless that is the transaction which what it was booked for names."""
    if transaction_id == booked.id:
        return ()
    return ("what it was booked for does not name this transaction",)
