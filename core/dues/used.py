"""Bills of usage: noted once its invoice was issued, so that they are paid and missed as any other.

Their invoices are drawn up by [arrears](../arrears/README.md), which knows nothing of bills.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core import invoicing, messaging
from core.db.work import Work
from core.dues import billing
from core.invoicing import Invoice
from core.kernel.money import Asset, Money

USAGE = "usage"


async def bill_usage(work: Work, invoice_id: str) -> billing.Billed | None:
    """Return the bill of an invoice of usage, noted now unless it was; None of any other."""
    invoice = await invoicing.find(work, invoice_id)
    kind, _, rest = invoice.reference.partition(":")
    if kind != USAGE or invoice.number is None:
        return None
    subscription_id, _, rest = rest.partition(":")
    start_at, _, which = rest.rpartition(":")
    row = await _row(work, invoice)
    row |= {
        "subscription_id": subscription_id,
        "period_start_at": datetime.fromisoformat(start_at),
        "reason": f"{USAGE}:{which}",
    }
    if await work.together(billing.KEEP, row):
        billed = billing.billed_of(row)
        await messaging.publish(work, billing.BILLED, subscription_id, billing.facts_of(billed))
    return await billing.bill_of(work, invoice_id)


async def _row(work: Work, invoice: Invoice) -> dict[str, Any]:
    issued = await invoicing.document_lines(work, invoice.id)
    lines = [_line(each, invoice.asset) for each in issued]
    ends = [each.end_at for each in issued if each.end_at]
    return {
        "project_id": work.project_id,
        "id": work.ids.new("bil"),
        "period_end_at": max(ends, default=invoice.created_at),
        "asset": str(invoice.asset),
        "total": sum(each.amount - each.discount for each in issued),
        "lines": lines,
        "credits": None,
        "credits_asset": None,
        "credits_until": None,
        "invoice_id": invoice.id,
        "without_invoice": None,
        "created_at": work.now,
        "failed_at": None,
        "paid_at": None,
        "written_off_at": None,
    }


def _line(row: Any, asset: Asset) -> Mapping[str, Any]:
    told = row.explanation
    amount, off = Money(row.amount, asset), Money(row.discount, asset)
    start_at, end_at = told.get("start_at"), told.get("end_at")
    return {
        "kind": USAGE,
        "item_key": told.get("item", row.kind),
        "name": row.description,
        "start_at": start_at,
        "end_at": end_at,
        "quantity": row.quantity or "1",
        "amount": amount.decimal,
        "off": off.decimal,
        "total": Money(row.amount - row.discount, asset).decimal,
        "explained": [*told.get("explained", ())],
    }
