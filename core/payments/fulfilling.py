"""Fulfil: give the customer what was paid for, exactly once, whoever tells of the payment first.

A webhook, a page that polls, and reconciliation all come here. The payment's row is locked, and
only who finds it not yet succeeded books it; the ledger refuses a second booking under the same
reference besides. Money is created nowhere else because somebody paid.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from core import ledger, wallets
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.payments import events, tables
from core.payments.missing import PaidInAnotherCurrency
from core.payments.provided import Checkout, PaidState, Payment, PaymentState
from core.payments.records import PAID, Failure, PaymentRecord, Purpose, Status, find

KIND = "purchase"
SHORT = "underpayment"
"""Money that came and is not enough: it is booked, and waits for somebody to decide."""
COLLECTED = "collected"
"""Money that came for an invoice. Whoever invoices takes it from here to what is owed."""
BONUS = "bonus"
BONUS_PRIORITY = 90
"""Spent before what was paid for, so that more of that is left to be refunded."""
NOT_ARRIVED = Failure(reason="The payment did not arrive.", provider_code="payment_failed")
"""Of a method that takes days, when the provider says no more than that."""
NOTHING_CAME = Failure(
    reason="The payment provider says that it is paid, and that nothing was.",
    provider_code="underpaid",
)
STATUS_OF = {
    PaymentState.SUCCEEDED: Status.SUCCEEDED,
    PaymentState.PROCESSING: Status.PENDING,
    PaymentState.NEEDS_CAPTURE: Status.PENDING,
    PaymentState.CANCELED: Status.CANCELED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the provider says of a payment now. None and EXPECTED are no news."""

    status: Status
    received: Money | None = None
    discount: Money | None = None
    """What the provider took off for a promotion of its own; None where it has not said."""
    failure: Failure | None = None
    external_id: str | None = None
    charge_id: str | None = None
    method_id: str | None = None
    customer_id: str | None = None

    @classmethod
    def of_payment(cls, seen: Payment) -> "Told":
        """Read a payment as the provider has it now."""
        status = STATUS_OF.get(PaymentState(seen.state)) if seen.state in _KNOWN else None
        failure = None
        if seen.decline and seen.state == PaymentState.NEEDS_METHOD:
            status, decline = Status.FAILED, seen.decline
            failure = Failure(
                reason=decline.reason,
                provider_code=decline.provider_code,
                decline_code=decline.decline_code,
            )
        return cls(
            status=status or Status.EXPECTED,
            received=seen.received,
            failure=failure,
            external_id=seen.id,
            charge_id=seen.charge_id,
            method_id=seen.method_id,
            customer_id=seen.customer_id,
        )

    @classmethod
    def failed(cls, seen: Payment, why: Failure) -> "Told":
        """Read a payment that is over, though the provider does not say why."""
        return replace(cls.of_payment(seen), status=Status.FAILED, failure=why)

    @classmethod
    def of_checkout(cls, seen: Checkout) -> "Told":
        """Read a finished checkout without its payment: nothing was due, or it cannot be read."""
        received = Money(0, seen.total.asset) if seen.total else None
        if seen.paid == PaidState.PAID:
            received = seen.total
        paid = seen.paid in {PaidState.PAID, PaidState.NOTHING_DUE}
        return cls(
            status=Status.SUCCEEDED if paid else Status.PENDING,
            received=received,
            discount=seen.discount,
            external_id=seen.payment_id,
            customer_id=seen.customer_id,
        )

    def canceled(self) -> "Told":
        """Tell the same of a payment that nobody can make any more."""
        return replace(self, status=Status.CANCELED)


_KNOWN = frozenset(PaymentState)


def progressed(now: Status, told: Status) -> Status:
    """Return the status that follows. What succeeded stays so, and no news changes nothing.

    A payment we gave up can still turn out to be paid: the money is there, so it is.
    """
    if now in PAID or told is Status.EXPECTED:
        return now
    if now is Status.CANCELED and told is not Status.SUCCEEDED:
        return now
    return told


async def fulfil(work: Work, payment_id: str, told: Told) -> PaymentRecord:
    """Write down what the provider tells of a payment; what is paid is booked and credited, once.

    The unit may be anybody's: it must be about the payment's project, and acts for the engine.
    """
    record = await find(work, payment_id, lock=True)
    status, failure = _weighed(record, told)
    status = progressed(record.status, status)
    values: dict[str, Any] = {"seen_at": work.now} | {
        name: value
        for name in ("external_id", "charge_id", "method_id", "customer_id")
        if (value := getattr(told, name)) is not None
    }
    if status is not record.status:
        values |= {"status": str(status), "failure": failure and failure.as_json()}
        if status is Status.SUCCEEDED:
            is_owed = record.sale.purpose is Purpose.INVOICE
            values |= await (_book_owed if is_owed else _book)(work, record, told.received)
        elif status is Status.UNDERPAID:
            values |= await _book_short(work, record, told.received)
        elif status is Status.CANCELED:
            values["closed_at"] = work.now
    elif status is Status.FAILED and failure:
        values["failure"] = failure.as_json()
    p = tables.payments.c
    this = update(tables.payments).where(p.project_id == work.project_id, p.id == payment_id)
    await work.execute(this.values(values))
    after = await find(work, payment_id)
    if status is not record.status:
        work.record(str(status), payment_id)
        await events.tell_payment(work, after)
    return after


def _weighed(record: PaymentRecord, told: Told) -> tuple[Status, Failure | None]:
    """Weigh what came against what was asked for, and say what follows.

    A promotion of the provider's own is no shortage. The payment alone does not tell of one: what
    was bought on a page waits, if it is short, until the page is read.
    """
    price = record.sale.price
    paid = told.received or Money(0, price.asset)
    if told.status is not Status.SUCCEEDED or paid.asset != price.asset:
        return told.status, told.failure
    short = price.amount - paid.amount
    if short <= 0:
        return told.status, told.failure
    if told.discount is None and record.sale.purpose is Purpose.PACK:
        return Status.PENDING, told.failure
    if told.discount and told.discount.asset == price.asset and told.discount.amount >= short:
        return told.status, told.failure
    return (Status.UNDERPAID, told.failure) if paid.amount else (Status.FAILED, NOTHING_CAME)


async def _book_short(work: Work, record: PaymentRecord, received: Money | None) -> dict[str, Any]:
    """Post the money that came, and nothing for it."""
    assert received, "nothing that came is no payment"
    booked = await _book_money(work, record, received, kind=SHORT)
    # In the table it is paid, since this instant and too little.
    return booked | {"status": str(Status.SUCCEEDED), "underpaid_at": work.now}


async def _book_owed(work: Work, record: PaymentRecord, received: Money | None) -> dict[str, Any]:
    """Post the money that came for an invoice. What it settles is decided by whoever invoices."""
    assert received, "an invoice is for more than nothing"
    _require_currency(record, received)
    return await _book_money(work, record, received, kind=COLLECTED)


async def _book_money(
    work: Work, record: PaymentRecord, received: Money, *, kind: str
) -> dict[str, Any]:
    await ledger.open_operator_accounts(work, received.asset)
    roles = (ledger.AccountRole.CLEARING, received), (ledger.AccountRole.EXCHANGE, -received)
    what = "less than its price" if kind == SHORT else f"of {record.sale.invoice_id}"
    transaction = ledger.Transaction(
        project_id=work.project_id,
        id=work.ids.new("txn"),
        kind=kind,
        reference=record.reference,
        entries=tuple(
            ledger.Entry(ledger.operator_account(work.project_id, role, money.asset), money)
            for role, money in roles
        ),
        memo=f"Payment {record.id}: {what}",
        invocation_id=record.invocation_id,
    )
    await ledger.post(work, transaction)
    return {
        "received": received.amount,
        "succeeded_at": work.now,
        "closed_at": work.now,
        "transaction_id": transaction.id,
    }


def _require_currency(record: PaymentRecord, paid: Money) -> None:
    """Refuse another currency: 500 of one are not 500 of another; the record has room for one."""
    if paid.asset != record.sale.price.asset:
        raise PaidInAnotherCurrency(record.id, str(record.sale.price.asset), paid)


async def _book(work: Work, record: PaymentRecord, received: Money | None) -> dict[str, Any]:
    """Post the money and the credits as one transaction, and the bonus as a gift of its own."""
    sale = record.sale
    paid = received or Money(0, sale.price.asset)
    _require_currency(record, paid)
    for asset in {paid.asset, sale.credits.asset}:
        # A wallet of an older time has no exchange account beside it.
        await ledger.open_operator_accounts(work, asset)
    transaction = _purchase(work, record, paid)
    booked = await wallets.deposit(work, transaction, sale.wallet, sale.credits)
    bonus = None
    if sale.bonus.amount:
        gift = ledger.flows.GRANT.draw(
            work,
            sale.bonus,
            reference=f"{record.reference}:{BONUS}",
            target=sale.wallet,
            memo=f"Bonus with {record.id}",
            terms=_terms(work, record, BONUS, BONUS_PRIORITY),
        )
        bonus = await wallets.deposit(work, gift, sale.wallet, sale.bonus)
    return {
        "received": paid.amount,
        "succeeded_at": work.now,
        "closed_at": work.now,
        "transaction_id": booked,
        "bonus_transaction_id": bonus,
    }


def _purchase(work: Work, record: PaymentRecord, paid: Money) -> ledger.Transaction:
    """Draw the sale: money for credits, each against its own exchange account."""
    sale, amounts = record.sale, Counter[tuple[str, Asset]]()

    def move(money: Money, account: str, sign: int) -> None:
        amounts[account, money.asset] += sign * money.amount

    def operator(role: ledger.AccountRole, asset: Asset) -> str:
        return ledger.operator_account(work.project_id, role, asset)

    move(paid, operator(ledger.AccountRole.CLEARING, paid.asset), 1)
    move(paid, operator(ledger.AccountRole.EXCHANGE, paid.asset), -1)
    move(sale.credits, operator(ledger.AccountRole.EXCHANGE, sale.credits.asset), 1)
    move(sale.credits, ledger.wallet_account(sale.wallet), -1)
    return ledger.Transaction(
        project_id=work.project_id,
        id=work.ids.new("txn"),
        kind=KIND,
        reference=record.reference,
        entries=tuple(
            ledger.Entry(account, Money(amount, asset))
            for (account, asset), amount in amounts.items()
            if amount
        ),
        memo=f"Payment {record.id}",
        invocation_id=record.invocation_id,
        terms=_terms(work, record, KIND, ledger.PRIORITY),
    )


def _terms(work: Work, record: PaymentRecord, source: str, priority: int) -> ledger.Terms:
    days = record.sale.expires_after_days
    expires_at = work.now + timedelta(days=days) if days else ledger.NEVER
    return ledger.Terms(source, priority, expires_at)
