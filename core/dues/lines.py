"""How the lines of a bill read as lines of an invoice. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import invoicing
from core.invoicing import LineKind
from core.kernel.money import Asset, Money
from core.kernel.period import Period
from core.lifecycles import Bill, BillLine, Subscription
from core.lifecycles import LineKind as Billed

KINDS = {
    Billed.RECURRING: LineKind.RECURRING,
    Billed.ONE_TIME: LineKind.ONE_TIME,
    Billed.TRIAL: LineKind.RECURRING,
    Billed.USAGE: LineKind.USAGE,
    Billed.CREDIT: LineKind.PRORATION_CREDIT,
    Billed.CHARGE: LineKind.PRORATION_CHARGE,
    Billed.KEPT: LineKind.ADJUSTMENT,
}
AT_ONCE = {Billed.ONE_TIME, Billed.USAGE, Billed.KEPT}
"""Earned on the day it is issued: nothing of it is still to come."""
OF_THE_REST = {Billed.CREDIT, Billed.CHARGE}
"""For what is left of a period, from the change on."""
DESCRIPTION_MAX = 200
_DIGITS_MAX = 12


def reference_of(bill_id: str) -> str:
    """Name the one thing that an invoice of this bill bills."""
    return f"subscription:{bill_id}"


def invoice_lines(of: Subscription, bill: Bill, bill_id: str) -> list[invoicing.Line]:
    """Return what an invoice of the bill says: the same amounts, before the same discounts."""
    return [_line(of, each, bill_id) for each in bill.lines]


def _line(of: Subscription, line: BillLine, bill_id: str) -> invoicing.Line:
    return invoicing.Line(
        id="",
        kind=KINDS[line.kind],
        description=line.name[:DESCRIPTION_MAX],
        amount=line.amount,
        quantity=line.quantity,
        unit_amount=unit_amount(line.amount, line.quantity),
        period=_period(of, line),
        product_key=of.product_key,
        explanation=_explanation(of, line, bill_id),
    )


def _period(of: Subscription, line: BillLine) -> Period | None:
    if line.kind in AT_ONCE:
        return None
    start_at, end_at = line.period.start_at, line.period.end_at
    if line.kind in OF_THE_REST:
        start_at = max(start_at, min(of.updated_at, end_at))
    return Period(start_at, end_at) if start_at < end_at else None


def _explanation(of: Subscription, line: BillLine, bill_id: str) -> dict[str, Any]:
    choice = of.choice
    return {
        "bill_id": bill_id,
        "item_key": line.item_key,
        "plan_key": choice.plan_key,
        "plan_version": choice.plan_version,
        "price_book": choice.book_key,
        "how": list(line.explained),
    }


def unit_amount(amount: Money, quantity: str) -> str | None:
    """Say what one costs, where that is an amount that can be written down."""
    count, whole = Decimal(quantity), Decimal(amount.decimal)
    if not count:
        return None
    one = (whole / count).normalize()
    exponent = one.as_tuple().exponent
    assert isinstance(exponent, int), "an amount is a number"
    return f"{one:f}" if -exponent <= _DIGITS_MAX and one * count == whole else None


def lines_later(
    of: Subscription, written: Sequence[Mapping[str, Any]], asset: Asset, bill_id: str
) -> list[invoicing.Line]:
    """Return the lines of a bill that was kept before it could be invoiced.

    Its discounts were used up by the bill: here they are off each line already.
    """
    bill_lines = [_read(each, asset) for each in written]
    return [_line(of, each, bill_id) for each in bill_lines]


def _read(written: Mapping[str, Any], asset: Asset) -> BillLine:
    told = ("start_at", "end_at")
    return BillLine(
        kind=Billed(written["kind"]),
        item_key=written["item_key"],
        name=written["name"],
        period=Period(*(datetime.fromisoformat(written[each]) for each in told)),
        quantity=written["quantity"],
        amount=Money.of(written["total"], asset),
        explained=tuple(written["explained"]),
    )
