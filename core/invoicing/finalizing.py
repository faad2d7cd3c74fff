"""Issue an invoice: work out what it comes to, book it, give it its number, let wallets pay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core import coupons, ledger, parties, taxing, wallets
from core.bills import (
    Figures,
    Invoice,
    InvoiceBelowZero,
    InvoiceCurrencyDiffers,
    InvoiceEmpty,
    Step,
    Totals,
    paid_from,
    stepped,
    total,
)
from core.db.work import Work
from core.invoicing import booking, changing, events, finding, settling
from core.invoicing.changing import Bill, keep
from core.invoicing.issuing import Parties, issue_invoice
from core.kernel.money import Money
from core.operations.given import given


@dataclass(frozen=True, slots=True)
class Taxes:
    """The installation's choice of who knows taxes; fixed rates of the legal entity without one."""

    calculator: taxing.TaxCalculator


async def totals_of(work: Work, invoice: Invoice) -> Totals:
    """Work out what a draft would come to if it were issued now."""
    return _totals(work, invoice, await _parties(work, invoice))


async def finalize(
    work: Work, invoice_id: str, *, version: int | None = None, wallet_ids: Sequence[str] = ()
) -> Invoice:
    """Issue a draft. From now on it says what it says, and has its number.

    The wallets pay what they can, in this order; they must hold the invoice's currency. One that
    comes to nothing, or that wallets pay, is paid at once. Raises InvoiceNotInState, InvoiceEmpty,
    InvoiceBelowZero, InvoiceCurrencyDiffers, wallets.WalletNotFound, and coupons.DiscountNotActive
    for a discount that is used up or was removed since.
    """
    before = await finding.find(work, invoice_id, lock=True, version=version)
    issued = await keep(work, before, await _issue(work, before, wallet_ids), events.FINALIZED)
    return await settling.paid_if_settled(work, issued)


async def issue(
    work: Work, bill: Bill, *, invoice_id: str | None = None, wallet_ids: Sequence[str] = ()
) -> Invoice:
    """Draw up an invoice and issue it at once, as `draft` and `finalize` would.

    It was never a draft to anybody, and `invoice.created` is not told. Many of them, of many
    projects, are issued in one unit in as few statements as one: see `core.db.together`. Its
    reference must be new. Raises what `draft` and `finalize` raise.
    """
    drawn = changing.drawn(work, bill, invoice_id or work.ids.new("invc"))
    issued = replace(await _issue(work, drawn, wallet_ids), version=drawn.version + 1)
    is_paid = not issued.figures.due
    last = replace(settling.paid(work, issued), version=issued.version + 1) if is_paid else issued
    await changing.write(work, last)
    work.record("created", issued.id)
    await events.tell(work, events.FINALIZED, issued)
    if is_paid:
        await events.tell(work, events.PAID, last)
    return last


async def _issue(work: Work, before: Invoice, wallet_ids: Sequence[str]) -> Invoice:
    """Book a draft and write down what it says for good; return it as it is now."""
    state = stepped(before.id, before.state, Step.FINALIZE)
    if not before.lines:
        raise InvoiceEmpty(before.id)
    sides = await _parties(work, before)
    totals = _totals(work, before, sides)
    if totals.total < 0:
        owed = Money(totals.total, before.asset)
        raise InvoiceBelowZero(before.id, owed.decimal, str(before.asset))
    for each in before.discounts:
        if off := totals.off_by(each.id):
            money = Money(off, before.asset)
            await coupons.consume(work, each.id, period=before.id, amount=money)
    payers = await _payers(work, before, totals.total, wallet_ids)
    transaction_id, applied = await _book(work, before, totals, payers)
    number = await issue_invoice(work, before, totals, sides, transaction_id)
    return replace(
        before,
        state=state,
        number=number,
        figures=Figures(total=totals.total, applied=applied),
        finalized_at=work.now,
        due_at=work.now + sides.entity.time_to_pay,
    )


async def _parties(work: Work, invoice: Invoice) -> Parties:
    return Parties(await parties.entity(work, invoice.entity_key), await parties.details(work))


def _totals(work: Work, invoice: Invoice, sides: Parties) -> Totals:
    entity, chosen = sides.entity, given(Taxes)
    calculator = chosen.calculator if chosen else taxing.FixedRates(entity.rules)
    sale = taxing.Sale(
        seller=entity.seller,
        buyer=sides.buyer.buyer,
        on=work.now.astimezone(entity.clock).date(),
        categories=sorted({each.tax_category for each in invoice.lines}, key=str),
    )
    decided = calculator.decide(sale)
    return total(
        invoice.asset, invoice.lines, invoice.discounts, taxes=decided, policy=entity.policy
    )


async def _payers(
    work: Work, invoice: Invoice, due: int, wallet_ids: Sequence[str]
) -> list[tuple[str, int]]:
    """Say what each wallet pays, by what it holds at this instant."""
    held: list[tuple[str, int]] = []
    for n, wallet_id in enumerate(dict.fromkeys(wallet_ids)):
        wallet = await wallets.find_spendable(work, wallet_id)
        if wallet.asset != invoice.asset:
            field = f"wallet_ids.{n}"
            raise InvoiceCurrencyDiffers(field, str(wallet.asset), str(invoice.asset))
        balance = (await wallets.balances(work, [wallet_id]))[wallet_id]
        held.append((wallet_id, balance.available.amount))
    return paid_from(due, held)


async def _book(
    work: Work, invoice: Invoice, totals: Totals, payers: Sequence[tuple[str, int]]
) -> tuple[str | None, int]:
    """Post what is owed together with what wallets pay of it; return the former, and how much.

    In one batch, so that all accounts are locked in the one order. A wallet that was emptied since
    it was looked at pays nothing: what is due is due.
    """
    asset = invoice.asset
    await ledger.open_invoiced_accounts(work, asset)
    moved = await booking.begin_earning(work, invoice, totals)
    owed = booking.drawn(
        work,
        booking.INVOICE,
        f"invoice:{invoice.id}",
        asset,
        moves=booking.owed(work, asset, moved, totals.tax),
        memo=f"Invoice {invoice.id}",
    )
    if owed is None:
        return None, 0
    if not payers:
        outcome = await ledger.propose(work, owed)
        assert isinstance(outcome, ledger.Accepted), "an invoice is issued once"
        return owed.id, 0
    paying = [settling.from_wallet(work, invoice, *each) for each in payers]
    outcomes = await ledger.post_each(work, [owed, *paying])
    assert isinstance(outcomes[0], ledger.Accepted), "an invoice is issued once"
    applied = 0
    for (wallet_id, amount), outcome in zip(payers, outcomes[1:], strict=True):
        if isinstance(outcome, ledger.Accepted):
            applied += amount
            made = settling.Settled(
                reference=f"wallet:{wallet_id}",
                kind=settling.APPLIED,
                amount=amount,
                transaction_id=outcome.transaction.id,
                wallet_id=wallet_id,
            )
            await settling.write(work, invoice, made)
    return owed.id, applied
