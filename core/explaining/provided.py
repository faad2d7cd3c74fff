"""Explain what a provider billed by itself: money that came for it, and what was earned of it."""

from typing import Any

from sqlalchemy import select

from core.db.work import Work
from core.explaining.booked import Booked
from core.explaining.earned import Followed, owing
from core.explaining.explained import Explained, moved, told
from core.kernel.ids import is_id
from core.kernel.money import Asset, Money
from core.kernel.period import Period
from core.ledger import AccountRole
from core.stepping import tables

IN_PARTS = "only the sum of what went back and was earned is kept, and this part cannot be told"


async def explain_provided(work: Work, booked: Booked, cause: str) -> Explained:
    """Compare with what the provider billed and was paid; name the parts that cannot be told."""
    invoice_id = cause.partition(":")[0]
    i = tables.invoices.c
    query = select(tables.invoices).where(i.project_id == work.project_id, i.id == invoice_id)
    row = (await work.execute(query)).first() if is_id("pvi", invoice_id) else None
    about = Explained(
        origin="provider_invoice", origin_id=invoice_id, summary=f"Provider's {invoice_id}"
    )
    if row is None:
        return about.but("there is no such invoice of the provider")
    asset = Asset.parse(row.asset)
    total, is_first = Money(row.total, asset), booked.kind == "provider_invoice"
    what = {"provider_invoice": "came", "provider_earned": "was earned"}.get(booked.kind)
    return Explained(
        origin="provider_invoice",
        origin_id=invoice_id,
        summary=f"What {what or 'went back'} of {row.number or row.provider_id} over {total}",
        facts=told(
            [
                ("number", row.number),
                ("provider_invoice", row.provider_id),
                ("state", row.state),
                ("tax", Money(row.tax, asset).decimal),
                ("total", total.decimal),
                ("received", Money(row.received, asset).decimal),
                ("returned", Money(row.returned, asset).decimal),
                ("asset", row.asset),
            ]
        ),
        expected=await _came(work, row, asset) if is_first else None,
        differences=() if is_first else (IN_PARTS,),
    ).but(
        *(("it names another transaction",) if is_first and row.transaction_id != booked.id else ())
    )


async def _came(work: Work, row: Any, asset: Asset) -> dict[str, int]:
    e = tables.earnings.c
    query = select(tables.earnings).where(e.project_id == work.project_id, e.invoice_id == row.id)
    lines = {str(each.line): each for each in await work.execute(query)}
    followed = Followed(
        {name: Period(n.start_at, n.end_at) if n.start_at else None for name, n in lines.items()}
    )
    begun = followed.change({name: n.billed for name, n in lines.items()}, row.booked_at)
    paid = [(AccountRole.EXCHANGE, row.received), (AccountRole.BANK, row.elsewhere)]
    return moved(
        row.project_id,
        *owing(begun, row.tax, asset),
        *((role, Money(amount, asset)) for role, amount in paid),
        (AccountRole.RECEIVABLE, Money(-row.received - row.elsewhere, asset)),
    )
