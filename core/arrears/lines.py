"""Lines of invoices: what was used in a period, less what of it was billed before.

Of each part and item all lines together come to what its usage comes to. So what is late is the
difference, whenever somebody looks; and what cannot be taken back on one invoice is on the next.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from core import invoicing
from core.arrears import keeping
from core.arrears.keeping import Sum
from core.arrears.model import Json, Kind, Usage
from core.arrears.rating import Known, Rating, rate
from core.db.work import Work
from core.invoicing import Invoice, Line, LineKind
from core.kernel.money import Money
from core.kernel.period import Period
from core.pricing import text

TEXT_MAX = 40
NAME_MAX = 200
_KINDS = {
    Kind.USAGE: LineKind.USAGE,
    Kind.PROGRESS: LineKind.PROGRESSIVE,
    Kind.TAKEN: LineKind.PROGRESSIVE,
    Kind.ADJUSTMENT: LineKind.ADJUSTMENT,
}
NOTHING = Sum(0, "0", 0)


async def usage_lines(work: Work, usage: Usage, known: Known | None = None) -> list[Line]:
    """Return what is billed of a period that is over, and what is late of those before it."""
    lines = await _of_period(work, usage, known)
    for late in await keeping.billed_periods(work, usage.subscription_id):
        lines += await adjustments(work, late, known)
    return lines


async def _of_period(work: Work, usage: Usage, known: Known | None) -> list[Line]:
    end_at = usage.end_at or work.now
    ratings = await rate(work, usage, end_at, is_over=True, known=known)
    billed = await keeping.sums(work, usage)
    lines = [_line(each, Kind.USAGE, NOTHING, usage) for each in ratings]
    for each in ratings:
        before = billed.get(each.key)
        if before is not None and before.amount:
            lines.append(_taken(each, before, usage))
    return lines


async def adjustments(work: Work, usage: Usage, known: Known | None = None) -> list[Line]:
    """Return what came, or was taken back, since a period was billed: a line for each meter."""
    ratings = await rate(work, usage, usage.end_at or work.now, is_over=True, known=known)
    billed = await keeping.sums(work, usage)
    return [
        _line(each, Kind.ADJUSTMENT, before, usage)
        for each in ratings
        if each.amount != (before := billed.get(each.key, NOTHING)).amount
    ]


async def progress_lines(
    work: Work, usage: Usage, at: datetime, known: Known | None = None
) -> tuple[list[Line], int, int]:
    """Return what was used so far and is not billed, how much was used, and how much is billed."""
    ratings = await rate(work, usage, at, is_over=False, known=known)
    billed = await keeping.sums(work, usage)
    lines = [
        _line(each, Kind.PROGRESS, before, usage)
        for each in ratings
        if each.amount > (before := billed.get(each.key, NOTHING)).amount
    ]
    used = sum(each.amount for each in ratings)
    return lines, used, sum(each.amount for each in billed.values())


def _line(rating: Rating, kind: Kind, before: Sum, usage: Usage) -> Line:
    asset, amount = usage.asset, rating.amount - before.amount
    told: Json = rating.explanation | {
        "kind": str(kind),
        "quantity": text(rating.quantity),
        "before": Money(before.amount, asset).decimal,
        "left": Money(0, asset).decimal,
    }
    name, quantity = rating.item.name, rating.quantity
    if kind is not Kind.USAGE:
        told["quantity_before"] = before.quantity
        quantity -= Decimal(before.quantity)
    if kind is Kind.ADJUSTMENT:
        then, now = text(Decimal(before.quantity)), text(rating.quantity)
        name = f"{name}, adjusted: {then} then, {now} now"
    elif kind is Kind.PROGRESS:
        name = f"{name}, so far"
    return Line(
        id="",
        kind=_KINDS[kind],
        description=name[:NAME_MAX],
        amount=Money(amount, asset),
        quantity=_short(quantity),
        unit_amount=_short(rating.unit) if kind is Kind.USAGE else None,
        period=_lasting(rating.period),
        product_key=usage.product_key,
        explanation=told,
    )


def _taken(rating: Rating, before: Sum, usage: Usage) -> Line:
    """Take off what was billed of the period before it was over."""
    told: Json = {
        name: rating.explanation[name]
        for name in ("subscription_id", "plan", "version_id", "item", "meter", "start_at", "end_at")
    }
    nothing = Money(0, usage.asset).decimal
    told |= {"kind": str(Kind.TAKEN), "quantity": text(rating.quantity), "price": None}
    told |= {"quantity_before": before.quantity, "invoices": list(before.invoices)}
    told |= {"amount": nothing, "left": nothing}
    told["before"] = Money(before.amount, usage.asset).decimal
    return Line(
        id="",
        kind=_KINDS[Kind.TAKEN],
        description=f"{rating.item.name}, billed before"[:NAME_MAX],
        amount=Money(-before.amount, usage.asset),
        period=_lasting(rating.period),
        product_key=usage.product_key,
        explanation=told,
    )


def _short(number: Decimal | None) -> str | None:
    told = None if number is None else text(number)
    return told if told is not None and len(told) <= TEXT_MAX else None


def _lasting(period: Period) -> Period | None:
    return period if period.start_at < period.end_at else None


def is_ours(line: Line) -> bool:
    """Tell whether a line was drawn up here."""
    return line.explanation.get("kind") in set(Kind) and "subscription_id" in line.explanation


# -- Never below zero ------------------------------------------------------------------------------


async def held_at_zero(work: Work, invoice: Invoice) -> list[Line]:
    """Return a draft's lines so that it is not below zero: what is left is for the next invoice."""
    lines = [replace(each, id=each.id or work.ids.new("lin")) for each in invoice.lines]
    while (total := (await invoicing.totals_of(work, replace(invoice, lines=lines))).total) < 0:
        below = [n for n, each in enumerate(lines) if each.amount.amount < 0 and is_ours(each)]
        if not below:
            break
        n = below[-1]
        less = min(-lines[n].amount.amount, -total)
        cut = _cut(lines[n], less)
        lines[n : n + 1] = [cut] if cut.amount.amount else []
    return lines


def _cut(line: Line, less: int) -> Line:
    asset = line.amount.asset
    told: Mapping[str, object] = line.explanation
    left = Money.of(str(told["left"]), asset).amount + less
    return replace(
        line,
        amount=Money(line.amount.amount + less, asset),
        explanation={**told, "left": Money(left, asset).decimal},
    )
