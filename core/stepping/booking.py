"""Book what the provider billed and was paid: once for each invoice, whoever tells of it first.

The provider issues the invoice, with its own number and its own taxes; here it is money that came,
revenue that is earned as its period passes, and taxes as the provider says. What is billed there
and not paid yet is no claim of ours, and is not booked.

| Books | Debits | Credits |
|---|---|---|
| provider_invoice | exchange, bank, receivable | revenue, deferred, tax |
| provider_invoice_back | revenue, deferred, tax | exchange |
| provider_earned | deferred | revenue |

Payments leave their money on the exchange account, from where it is taken. Receivable has what the
customer's balance at the provider paid, or gets: it is settled there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core import catalog, ledger, lifecycles, payments, settling, shelving, subscriptions
from core.catalog import PlanVersion
from core.db.work import Work
from core.kernel.ids import derived, renamed
from core.kernel.money import Asset, Money
from core.ledger import AccountRole
from core.lifecycles import Bill, BillLine
from core.stepping import earning, keeping, model
from core.stepping.provided import ProviderInvoice, ProviderSettlement

KIND, BACK = "provider_invoice", "provider_invoice_back"


@dataclass(frozen=True, slots=True)
class Came:
    """A payment of an invoice, with what it did to our balance, once that is known."""

    settlement: ProviderSettlement
    payment: payments.Payment
    moved: payments.ProcessorTransaction | None


async def book(
    work: Work, subscription_id: str, row: Any, invoice: ProviderInvoice, came: Iterable[Came]
) -> None:
    """Book a paid invoice of the unit's project, whose row is held, and grant what it brings."""
    asset = invoice.total.asset
    await ledger.open_invoiced_accounts(work, asset)
    received = sum([await _take(work, row, each) for each in came])
    elsewhere = sum(
        each.amount.amount
        for each in invoice.settlements
        if each.is_paid and each.payment_id is None
    )
    moved = await earning.begin(work, row.id, invoice)
    moves = [
        (AccountRole.EXCHANGE, received),
        (AccountRole.BANK, elsewhere),
        (AccountRole.RECEIVABLE, invoice.total.amount - received - elsewhere),
        (AccountRole.REVENUE, -moved.revenue),
        (AccountRole.DEFERRED, -moved.deferred),
        (AccountRole.TAX, -invoice.tax.amount),
    ]
    reference = f"{KIND}:{row.id}"
    transaction_id = await post(work, KIND, reference, asset, moves)
    bill_id = derived("bil", work.project_id, invoice.id)
    bill = await _bill(work, subscription_id, invoice)
    await subscriptions.paid_there(work, subscription_id, bill, bill_id)
    await keeping.change_invoice(
        work,
        invoice.id,
        project_id=work.project_id,
        subscription_id=subscription_id,
        received=received,
        elsewhere=elsewhere,
        bill_id=bill_id,
        transaction_id=transaction_id,
        booked_at=work.now,
    )
    work.record("booked", row.id)


async def _take(work: Work, row: Any, came: Came) -> int:
    """Write down a payment as one of ours, so that its fee, refunds and disputes are followed."""
    payment = came.payment
    record = await payments.find_external(work, payment.id)
    if record is None:
        source_id = derived("pvi", work.project_id, payment.id)
        sale = payments.Sale.of_invoice(renamed(row.id, "invc"), source_id, came.settlement.amount)
        expected = await payments.expect(work, sale)
        record = await payments.fulfil(work, expected.id, payments.Told.of_payment(payment))
    await keeping.note_payment(work, row.id, record.id)
    if came.moved is not None:
        cause = settling.Cause(payment_id=record.id, paid=record.received)
        await settling.book_movement(work, came.moved, cause)
    return record.received.amount


async def post(
    work: Work, kind: str, reference: str, asset: Asset, moves: Iterable[tuple[AccountRole, int]]
) -> str | None:
    """Post what is moved between operator accounts; debits are positive. None where nothing is."""
    entries = tuple(
        ledger.Entry(ledger.operator_account(work.project_id, role, asset), Money(amount, asset))
        for role, amount in moves
        if amount
    )
    if not entries:
        return None
    transaction = ledger.Transaction(
        project_id=work.project_id,
        id=work.ids.new("txn"),
        kind=kind,
        reference=reference,
        entries=entries,
        memo=kind.replace("_", " ").capitalize(),
        invocation_id=work.invocation_id,
        terms=ledger.Terms(kind),
    )
    await ledger.post(work, transaction)
    return transaction.id


# -- What it brings -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shelved:
    """What the prices of an invoice are here."""

    versions: Mapping[str, PlanVersion]
    names: Mapping[str, str]

    def name(self, price_id: str | None) -> str:
        return self.names.get(price_id or "", "provider")


async def _shelved(work: Work, invoice: ProviderInvoice) -> Shelved:
    versions, names = {}, {}
    for price_id in {each.price_id for each in invoice.lines if each.price_id}:
        found = await shelving.price_called(work, price_id)
        if found is not None:
            versions[price_id] = await catalog.version_by_id(work, found.version_id)
            names[price_id] = found.item_key
    return Shelved(versions, names)


async def _bill(work: Work, subscription_id: str, invoice: ProviderInvoice) -> Bill:
    """Say in our words what was billed, with the credits that the period brings."""
    known = await _shelved(work, invoice)
    of = await subscriptions.find(work, subscription_id)
    lines: list[BillLine] = model.bill_lines(invoice, known.name)
    bill = model.bill_of(invoice.id, invoice.total.asset, lines)
    plan_of = known.versions.get
    version, period = model.begun_version(invoice, plan_of), model.period_of(invoice)
    if version is not None and version.included is not None and period is not None:
        until = lifecycles.credits_until(version, period)
        if of.trial_ends_at == period.end_at:
            # A trial's credits end with it, whatever rolls over of a period that was paid for.
            until = period.end_at
        return replace(bill, credits=version.included.amount, credits_until=until)
    more = model.more_credits(invoice, plan_of, of.period)
    if more is None:
        return bill
    amount, newer = more
    return replace(bill, credits=amount, credits_until=lifecycles.credits_until(newer, of.period))
